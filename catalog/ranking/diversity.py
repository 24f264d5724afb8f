"""Maximal marginal relevance: good results that do not repeat one another (Carbonell & Goldstein, 1998)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def diversify(
    scores: npt.NDArray[np.floating], vectors: npt.NDArray[np.floating], *, limit: int, diversity: float
) -> list[int]:
    """Choose up to `limit` positions one by one, each the best by its score minus its similarity to those chosen.

    `vectors` is (n, dimensions), normalised. `diversity` 0 keeps the order of the scores, 1 considers only similarity.
    Ties are broken by position.
    """
    chosen: list[int] = []
    likeness = np.zeros(len(scores))
    open_positions = np.ones(len(scores), dtype=bool)
    while len(chosen) < min(limit, len(scores)):
        values = np.where(open_positions, (1 - diversity) * scores - diversity * likeness, -np.inf)
        best = int(values.argmax())
        closeness = vectors @ vectors[best]
        likeness = np.maximum(likeness, closeness) if chosen else closeness
        open_positions[best] = False
        chosen.append(best)
    return chosen
