"""The sequence tower's arithmetic without torch: what a history says by its order.

A person's vector is the attention-weighted sum of what their newest items say, as in SASRec (Kang & McAuley, 2018) cut
to one head without anything after it: how much each item counts depends on which was met last, on the item and on how
many were met since, and the weights add up to one. Given the weights the sum is linear, so what each past item adds to
a score is exact, and items and people meet in one inner product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from recommender.space.histories import History

Floats = npt.NDArray[np.float64]

#: Directions of the tower, and a person's newest items that it reads.
DIMENSIONS, MOST_READ = 32, 50
FLAT = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Tower:
    """`queries` and `keys` are (d, d) and `query` (d,): the item met last asks, and each item answers. `positions` is
    (MOST_READ,), what being met so many items ago adds. `target_map` and `source_map` are (content dimensions, d): how
    an item that few met is found, and what it says. `spread` is (d, d), the covariance of all items' targets."""

    queries: Floats
    keys: Floats
    query: Floats
    positions: Floats
    target_map: Floats
    source_map: Floats
    spread: Floats

    def weights(self, sources: Floats, strengths: Floats) -> Floats:
        """How much each item of a history counts, (n,), the newest first: of `sources` (n, d) and strengths from -1 to
        1. Their absolute values add up to one, what speaks against an item is below zero, and what is older than
        MOST_READ items counts nothing."""
        weights = np.zeros(len(sources))
        read = sources[:MOST_READ]
        asked = (read[0] @ self.queries + self.query) / np.sqrt(read.shape[1])
        answers = (read @ self.keys) @ asked + self.positions[: len(read)]
        raw = strengths[:MOST_READ] * np.exp(answers - answers.max())
        weights[: len(read)] = raw / max(float(np.abs(raw).sum()), FLAT)
        return weights

    def of(self, contents: Floats) -> tuple[Floats, Floats]:
        """How items are found and what they say, both (..., d), by their contents alone."""
        return contents @ self.target_map, contents @ self.source_map

    def as_arrays(self) -> dict[str, Any]:
        """By name, as `of_arrays` takes them."""
        return {f"tower_{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Any]) -> Tower | None:
        """The tower among stored arrays, None where there is none."""
        names = {field.name: f"tower_{field.name}" for field in fields(cls)}
        if any(stored not in arrays for stored in names.values()):
            return None
        return cls(**{name: arrays[stored] for name, stored in names.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntTower:
    """A tower and the vectors of all items in it, both (items, d): what each says of people, and how it is found."""

    tower: Tower
    sources: Floats
    targets: Floats

    def people(self, histories: Sequence[History]) -> Floats:
        """The vectors of whoever has these histories, (n, d); zeros for nobody known."""
        people = np.zeros((len(histories), self.targets.shape[1]))
        for row, history in zip(people, histories, strict=True):
            items, strengths = history.newest_first(MOST_READ)
            if len(items):
                row[:] = self.tower.weights(self.sources[items], strengths) @ self.sources[items]
        return people
