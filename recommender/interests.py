"""From a history to a vector: the arithmetic alone, without a database.

An event counts by its kind, fades with its age, and for a rating by how far it lies from the person's mean. The
interest is the weighted sum of the items' vectors after the corpus mean is taken off them: what all items share says
nothing of a taste, and left in it drowns the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]

#: An item met this many items ago counts half.
HALF_LIFE_ITEMS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How much an event counts and in how many days half of that is gone."""

    weight: float
    half_life_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    item_id: int
    kind: str
    occurred_at: datetime
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """`vector` is normalised, of shape (dimensions,); `sources` holds the signed weight of each item in it."""

    vector: Vector
    sources: Mapping[int, float]


def decay(age: timedelta, half_life_days: float) -> float:
    """What is left of an event's weight: a half after each half-life, all of it for one that lies in the future."""
    return 0.5 ** (max(age.total_seconds(), 0.0) / 86_400 / half_life_days)


def item_weights(events: Sequence[Event], kinds: Mapping[str, Kind]) -> dict[int, float]:
    """The signed weight of each item of a history, as of its newest event; the newest item comes first."""
    if not events:
        return {}
    newest_first = sorted(events, key=lambda event: (event.occurred_at, event.item_id), reverse=True)
    now = newest_first[0].occurred_at
    mean = _mean_rating(events)
    weights: defaultdict[int, float] = defaultdict(float)
    for event in newest_first:
        kind = kinds[event.kind]
        strength = kind.weight if event.value is None else kind.weight * (event.value - mean)
        weights[event.item_id] += strength * decay(now - event.occurred_at, kind.half_life_days)
    return {
        item_id: weight * 0.5 ** (place / HALF_LIFE_ITEMS) for place, (item_id, weight) in enumerate(weights.items())
    }


def interest_of(weights: Mapping[int, float], vectors: Mapping[int, Vector], centre: Vector) -> Interest | None:
    """The interest that these items make, or None where nothing with a vector is left that counts."""
    sources = {item_id: weight for item_id, weight in weights.items() if item_id in vectors and weight}
    total = sum((weight * (vectors[item_id] - centre) for item_id, weight in sources.items()), np.zeros_like(centre))
    length = float(np.linalg.norm(total))
    return Interest(vector=total / length, sources=sources) if length > 1e-6 else None


def _mean_rating(events: Iterable[Event]) -> float:
    values = [event.value for event in events if event.value is not None]
    return float(np.mean(values)) if values else 0.0
