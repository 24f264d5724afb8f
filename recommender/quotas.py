"""How much of each candidate belongs to each interest: used to give every interest its share of a list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recommender.personal_interests import PersonalInterest
from recommender.scoring import Floats, Scores


def quotas(
    scores: Scores, positions: npt.NDArray[np.int64], interests: Sequence[PersonalInterest]
) -> tuple[Floats, Floats]:
    """How much of what raises the candidates at m positions comes from each interest, of shape (m, interests) with rows
    that sum to 1, or to 0 if none does; and the interests' shares, which sum to 1. Muted interests and aversions are
    left out."""
    counted = [own for own in interests if own.share > 0 and not own.muted]
    if not counted:
        return np.zeros((len(positions), 0)), np.zeros(0)
    columns = {item_id: column for column, own in enumerate(counted) for item_id in own.interest.sources}
    parts = np.maximum(scores.parts_of(positions), 0.0)
    lifted = np.zeros((len(positions), len(counted)))
    for place, item_id in enumerate(scores.sources):
        if item_id in columns:
            lifted[:, columns[item_id]] += parts[:, place]
    totals = lifted.sum(axis=1, keepdims=True)
    kinds = np.divide(lifted, totals, out=np.zeros_like(lifted), where=totals > 0)
    shares = np.array([own.share for own in counted])
    return kinds, shares / shares.sum()
