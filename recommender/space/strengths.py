"""How strongly a history counts for or against its items: strengths from -1 to 1, and how they fade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from recommender.interests import Event, Kind

Floats = npt.NDArray[np.float64]

#: The event weight that corresponds to strength 1, the maximum: that of a like.
FULL_WEIGHT = 4.0
#: Strengths of ratings: (fewest stars, strength), most stars first.
STARS = ((4.0, 1.0), (3.0, 0.6), (0.0, 0.0))


def strength(kind: Kind, stars: float | None) -> float:
    """How strongly an event counts for its item (1) or against it (-1)."""
    if stars is not None:
        return next(value for least, value in STARS if stars >= least)
    return max(-1.0, min(1.0, kind.weight / FULL_WEIGHT))


def strengths(events: Sequence[Event], kinds: Mapping[str, Kind]) -> dict[int, float]:
    """The summed strength of each item in a history, clipped to -1 to 1, newest first; items at 0 are left out."""
    sums: dict[int, float] = {}
    for event in sorted(events, key=lambda event: (event.occurred_at, event.item_id), reverse=True):
        sums[event.item_id] = sums.get(event.item_id, 0.0) + strength(kinds[event.kind], event.value)
    return {item_id: max(-1.0, min(1.0, total)) for item_id, total in sums.items() if total}


def decayed(values: Floats, half_life: float) -> Floats:
    """Strengths (n,), newest first, halved for every `half_life` items met since."""
    return values * 0.5 ** (np.arange(len(values)) / half_life)
