"""More of how good a trained space is than its promotion goes by: beside the untrained score, on the same people.

Everything is of the first ten items of each person asked about. Intervals are of 95%, by a bootstrap over people, and
of differences by a paired one. Coverage has none: a sample of the people always covers less than all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.ranking.gains import gain_of
from recommender.space.measures import Tops, hits_of, ndcg_of_top

Floats = npt.NDArray[np.float64]

#: An item is cold that so many people or fewer had met.
COLD_PEOPLE = 5


def report(*, trained: Tops, untrained: Tops, held_out: Sequence[frozenset[int]], met: Floats) -> dict[str, Any]:
    """Measures by name, each of the `trained` space, the `untrained` score and their `difference`.

    `met` is how many people met each item by what was known. Recall is the share of a person's held-out items that are
    found, and of the cold ones among them for people who have any; novelty the mean surprise of what is listed, in bits
    (Vargas & Castells, 2011); coverage the share of the catalogue that anybody is listed.
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
    """The share of each person's held-out items that are listed."""
    return np.asarray(hits_of(top, held_out).sum(axis=1) / np.array([len(held) for held in held_out]))


def novelty_of(top: Tops, met: Floats) -> Floats:
    """The mean of -log2 of how likely a meeting is one with the item, each item met once more than it was."""
    surprise = -np.log2((met + 1) / (met + 1).sum())
    return np.asarray(surprise[top].mean(axis=1))


def coverage_of(top: Tops, *, items: int) -> float:
    """The share of all items that somebody is listed."""
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
