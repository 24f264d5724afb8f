"""Training the sequence tower with torch, to predict what people turn to next.

- An example is a position in a history: the items before it, and one of the AHEAD items from there on, drawn anew each
  time (as in PinnerFormer; Pancha et al., 2022).
- The loss is a sampled softmax over that item and the negatives, with the logQ correction: the logarithm of an item's
  sampling probability is subtracted from its logit (Bengio & Senecal, 2008; Yi et al., 2019).
- An item's vector is a linear map of its content, plus a vector of its own if at least LEAST_PEOPLE met it. The latter
  is dropped at random, so that the map also works by itself for items without one (DropoutNet; Volkovs et al., 2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from recommender.space.histories import History
from recommender.space.tower import DIMENSIONS, MOST_READ, LearntTower, Tower

if TYPE_CHECKING:
    import torch

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SEED = 0
#: How often every example is seen, and the maximum number of steps.
EPOCHS, MOST_STEPS = 12, 2_400
#: Examples per step: a 64th of all, within these bounds. And the most negatives.
FEWEST_AT_ONCE, MOST_AT_ONCE, NEGATIVES = 32, 512, 1_024
LEARNING_RATE = 0.01
#: How far ahead an example looks, in items.
AHEAD = 3
#: How many people must have met an item for it to have a vector of its own, and the share of steps that drop it.
LEAST_PEOPLE, DROPPED = 5, 0.2
#: The chance of a negative is (people who met it + 1) to this power.
TEMPER = 0.75
#: The standard deviation of initial values, and the logit of masked entries.
SMALL, OUT_OF_SIGHT = 0.05, -1e9
FLAT = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """All histories, one after the other, each in time order: arrays of shape (n,) over all positions."""

    items: Integers
    strengths: Floats
    begins: Integers
    """Where the history at this position begins."""
    ends: Integers
    """Where it ends, exclusive."""

    @classmethod
    def of(cls, histories: Sequence[History]) -> Places:
        lengths = np.array([len(history.items) for history in histories], np.int64)
        ends = np.cumsum(lengths)
        return cls(
            items=np.concatenate([np.zeros(0, np.int64), *(history.items for history in histories)]),
            strengths=np.concatenate([np.zeros(0), *(history.strengths for history in histories)]),
            begins=np.repeat(ends - lengths, lengths),
            ends=np.repeat(ends, lengths),
        )

    def before(self, at: Integers) -> tuple[Integers, Floats]:
        """The items before these positions, newest first, and their strengths, both (n, MOST_READ). Strengths are 0
        before the beginning of a history."""
        places = at[:, None] - 1 - np.arange(MOST_READ)
        known = places >= self.begins[at][:, None]
        places = np.maximum(places, 0)
        return self.items[places], np.where(known, self.strengths[places], 0.0)

    def with_something_before(self) -> Integers:
        """The positions that are not the first in their history."""
        return np.flatnonzero(self.begins < np.arange(len(self.items)))

    def ahead(self, at: Integers, random: np.random.Generator) -> Integers:
        """For each position, one drawn from it and the AHEAD - 1 that follow in its history, (n,)."""
        left = np.minimum(self.ends[at] - at, AHEAD)
        return at + (random.random(len(at)) * left).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The n examples of a step."""

    before: Integers
    """(n, MOST_READ): the items met before, newest first."""
    strengths: Floats
    """(n, MOST_READ)."""
    wanted: Integers
    """(n,): the items to predict."""
    weights: Floats
    """(n,): the weight of each example, its item's strength or 0 if that is negative."""
    negatives: Integers
    """(m,): the negatives, shared by all examples."""

    @classmethod
    def drawn(cls, places: Places, at: Integers, chances: Floats, random: np.random.Generator) -> Batch:
        before, strengths = places.before(at)
        following = places.ahead(at, random)
        return cls(
            before=before,
            strengths=strengths,
            wanted=places.items[following],
            weights=np.maximum(places.strengths[following], 0.0),
            negatives=random.choice(len(chances), negatives_of(chances), p=chances),
        )


def negatives_of(chances: Floats) -> int:
    """How many negatives are drawn for this many items: NEGATIVES, or twice the items if that is fewer."""
    return min(NEGATIVES, 2 * len(chances))


