"""The sequence tower: attention over a person's newest items, so that their order counts. Runs without torch.

A person's vector is the attention-weighted sum of their newest items' source vectors: SASRec (Kang & McAuley, 2018,
https://arxiv.org/abs/1808.09781) reduced to one head, with no feed-forward layer. The query is computed from the item
met last, the keys from each item and its position; absolute weights add up to 1. Given the weights, the sum is linear
in the items, so each item's contribution to a score is exact. `tower_training` trains it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from recommender.space.histories import History

Floats = npt.NDArray[np.float64]

#: The dimensions d of the tower, and how many of a person's newest items it reads.
DIMENSIONS, MOST_READ = 32, 50
FLAT = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Tower:
    """What training learns, apart from the vectors of items."""

    queries: Floats
    """(d, d): source of the item met last @ queries + query is the query vector."""
    keys: Floats
    """(d, d): source @ keys is an item's key."""
    query: Floats
    """(d,): the query's bias."""
    positions: Floats
    """(MOST_READ,): added to the logit of the item met this many items ago."""
    target_map: Floats
    """(content dimensions, d): contents @ target_map is the target of an item that few people met."""
    source_map: Floats
    """(content dimensions, d): likewise for its source."""
    spread: Floats
    """(d, d): the covariance of all items' targets."""

    def weights(self, sources: Floats, strengths: Floats) -> Floats:
        """The weight of each item of a history (n,), newest first, from `sources` (n, d) and strengths (n,), -1 to 1.

        A softmax times the strengths, rescaled so that absolute values add up to 1. Items beyond MOST_READ get 0.
        """
        weights = np.zeros(len(sources))
        read = sources[:MOST_READ]
        asked = (read[0] @ self.queries + self.query) / np.sqrt(read.shape[1])
        answers = (read @ self.keys) @ asked + self.positions[: len(read)]
        raw = strengths[:MOST_READ] * np.exp(answers - answers.max())
        weights[: len(read)] = raw / max(float(np.abs(raw).sum()), FLAT)
        return weights

    def of(self, contents: Floats) -> tuple[Floats, Floats]:
        """Targets and sources, both (..., d), of items known only by their contents (..., content dimensions)."""
        return contents @ self.target_map, contents @ self.source_map

    def as_arrays(self) -> dict[str, Any]:
        """The arrays that `of_arrays` reads."""
        return {f"tower_{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Any]) -> Tower | None:
        """The tower among stored arrays; None if there is none."""
        names = {field.name: f"tower_{field.name}" for field in fields(cls)}
        if any(stored not in arrays for stored in names.values()):
            return None
        return cls(**{name: arrays[stored] for name, stored in names.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntTower:
    """A tower with the vectors of all items."""

    tower: Tower
    sources: Floats
    """(items, d): what is summed for a person who met the item."""
    targets: Floats
    """(items, d): what the person's vector is multiplied by to score the item."""

    def people(self, histories: Sequence[History]) -> Floats:
        """The vectors of people with these histories, (n, d); zeros for an empty one."""
        people = np.zeros((len(histories), self.targets.shape[1]))
        for row, history in zip(people, histories, strict=True):
            items, strengths = history.newest_first(MOST_READ)
            if len(items):
                row[:] = self.tower.weights(self.sources[items], strengths) @ self.sources[items]
        return people
