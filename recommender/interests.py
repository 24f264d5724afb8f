"""From a history to a vector: arithmetic only, without a database.

An event is weighted by its kind, fades with age and, if it is a rating, counts by how far it is from the person's usual
rating. The interest is the weighted sum of the items' vectors after subtracting the corpus mean: what all items share
says nothing about a taste, and would drown the rest.
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
HALF_LIFE_ITEMS = 20.0
#: Until somebody has rated, this many ratings in the middle of the five stars are assumed.
EXPECTED_RATINGS, MIDDLE_STARS = 5, 3.0
#: People rate what they chose to see, so their usual rating counts this many stars in favour of an item.
CHOSEN_STARS = 0.5
#: Items of an interest that are considered individually; the others count as a whole.
MAX_SOURCES = 100
#: A sum of vectors shorter than this has no meaningful direction.
SHORTEST = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How much an event counts, and its half-life in days."""

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
    """`vector` is normalised, of shape (dimensions,): the sum of the items' centred vectors, each times its signed
    weight in `sources`. `length` is the length of the sum before normalisation."""

    vector: Vector
    sources: Mapping[int, float]
    length: float = 1.0

    def strongest(self) -> list[int]:
        """The items with the largest weights, positive or negative; at most MAX_SOURCES."""
        return sorted(self.sources, key=lambda item_id: (-abs(self.sources[item_id]), item_id))[:MAX_SOURCES]


def decay(age: timedelta, half_life_days: float) -> float:
    """The fraction of an event's weight that is left: halved after each half-life, 1 for an event in the future."""
    return 0.5 ** (max(age.total_seconds(), 0.0) / 86_400 / half_life_days)


def item_weights(events: Sequence[Event], kinds: Mapping[str, Kind]) -> dict[int, float]:
    """The signed weight of each item in a history, as of its newest event; the newest item comes first."""
    if not events:
        return {}
    newest_first = sorted(events, key=lambda event: (event.occurred_at, event.item_id), reverse=True)
    now = newest_first[0].occurred_at
    usual = usual_rating([event.value for event in events if event.value is not None])
    weights: defaultdict[int, float] = defaultdict(float)
    for event in newest_first:
        kind = kinds[event.kind]
        strength = kind.weight if event.value is None else kind.weight * (event.value - usual + CHOSEN_STARS)
        weights[event.item_id] += strength * decay(now - event.occurred_at, kind.half_life_days)
    return {
        item_id: weight * 0.5 ** (place / HALF_LIFE_ITEMS) for place, (item_id, weight) in enumerate(weights.items())
    }


def interest_of(weights: Mapping[int, float], vectors: Mapping[int, Vector]) -> Interest | None:
    """The interest that these items make, from their centred vectors; None if nothing that counts is left."""
    found = {item_id: weight for item_id, weight in weights.items() if item_id in vectors and weight}
    total: Vector = np.sum([weight * vectors[item_id] for item_id, weight in found.items()], axis=0)
    length = float(np.linalg.norm(total))
    if length < SHORTEST:
        return None
    return Interest(
        vector=(total / length).astype(np.float32),
        sources={item_id: weight / length for item_id, weight in found.items()},
        length=length,
    )


def sum_of(interests: Iterable[Interest]) -> Interest | None:
    """Several interests as one, each weighted by its length; None if nothing that counts is left."""
    parts = list(interests)
    total: Vector = np.sum([part.length * part.vector for part in parts], axis=0)
    length = float(np.linalg.norm(total))
    if length < SHORTEST:
        return None
    return Interest(
        vector=(total / length).astype(np.float32),
        sources={item_id: weight * part.length / length for part in parts for item_id, weight in part.sources.items()},
        length=length,
    )


def usual_rating(ratings: Sequence[float]) -> float:
    """The mean of somebody's ratings, shrunk towards the middle of the scale when there are few."""
    return (sum(ratings) + EXPECTED_RATINGS * MIDDLE_STARS) / (len(ratings) + EXPECTED_RATINGS)
