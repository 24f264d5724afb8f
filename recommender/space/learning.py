"""The collaborative part of a taste space, for every item: learnt where somebody met it, guessed where nobody did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recommender.space.ease import truncated_ease
from recommender.space.folding import Spreads
from recommender.space.histories import History, interactions

Floats = npt.NDArray[np.float64]
#: Of the regression from contents to factors.
MAP_RIDGE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Collaborative:
    """`sources` and `targets` are (items, k) as in `ease.Factors`; the targets of items that nobody met are
    contents @ `map`, which is (content dimensions, k)."""

    sources: Floats
    targets: Floats
    map: Floats


def collaborate(histories: Sequence[History], contents: Floats, *, ridge: float, factors: int) -> Collaborative:
    """Train the factors, and a ridge regression from contents to the targets of items that somebody met."""
    learnt = truncated_ease(interactions(histories, len(contents)), ridge=ridge, factors=factors)
    met = np.abs(learnt.targets).max(axis=1) > 0
    own = contents[met]
    gram = own.T @ own
    gram[np.diag_indices_from(gram)] += MAP_RIDGE
    mapped = np.linalg.solve(gram, own.T @ learnt.targets[met])
    targets = np.where(met[:, None], learnt.targets, contents @ mapped)
    return Collaborative(sources=learnt.sources, targets=targets, map=mapped)


def spreads_of(contents: Floats, targets: Floats) -> Spreads:
    return Spreads(content=_covariance(contents), factors=_covariance(targets))


def _covariance(rows: Floats) -> Floats:
    centred = rows - rows.mean(axis=0)
    return np.asarray(centred.T @ centred / len(rows))
