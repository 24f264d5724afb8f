"""nDCG@10 of scored items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Tops = npt.NDArray[np.int64]

DEPTH = 10
DISCOUNTS = 1 / np.log2(np.arange(2, DEPTH + 2))


def top_of(scores: npt.NDArray[np.float32], seen: Sequence[npt.NDArray[np.int64]]) -> Tops:
    """The best items of each row of `scores` (people, items), skipping those seen, best first: (people, DEPTH), or
    fewer columns if there are fewer items. Scores of seen items are overwritten."""
    for row, own in zip(scores, seen, strict=True):
        row[own] = -np.inf
    depth = min(DEPTH, scores.shape[1])
    top = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)


def ndcg_of(
    scores: npt.NDArray[np.float32], seen: Sequence[npt.NDArray[np.int64]], held_out: Sequence[frozenset[int]]
) -> Floats:
    """nDCG@10 of each row of `scores` (people, items), (people,). Seen items are skipped, their scores overwritten."""
    return ndcg_of_top(top_of(scores, seen), held_out)


def ndcg_of_top(top: Tops, held_out: Sequence[frozenset[int]]) -> Floats:
    """nDCG@10 of each person's items (people, DEPTH), best first: (people,)."""
    ideal = np.array([DISCOUNTS[: min(DEPTH, len(held))].sum() for held in held_out])
    return np.asarray(hits_of(top, held_out) @ DISCOUNTS[: top.shape[1]] / ideal)


def hits_of(top: Tops, held_out: Sequence[frozenset[int]]) -> npt.NDArray[np.bool_]:
    """Which of each person's items are held out, (people, DEPTH)."""
    return np.array([[item in held for item in own] for own, held in zip(top.tolist(), held_out, strict=True)])
