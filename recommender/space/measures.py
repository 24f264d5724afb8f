"""How good scores are, and whether one is better than another for certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Tops = npt.NDArray[np.int64]

DEPTH = 10
DISCOUNTS = 1 / np.log2(np.arange(2, DEPTH + 2))
RESAMPLES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The mean difference of two paired samples, and where it lies with 95% confidence."""

    mean: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return {"mean": round(self.mean, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def gain_of(candidate: Floats, serving: Floats) -> Gain:
    """A paired bootstrap over people, with a fixed seed (Sakai, 2006)."""
    differences = candidate - serving
    if not len(differences):
        return Gain(mean=0.0, low=0.0, high=0.0)
    chosen = np.random.default_rng(0).integers(0, len(differences), (RESAMPLES, len(differences)))
    low, high = np.quantile(differences[chosen].mean(axis=1), [0.025, 0.975])
    return Gain(mean=float(differences.mean()), low=float(low), high=float(high))


def top_of(scores: npt.NDArray[np.float32], seen: Sequence[npt.NDArray[np.int64]]) -> Tops:
    """The items of each row with the best scores, the best first, without what was seen; the scores of that are
    overwritten. Shape (people, DEPTH), less where there are fewer items."""
    for row, own in zip(scores, seen, strict=True):
        row[own] = -np.inf
    depth = min(DEPTH, scores.shape[1])
    top = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)


def ndcg_of(
    scores: npt.NDArray[np.float32], seen: Sequence[npt.NDArray[np.int64]], held_out: Sequence[frozenset[int]]
) -> Floats:
    """nDCG@10 of each row of scores, without what was seen; the scores of that are overwritten."""
    return ndcg_of_top(top_of(scores, seen), held_out)


def ndcg_of_top(top: Tops, held_out: Sequence[frozenset[int]]) -> Floats:
    """nDCG@10 of each person's items, the best first."""
    ideal = np.array([DISCOUNTS[: min(DEPTH, len(held))].sum() for held in held_out])
    return np.asarray(hits_of(top, held_out) @ DISCOUNTS[: top.shape[1]] / ideal)


def hits_of(top: Tops, held_out: Sequence[frozenset[int]]) -> npt.NDArray[np.bool_]:
    """Which of each person's items are held out: shape (people, DEPTH)."""
    return np.array([[item in held for item in own] for own, held in zip(top.tolist(), held_out, strict=True)])
