"""Calibrated lists: each of a person's interests gets its share of the list (Steck, 2018), and nothing repeats."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catalog.ranking.diversity import diversify

Floats = npt.NDArray[np.floating]

#: The fraction of the wanted shares mixed into a list's own, so that a kind without items is not infinitely bad.
SMOOTHING = 0.01


def calibrate(
    scores: Floats,
    vectors: Floats,
    kinds: Floats,
    shares: Floats,
    *,
    limit: int,
    diversity: float,
    calibration: float,
) -> list[int]:
    """Choose up to `limit` positions one by one, each the best by its value for the list so far.

    `kinds` is (n, k), how much of each item is of each kind: rows sum to 1, or to 0 for an item of no kind, which
    changes no shares. `shares`, (k,), is what a list should have of each kind and sums to 1. The value is that of
    maximal marginal relevance, times 1 - calibration, minus calibration times the Kullback-Leibler divergence of the
    list's shares from those wanted. 0 gives maximal marginal relevance, 1 considers only the shares.
    """
    if not calibration or len(shares) < 2:
        return diversify(scores, vectors, limit=limit, diversity=diversity)
    chosen: list[int] = []
    likeness, held = np.zeros(len(scores)), np.zeros(len(shares))
    open_positions = np.ones(len(scores), dtype=bool)
    while len(chosen) < min(limit, len(scores)):
        relevance = (1 - diversity) * scores - diversity * likeness
        values = (1 - calibration) * relevance - calibration * divergence(held + kinds, shares)
        best = int(np.where(open_positions, values, -np.inf).argmax())
        closeness = vectors @ vectors[best]
        likeness = np.maximum(likeness, closeness) if chosen else closeness
        open_positions[best] = False
        held = held + kinds[best]
        chosen.append(best)
    return chosen


def divergence(held: Floats, shares: Floats) -> Floats:
    """The Kullback-Leibler divergence of lists' contents by kind, of shape (n, k), from the wanted shares, (k,).

    A list that holds nothing of any kind has the largest divergence.
    """
    totals = held.sum(axis=1, keepdims=True)
    own = np.divide(held, totals, out=np.zeros_like(held, dtype=float), where=totals > 0)
    wanted = shares > 0
    own = (1 - SMOOTHING) * own[:, wanted] + SMOOTHING * shares[wanted]
    return (shares[wanted] * np.log(shares[wanted] / own)).sum(axis=1)
