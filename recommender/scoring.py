"""The score of a candidate and what it is made of: the arithmetic alone, without a database.

    score = ( TASTE * closeness to the interest + NEAREST * closeness to the closest past item ) / spread
            + log(1 + popularity / EVIDENCE)

Closeness is an inner product of centred vectors. `spread` is that of two random items of the same index, so the
weights mean the same whatever the encoder. They were chosen on held-out interactions of a public film collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recommender.interests import Interest, Vector

Floats = npt.NDArray[np.float64]

TASTE = 0.27
NEAREST = 0.27
#: A popularity of about this much, twenty clicks or five likes, begins to count.
EVIDENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """`totals` is of shape (n,), and so is `popular`, what popularity adds; `parts` is (n, sources), what each of
    the history's items adds, and `rest` (n,), what all others of it add together. `fresh` (n,) is what being new adds,
    where that counts."""

    totals: Floats
    popular: Floats
    parts: Floats
    rest: Floats
    sources: Sequence[int]
    fresh: Floats | None = None


def score_candidates(
    vectors: Floats,
    popularity: Floats,
    *,
    interest: Interest | None,
    source_vectors: Mapping[int, Vector],
    spread: float,
) -> Scores:
    """Score candidates. `vectors` is (n, dimensions), centred, with zeros for an item that has none."""
    popular = np.log1p(popularity / EVIDENCE)
    if interest is None:
        nothing = np.zeros(len(popular))
        return Scores(totals=popular, popular=popular, parts=nothing[:, None][:, :0], rest=nothing, sources=())
    sources = [item_id for item_id in interest.strongest() if item_id in source_vectors]
    weights = np.array([interest.sources[item_id] for item_id in sources])
    own = np.array([source_vectors[item_id] for item_id in sources], np.float64).reshape(-1, vectors.shape[1])
    taste = TASTE / spread * (vectors @ interest.vector)
    parts = TASTE / spread * (vectors @ own.T) * weights
    rest = taste - parts.sum(axis=1)
    parts = parts + NEAREST / spread * _closest(vectors, own, weights)
    return Scores(totals=popular + parts.sum(axis=1) + rest, popular=popular, parts=parts, rest=rest, sources=sources)


def normalised(vectors: Floats) -> Floats:
    """Rows of length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def _closest(vectors: Floats, own: Floats, weights: Floats) -> Floats:
    """The weighted cosine to the closest liked past item, in that item's column; zeros elsewhere. Shape (n, sources).

    Weights are taken relative to the largest; an item with none that is close enough to be positive gets zeros.
    """
    closest = np.zeros((len(vectors), len(own)))
    if not len(own) or weights.max() <= 0:
        return closest
    cosines = normalised(vectors) @ normalised(own).T * np.maximum(weights, 0.0) / weights.max()
    rows, columns = np.arange(len(vectors)), cosines.argmax(axis=1)
    closest[rows, columns] = np.maximum(cosines[rows, columns], 0.0)
    return closest
