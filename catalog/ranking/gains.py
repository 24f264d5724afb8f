"""Whether one ranking is better than another with statistical confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The mean difference of two paired samples, and its 95% confidence interval."""

    mean: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return {"mean": round(self.mean, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def gain_of(candidate: Floats, serving: Floats) -> Gain:
    """A paired bootstrap over the subjects, people or queries, with a fixed seed (Sakai, 2006)."""
    differences = candidate - serving
    if not len(differences):
        return Gain(mean=0.0, low=0.0, high=0.0)
    chosen = np.random.default_rng(0).integers(0, len(differences), (RESAMPLES, len(differences)))
    low, high = np.quantile(differences[chosen].mean(axis=1), [0.025, 0.975])
    return Gain(mean=float(differences.mean()), low=float(low), high=float(high))