def train_tower(histories: Sequence[History], contents: Floats, *, seed: int = SEED) -> LearntTower:
    """Train on everybody's histories and the contents (items, content dimensions) of all items.

    Runs on a GPU if torch finds one; the same seed gives the same tower on the same device. MOST_STEPS bounds the time
    for any catalogue. Memory: the contents in float32, and 32 * DIMENSIONS bytes per item, for both of its vectors with
    their gradients and Adam's two moments.
    """
    import torch

    random = np.random.default_rng(seed)
    places = Places.of(histories)
    counts = np.bincount(places.items[places.strengths > 0], minlength=len(contents)).astype(np.float64)
    chances = (counts + 1) ** TEMPER
    chances /= chances.sum()
    model = Model(contents, counts, chances, seed=seed)
    able = places.with_something_before()
    if not len(able):
        return model.learnt()
    at_once = min(max(len(able) // 64, FEWEST_AT_ONCE), MOST_AT_ONCE)
    steps = min(-(-EPOCHS * len(able) // at_once), MOST_STEPS)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=LEARNING_RATE, total_steps=steps)
    for _ in range(steps):
        optimizer.zero_grad()
        model.loss(Batch.drawn(places, random.choice(able, at_once), chances, random)).backward()
        optimizer.step()
        schedule.step()
    return model.learnt()


class Model:
    """The tower in torch, in float32. `counts` and `chances` are (items,): how many people met an item, and its
    probability of being drawn as a negative."""

    def __init__(self, contents: Floats, counts: Floats, chances: Floats, *, seed: int) -> None:
        import torch

        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._random = torch.Generator().manual_seed(seed)
        self._contents = self._tensor(contents)
        self._has_own = self._tensor(counts >= LEAST_PEOPLE)[:, None]
        self._log_chances = self._tensor(np.log(chances * negatives_of(chances)))
        items, width = contents.shape
        self._maps = {side: self._normal(width, DIMENSIONS, scale=DIMENSIONS**-0.5) for side in ("source", "target")}
        self._own = {side: self._normal(items, DIMENSIONS) for side in ("source", "target")}
        self._queries, self._keys = self._normal(DIMENSIONS, DIMENSIONS), self._normal(DIMENSIONS, DIMENSIONS)
        self._query, self._positions = self._normal(DIMENSIONS), self._normal(MOST_READ)

    def parameters(self) -> list[torch.Tensor]:
        attention = (self._queries, self._keys, self._query, self._positions)
        return [*self._maps.values(), *self._own.values(), *attention]

    def loss(self, batch: Batch) -> torch.Tensor:
        """The weighted mean of the sampled softmax losses of a batch."""
        import torch

        people = self._people(batch)
        both = self._vectors(np.concatenate([batch.wanted, batch.negatives]), "target")
        wanted, negatives = both[: len(batch.wanted)], both[len(batch.wanted) :]
        right = (people * wanted).sum(dim=1) - self._log_chances[self._places(batch.wanted)]
        wrong = people @ negatives.T - self._log_chances[self._places(batch.negatives)]
        same = torch.as_tensor(batch.wanted[:, None] == batch.negatives, device=self._device)
        wrong = wrong.masked_fill(same, OUT_OF_SIGHT)
        losses = torch.logsumexp(torch.cat([right[:, None], wrong], dim=1), dim=1) - right
        weights = self._tensor(batch.weights)
        return (losses * weights).sum() / weights.sum().clamp_min(FLAT)

    def _people(self, batch: Batch) -> torch.Tensor:
        """The vectors (n, DIMENSIONS) of all examples, with the weights of `Tower.weights`."""
        import torch

        sources, strengths = self._vectors(batch.before, "source"), self._tensor(batch.strengths)
        asked = (sources[:, 0] @ self._queries + self._query) / math.sqrt(DIMENSIONS)
        answers = torch.einsum("nld,nd->nl", sources @ self._keys, asked) + self._positions
        answers = answers.masked_fill(strengths == 0, OUT_OF_SIGHT)
        raw = strengths * torch.exp(answers - answers.max(dim=1, keepdim=True).values)
        weights = raw / raw.abs().sum(dim=1, keepdim=True).clamp_min(FLAT)
        return torch.einsum("nl,nld->nd", weights, sources)

    def _vectors(self, items: Integers, side: str) -> torch.Tensor:
        """Vectors (*items.shape, DIMENSIONS). An item's own vector is dropped for a whole step or not at all."""
        import torch
        from torch.nn import functional

        known, inverse = np.unique(items, return_inverse=True)
        at = self._places(known)
        kept = torch.rand(len(known), 1, generator=self._random) >= DROPPED
        own = functional.embedding(at, self._own[side]) * self._has_own[at] * kept.to(self._device)
        table = self._contents[at] @ self._maps[side] + own
        return functional.embedding(self._places(inverse.reshape(items.shape)), table)

    def learnt(self) -> LearntTower:
        sources, targets = (
            _array(self._contents @ self._maps[side] + self._own[side] * self._has_own) for side in ("source", "target")
        )
        centred = targets - targets.mean(axis=0)
        tower = Tower(
            queries=_array(self._queries),
            keys=_array(self._keys),
            query=_array(self._query),
            positions=_array(self._positions),
            target_map=_array(self._maps["target"]),
            source_map=_array(self._maps["source"]),
            spread=np.asarray(centred.T @ centred / len(centred)),
        )
        return LearntTower(tower=tower, sources=sources, targets=targets)

    def _normal(self, *shape: int, scale: float = SMALL) -> torch.Tensor:
        import torch

        return (torch.randn(*shape, generator=self._random) * scale).to(self._device).requires_grad_()

    def _tensor(self, values: npt.NDArray[np.generic]) -> torch.Tensor:
        import torch

        return torch.as_tensor(values, dtype=torch.float32, device=self._device)

    def _places(self, values: Integers) -> torch.Tensor:
        import torch

        return torch.as_tensor(values, device=self._device)


def _array(tensor: torch.Tensor) -> Floats:
    return np.asarray(tensor.detach().cpu().numpy(), np.float64)
