"""The collaborative part of a taste space, for every item: learnt where somebody met it, guessed where nobody did."""

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
    """What people did, learnt: the factors of every item, zeros where nobody met it, and how many people met it."""

    factors: Factors
    counts: Floats

    @property
    def met(self) -> npt.NDArray[np.bool_]:
        return np.abs(self.factors.targets).max(axis=1) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What contents suggest of an item that nobody met. `map` is (content dimensions, k): contents @ map are its
    factors. `popularity` is (content dimensions,): contents @ popularity, less `centre`, is how popular it will be,
    with a spread of 1 over all items. It is below 0 for about five in six: nothing is put before what people met for
    looking as popular as most do."""

    map: Floats
    popularity: Floats
    centre: float

    def of(self, contents: Floats) -> tuple[Floats, Floats]:
        """The factors (..., k) and the popularity (...) of contents (..., dimensions)."""
        return contents @ self.map, contents @ self.popularity - self.centre


def collaborate(
    histories: Sequence[History], items: int, *, parameters: Parameters, factors: int | None = None
) -> Collaborative:
    """Train the factors of so many items, as many as the parameters say unless it is said here."""
    matrix = interactions(histories, items)
    counts = np.asarray((matrix != 0).sum(axis=0), np.float64).ravel()
    learnt = truncated_ease(
        matrix, ridge=parameters.ridge, factors=factors or parameters.factors, most_items=parameters.learnt
    )
    return Collaborative(factors=learnt, counts=counts)


def guess(learnt: Collaborative, contents: Floats, *, ridge: float) -> Guess:
    """Two ridge regressions over the items that somebody met, each weighing by the logarithm of how many did: what few
    people did says little. Contents must be centred."""
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
    """[factors | prior] of every item, (items, k + 1): learnt, and without a prior, for those that somebody met."""
    met = learnt.met[:, None]
    factors, popularity = guessed.of(contents)
    return np.hstack([np.where(met, learnt.factors.targets, factors), np.where(met, 0.0, popularity[:, None])])


def spreads_of(contents: Floats, targets: Floats) -> Spreads:
    """The spreads of contents, and of the factors among `targets_of`."""
    return Spreads(content=_covariance(contents), factors=_covariance(targets[:, :-1]))


def _covariance(rows: Floats) -> Floats:
    centred = rows - rows.mean(axis=0)
    return np.asarray(centred.T @ centred / len(rows))
