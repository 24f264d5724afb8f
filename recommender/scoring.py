"""The score of a candidate and its components: arithmetic only, without a database.

    score = ( TASTE * closeness to the interest + NEAREST * closeness to the closest past item ) / spread
            + log(1 + popularity / EVIDENCE)

Closeness is an inner product of centred vectors. `spread` is its spread between random items of the same index, so the
weights mean the same for every encoder. They were chosen on held-out interactions of a public film collection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from recommender.interests import Interest, Vector

Floats = npt.NDArray[np.float64]
Real = TypeVar("Real", bound=np.floating[Any])

TASTE = 0.27
NEAREST = 0.27
#: A popularity of about this much, twenty clicks or five likes, starts to matter.
EVIDENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The scores of n candidates, and their components."""

    totals: Floats
    """Of shape (n,)."""
    popular: Floats
    """The contribution of popularity, of shape (n,)."""
    rest: Floats
    """The contribution of all of the history except `sources`, of shape (n,)."""
    sources: Sequence[int]
    """The ids of past items whose contributions are known individually."""
    in_favour: npt.NDArray[np.bool_]
    """Whether each source was liked, of shape (sources,): one that was not can raise a score too, of what is unlike it.
    """
    parts_of: Callable[[npt.NDArray[np.int64]], Floats]
    """The contribution of each source to the candidates at m positions, of shape (m, sources)."""
    fresh: Floats | None = None
    """The contribution of being new, of shape (n,), where that counts."""


def score_candidates(
    vectors: Floats,
    popularity: Floats,
    *,
    interest: Interest | None,
    source_vectors: Mapping[int, Vector],
    spread: float,
) -> Scores:
    """Score candidates. `vectors` is (n, dimensions), centred, with zeros for an item without a vector."""
    popular = np.log1p(popularity / EVIDENCE)
    if interest is None:
        nothing = np.zeros((len(popular), 0))
        return Scores(
            totals=popular,
            popular=popular,
            rest=np.zeros(len(popular)),
            sources=(),
            in_favour=np.zeros(0, bool),
            parts_of=lambda positions: nothing[positions],
        )
    sources = [item_id for item_id in interest.strongest() if item_id in source_vectors]
    weights = np.array([interest.sources[item_id] for item_id in sources])
    own = np.array([source_vectors[item_id] for item_id in sources], np.float64).reshape(-1, vectors.shape[1])
    taste = TASTE / spread * (vectors @ interest.vector)
    parts = TASTE / spread * (vectors @ own.T) * weights
    rest = taste - parts.sum(axis=1)
    parts = parts + NEAREST / spread * _closest(vectors, own, weights)
    return Scores(
        totals=popular + parts.sum(axis=1) + rest,
        popular=popular,
        rest=rest,
        sources=sources,
        in_favour=weights > 0,
        parts_of=lambda positions: parts[positions],
    )


def normalised(vectors: npt.NDArray[Real]) -> npt.NDArray[Real]:
    """Scale rows to length 1; rows of zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def _closest(vectors: Floats, own: Floats, weights: Floats) -> Floats:
    """The weighted cosine to the closest liked past item, in that item's column; zeros elsewhere. Shape (n, sources).

    Weights are relative to the largest; a candidate without a positive cosine gets zeros.
    """
    closest = np.zeros((len(vectors), len(own)))
    if not len(own) or weights.max() <= 0:
        return closest
    cosines = normalised(vectors) @ normalised(own).T * np.maximum(weights, 0.0) / weights.max()
    rows, columns = np.arange(len(vectors)), cosines.argmax(axis=1)
    closest[rows, columns] = np.maximum(cosines[rows, columns], 0.0)
    return closest
