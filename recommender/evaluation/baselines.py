"""The baselines that the serving recommender should beat, over the same histories: textbook methods in memory.

Each ranks the whole catalogue for each person, except what is in their history. The settings are those that did best
for each on the public film collection of docs/quality.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from recommender.space.ease import ease_scores
from recommender.space.histories import History
from recommender.space.tower_training import train_tower

Floats = npt.NDArray[np.float64]

Method = Callable[["Collection"], Floats]

NEIGHBOURS = 100
EASE_RIDGE = 150.0
IALS = {"factors": 64, "regularization": 10.0, "alpha": 1.0, "iterations": 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """`histories` has a row per person and a column per item, 1 where the item is in the person's history; `texts` are
    the items' raw vectors. `sequences` are the histories in time order."""

    histories: csr_matrix
    texts: npt.NDArray[np.float32]
    sequences: Sequence[History] = ()


def popularity(collection: Collection) -> Floats:
    counts = np.asarray(collection.histories.sum(axis=0)).ravel()
    return np.tile(counts, (collection.histories.shape[0], 1))


def item_knn(collection: Collection) -> Floats:
    """Cosine between item columns, keeping the nearest NEIGHBOURS of each (Sarwar et al., 2001)."""
    squares = np.asarray(collection.histories.power(2).sum(axis=0)).ravel()
    met = np.flatnonzero(squares)
    histories = collection.histories[:, met]
    columns = histories.multiply(1 / np.sqrt(squares[met])).tocsr()
    likeness = (columns.T @ columns).toarray()
    np.fill_diagonal(likeness, 0)
    if likeness.shape[1] > NEIGHBOURS:
        least = np.partition(likeness, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS, None]
        likeness[likeness < least] = 0
    scores = np.zeros(collection.histories.shape)
    scores[:, met] = histories @ likeness.T
    return scores


def ease(collection: Collection) -> Floats:
    """Full EASE, without truncation (Steck, 2019)."""
    return ease_scores(collection.histories, ridge=EASE_RIDGE)


def raw_content(collection: Collection) -> Floats:
    """Similarity to the mean of the history's raw vectors."""
    return np.asarray((collection.histories @ collection.texts) @ collection.texts.T, np.float64)


def tower(collection: Collection) -> Floats:
    """The taste space's sequence tower by itself, on text vectors with their mean subtracted."""
    learnt = train_tower(collection.sequences, np.asarray(collection.texts - collection.texts.mean(axis=0), np.float64))
    return learnt.people(collection.sequences) @ learnt.targets.T


def ials(collection: Collection) -> Floats:
    """Weighted matrix factorisation (Hu, Koren & Volinsky, 2008) with the library implicit. Raises ImportError."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # the library has threads of its own
        model = AlternatingLeastSquares(random_state=0, num_threads=1, **IALS)
        model.fit(csr_matrix(collection.histories, dtype=np.float32), show_progress=False)
    return np.asarray(model.user_factors @ model.item_factors.T, np.float64)


#: By method name; `ials` needs a package from the extra `dev`.
BASELINES: Mapping[str, Method] = {
    "popularity": popularity,
    "item-knn": item_knn,
    "ease": ease,
    "raw-content": raw_content,
    "ials": ials,
    "tower": tower,
}


def rank(scores: Floats, left_out: npt.NDArray[np.bool_], *, depth: int) -> list[list[int]]:
    """The highest-scoring columns of each row, best first, skipping those left out."""
    left = np.where(left_out, -np.inf, scores)
    order = np.argsort(-left, axis=1, kind="stable")[:, :depth]
    return [[item for item in own.tolist() if np.isfinite(row[item])] for own, row in zip(order, left, strict=True)]
