"""The collaborative part of a taste space: factors learnt for items that somebody met, and predicted from content for
the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recommender.space.ease import Factors, truncated_ease
from recommender.space.folding import Spreads
from recommender.space.histories import History, interactions
from recommender.space.parameters import Parameters

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaborative:
    """What was learnt from what people did."""

    factors: Factors
    """Zeros for items that nobody met."""
    counts: Floats
    """(items,): how many people met each item."""

    @property
    def met(self) -> npt.NDArray[np.bool_]:
        """(items,): whether an item has factors."""
        return np.abs(self.factors.targets).max(axis=1) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Linear predictions for an item that nobody met, from its content."""

    map: Floats
    """(content dimensions, k): contents @ map are the factors."""
    popularity: Floats
    """(content dimensions,): contents @ popularity - centre is the prior."""
    centre: float
    """The mean of the predicted popularity plus one standard deviation, which is 1. The prior is therefore below 0 for
    about five items in six: looking as popular as most does not put a new item ahead of those that people met."""

    def of(self, contents: Floats) -> tuple[Floats, Floats]:
        """Factors (..., k) and priors (...) of contents (..., content dimensions)."""
        return contents @ self.map, contents @ self.popularity - self.centre


def collaborate(
    histories: Sequence[History], items: int, *, parameters: Parameters, factors: int | None = None
) -> Collaborative:
    """Learn from histories over this many `items`; `factors` overrides their number in the parameters."""
    matrix = interactions(histories, items)
    counts = np.asarray((matrix != 0).sum(axis=0), np.float64).ravel()
    learnt = truncated_ease(
        matrix, ridge=parameters.ridge, factors=factors or parameters.factors, most_items=parameters.learnt
    )
    return Collaborative(factors=learnt, counts=counts)


def guess(learnt: Collaborative, contents: Floats, *, ridge: float) -> Guess:
    """Fit `Guess` by ridge regression on the items that somebody met. `contents` (items, content dimensions) must be
    centred.

    An item's weight is log(1 + people who met it), because few people are weak evidence; this is also the popularity
    that is predicted.
    """
    met = learnt.met
    if not met.any():
        width, k = contents.shape[1], learnt.factors.targets.shape[1]
        return Guess(map=np.zeros((width, k)), popularity=np.zeros(width), centre=0.0)
    own, level = contents[met], np.log1p(learnt.counts[met])
    weighted = own * level[:, None]
    gram = weighted.T @ own
    gram[np.diag_indices_from(gram)] += ridge
    wanted = np.column_stack([learnt.factors.targets[met], level - np.average(level, weights=level)])
    solved = np.linalg.solve(gram, weighted.T @ wanted)
    predicted = contents @ solved[:, -1]
    spread = float(predicted.std()) or 1.0
    return Guess(map=solved[:, :-1], popularity=solved[:, -1] / spread, centre=float(predicted.mean()) / spread + 1)


def targets_of(learnt: Collaborative, guessed: Guess, contents: Floats) -> Floats:
    """[factors | prior] of every item, (items, k + 1): learnt, with prior 0, if somebody met it, guessed otherwise."""
    met = learnt.met[:, None]
    factors, popularity = guessed.of(contents)
    return np.hstack([np.where(met, learnt.factors.targets, factors), np.where(met, 0.0, popularity[:, None])])


def spreads_of(contents: Floats, targets: Floats) -> Spreads:
    """Covariances of contents, and of the factors returned by `targets_of`."""
    return Spreads(content=_covariance(contents), factors=_covariance(targets[:, :-1]))


def _covariance(rows: Floats) -> Floats:
    centred = rows - rows.mean(axis=0)
    return np.asarray(centred.T @ centred / len(rows))
