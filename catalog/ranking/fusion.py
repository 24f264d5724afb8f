"""One score from two: how well the words match and how close the meaning is.

Both parts are absolute. BM25 is divided by the most that any item could reach for the query, and cosine is stretched so
that an encoder's relevance cut-off always lies at the same level. A score thus means the same on every page, under
every filter and for every query, unlike a score normalised over the results at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: The level of the cut-off on the scale of meaning, for any encoder. For all-MiniLM-L6-v2 it is about its cosine.
CUTOFF_LEVEL = 0.25
#: What a title made up of exactly the query's words adds on the scale of words.
TITLE_LEVEL = 0.2
#: The share of the remaining distance to the top that an item gains by holding all words of a short query: BM25 alone
#: puts it little above one that holds some of them often, and meaning, which knows few names, would mix both.
WHOLE_SHARE = 0.25
#: The same for an item with the query's neighbouring words side by side, as in names.
NEIGHBOURS_SHARE = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """Scores between 0 and 1, and the two parts that add up to each."""

    scores: Floats
    keyword_parts: Floats
    semantic_parts: Floats


def semantic_level(cosines: Floats, *, cutoff: float) -> Floats:
    """Map cosines to a scale of 0 to 1, by two straight lines that meet where `cutoff` is at CUTOFF_LEVEL.

    NaN, for a missing vector, becomes 0, and so does a negative cosine.
    """
    levels = np.interp(np.nan_to_num(cosines, nan=0.0), [0.0, max(cutoff, 1e-6), 1.0], [0.0, CUTOFF_LEVEL, 1.0])
    return np.asarray(levels, dtype=np.float64)


def keyword_level(
    scores: Floats, *, bound: float, title_overlaps: Floats, whole: npt.NDArray[np.bool_], neighbour_shares: Floats
) -> Floats:
    """Map BM25 scores to a scale of 0 to 1: the share of `bound`, which no item can exceed, plus the additions.

    `title_overlaps` are Jaccard indexes of the words of query and title; `whole` says which items hold all the words of
    a short query, and `neighbour_shares` how much of its neighbouring words they have side by side.
    """
    shares = scores / bound if bound else np.zeros_like(scores)
    levels = np.clip(shares + TITLE_LEVEL * title_overlaps, 0.0, 1.0)
    return levels + (WHOLE_SHARE * whole + NEIGHBOURS_SHARE * neighbour_shares) * (1 - levels)


def fuse(*, keyword_levels: Floats, semantic_levels: Floats, ratio: float) -> Fused:
    """Mix both scales; `ratio` 0 uses words alone and 1 meaning alone."""
    keyword_parts = (1 - ratio) * keyword_levels
    semantic_parts = ratio * semantic_levels
    return Fused(scores=keyword_parts + semantic_parts, keyword_parts=keyword_parts, semantic_parts=semantic_parts)


def ranked(scores: Floats, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Positions from the best score to the worst; ties are ordered by id."""
    return np.lexsort((ids, -scores))
