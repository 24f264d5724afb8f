"""Ratings that a file holds several times: the last one counts, however far apart they stand."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

_PREFIX = "import-"


def derived_event_id(identity: str) -> str:
    """An event id that is the same whenever the same row is imported."""
    return f"{_PREFIX}{hashlib.sha256(identity.encode()).hexdigest()[:40]}"


@dataclass(frozen=True, slots=True)
class RepeatedRatings:
    """The ratings that a file holds with different stars; without them, every import would change these to and fro."""

    last_stars: Mapping[int, float] = field(default_factory=dict)
    """By the number of the event id."""

    @classmethod
    def among(cls, ratings: Iterable[tuple[str, float]]) -> RepeatedRatings:
        """Of all ratings of a file, as derived event ids and stars. Holds 16 bytes for each while it looks."""
        given_numbers, given_stars = array("Q"), array("d")
        for event_id, value in ratings:
            given_numbers.append(_number_of(event_id))
            given_stars.append(value)
        order = np.argsort(np.asarray(given_numbers), kind="stable")
        numbers, stars = np.asarray(given_numbers)[order], np.asarray(given_stars)[order]
        repeated = np.unique(numbers[1:][(numbers[1:] == numbers[:-1]) & (stars[1:] != stars[:-1])])
        last = np.searchsorted(numbers, repeated, side="right") - 1
        return cls(dict(zip(repeated.tolist(), stars[last].tolist(), strict=True)))

    def stars_of(self, event_id: str) -> float | None:
        """The stars that count; None for a rating that always has the same."""
        return self.last_stars.get(_number_of(event_id)) if self.last_stars else None


def _number_of(event_id: str) -> int:
    """64 bits of a derived event id: enough to tell the ratings of a file apart."""
    return int(event_id.removeprefix(_PREFIX)[:16], 16)
