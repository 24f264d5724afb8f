"""Measures of a trained space beside the untrained score, on the same people. Staff see them; only nDCG@10 decides.

All are computed on each person's first ten items. Intervals are 95% bootstrap intervals over people, paired for
differences. Coverage has none: a sample of people always covers less than all of them do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.ranking.gains import gain_of
from recommender.space.measures import Tops, hits_of, ndcg_of_top

Floats = npt.NDArray[np.float64]

#: An item that at most this many people have met is cold.
COLD_PEOPLE = 5


def report(*, trained: Tops, untrained: Tops, held_out: Sequence[frozenset[int]], met: Floats) -> dict[str, Any]:
    """Measures by name, each for the `trained` space, the `untrained` score, and their `difference`.

    `trained` and `untrained` are (people, DEPTH); `met` (items,) is how many people met each item before the split.
    Recall is the share of a person's held-out items that are listed; cold recall covers only the cold ones, over people
    who have any. Novelty is the mean surprise of the listed items in bits (Vargas & Castells, 2011). Coverage is the
    share of the catalogue that appears in some list.
    """
    cold = [frozenset(item for item in held if met[item] <= COLD_PEOPLE) for held in held_out]
    with_cold = np.array([bool(own) for own in cold])
    asked_cold = [own for own in cold if own]
    tops = (trained, untrained)
    measured = {
        "ndcg@10": _compared(*(ndcg_of_top(top, held_out) for top in tops)),
        "recall@10": _compared(*(recall_of(top, held_out) for top in tops)),
        "novelty@10": _compared(*(novelty_of(top, met) for top in tops)),
        "coverage@10": _coverages(trained, untrained, items=len(met)),
    }
    if asked_cold:
        measured["cold_recall@10"] = _compared(*(recall_of(top[with_cold], asked_cold) for top in tops))
    return measured


def recall_of(top: Tops, held_out: Sequence[frozenset[int]]) -> Floats:
    """The share of each person's held-out items that are listed, (people,)."""
    return np.asarray(hits_of(top, held_out).sum(axis=1) / np.array([len(held) for held in held_out]))


def novelty_of(top: Tops, met: Floats) -> Floats:
    """The mean of -log2 p over each list, (people,); p is the item's smoothed (add-one) share of all meetings."""
    surprise = -np.log2((met + 1) / (met + 1).sum())
    return np.asarray(surprise[top].mean(axis=1))


def coverage_of(top: Tops, *, items: int) -> float:
    """The share of all items that appear in some list."""
    return len(np.unique(top)) / items


def _compared(trained: Floats, untrained: Floats) -> dict[str, Any]:
    nothing = np.zeros(len(trained))
    return {
        "trained": gain_of(trained, nothing).as_json(),
        "untrained": gain_of(untrained, nothing).as_json(),
        "difference": gain_of(trained, untrained).as_json(),
        "people": len(trained),
    }


def _coverages(trained: Tops, untrained: Tops, *, items: int) -> dict[str, Any]:
    ours, theirs = (round(coverage_of(top, items=items), 4) for top in (trained, untrained))
    return {"trained": ours, "untrained": theirs, "difference": round(ours - theirs, 4), "people": len(trained)}
