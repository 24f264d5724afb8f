"""The recommenders that a served one should beat, over the same histories: textbook methods in memory.

Each ranks the whole catalogue for each person, less what is in their history. Settings are those with which each did
best on the public film collection of docs/quality.md.
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
    """`histories` has a row for each person and a column for each item, 1 where they are in the history; `texts` is
    the items' vectors as they are. `sequences` are the histories in the order of time."""

    histories: csr_matrix
    texts: npt.NDArray[np.float32]
    sequences: Sequence[History] = ()


def popularity(collection: Collection) -> Floats:
    counts = np.asarray(collection.histories.sum(axis=0)).ravel()
    return np.tile(counts, (collection.histories.shape[0], 1))


def item_knn(collection: Collection) -> Floats:
    """Cosine between items' columns, the nearest NEIGHBOURS of each (Sarwar et al., 2001)."""
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
    """All of EASE, uncut (Steck, 2019)."""
    return ease_scores(collection.histories, ridge=EASE_RIDGE)


def raw_content(collection: Collection) -> Floats:
    """Closeness to the mean of the history's vectors as they are."""
    return np.asarray((collection.histories @ collection.texts) @ collection.texts.T, np.float64)


def tower(collection: Collection) -> Floats:
    """The sequence tower of the taste space by itself, on texts less what all of them share."""
    learnt = train_tower(collection.sequences, np.asarray(collection.texts - collection.texts.mean(axis=0), np.float64))
    return learnt.people(collection.sequences) @ learnt.targets.T


def ials(collection: Collection) -> Floats:
    """Weighted matrix factorisation (Hu, Koren & Volinsky, 2008) by the library implicit. Raises ImportError."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # the library has threads of its own
        model = AlternatingLeastSquares(random_state=0, num_threads=1, **IALS)
        model.fit(csr_matrix(collection.histories, dtype=np.float32), show_progress=False)
    return np.asarray(model.user_factors @ model.item_factors.T, np.float64)


#: By method; `ials` needs a package of the extra `dev`.
BASELINES: Mapping[str, Method] = {
    "popularity": popularity,
    "item-knn": item_knn,
    "ease": ease,
    "raw-content": raw_content,
    "ials": ials,
    "tower": tower,
}


def rank(scores: Floats, left_out: npt.NDArray[np.bool_], *, depth: int) -> list[list[int]]:
    """The best columns of each row, the best first, without those left out."""
    left = np.where(left_out, -np.inf, scores)
    order = np.argsort(-left, axis=1, kind="stable")[:, :depth]
    return [[item for item in own.tolist() if np.isfinite(row[item])] for own, row in zip(order, left, strict=True)]
