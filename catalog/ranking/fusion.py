"""One score from two: how well the words match and how close the meaning is.

Both parts are absolute. BM25 is divided by the most that any item could reach for the query, and cosine is stretched
so that an encoder's relevance cut-off always lies at the same place. A score so means the same on every page, under
every filter and for every query, which a score normalised over the results at hand would not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Where the cut-off lies on the scale of meaning, whatever the encoder. For all-MiniLM-L6-v2 that is about its cosine.
CUTOFF_LEVEL = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """Scores between 0 and 1, and the two parts each is the sum of."""

    scores: Floats
    keyword_parts: Floats
    semantic_parts: Floats


def semantic_level(cosines: Floats, *, cutoff: float) -> Floats:
    """Put cosines on a scale of 0 to 1 that has `cutoff` at CUTOFF_LEVEL; NaN, a missing vector, becomes 0."""
    levels = 1 - (1 - cosines) * (1 - CUTOFF_LEVEL) / (1 - cutoff)
    return np.clip(np.nan_to_num(levels, nan=0.0), 0.0, 1.0)


def fuse(*, keyword_scores: Floats, keyword_bound: float, cosines: Floats, cutoff: float, ratio: float) -> Fused:
    """Mix BM25 scores and cosines; `ratio` 0 counts words alone and 1 meaning alone.

    `keyword_bound` is the BM25 score that no item can exceed for this query.
    """
    levels = np.clip(keyword_scores / keyword_bound, 0.0, 1.0) if keyword_bound else np.zeros_like(keyword_scores)
    keyword_parts = (1 - ratio) * levels
    semantic_parts = ratio * semantic_level(cosines, cutoff=cutoff)
    return Fused(scores=keyword_parts + semantic_parts, keyword_parts=keyword_parts, semantic_parts=semantic_parts)


def ranked(scores: Floats, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Positions from the best score to the worst; equal scores stand in the order of their ids."""
    return np.lexsort((ids, -scores))
