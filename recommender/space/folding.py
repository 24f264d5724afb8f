"""Folding in: the vector of a person in a taste space, computed from their history. Arithmetic only, no database.

The score of an item for a person is the inner product of two vectors with the same four parts:

    item's target    [content              | factors                | tower                | prior]
    person's vector  [a * sum of contents  | b * sum of factors     | c * sum of sources   | d    ]

The sums run over the items of the history. In the first two parts an item is weighted by the strength of what the
person did with it, halved for every `half_life` items met since; in the tower part, by its attention. `a`, `b` and `c`
scale each part so that its scores have a standard deviation equal to the part's share, taken over all items. `d` is the
same for everybody; the prior is 0 for items that somebody has met. The tower part has no dimensions in a space without
a tower.

The vector is a sum over past items, so the inner product of one item's term with a target is exactly what that item
adds to the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recommender.space.parameters import Parameters
from recommender.space.strengths import decayed
from recommender.space.tower import Tower

Floats = npt.NDArray[np.float64]

#: How many of a person's newest items are folded in. With a half-life of 10 items, the hundredth counts a thousandth.
MOST_ITEMS = 100
FLAT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A person in a taste space."""

    vector: Floats
    """(dimensions,): the sum of `rows`, with the weight of the prior in the last place."""
    rows: Floats
    """(n, dimensions): what each past item adds."""
    item_ids: Sequence[int]
    """The n past items, the newest first."""
    in_favour: npt.NDArray[np.bool_]
    """(n,): whether each was liked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreads:
    """Covariances over all items, from which the standard deviation of scores follows."""

    content: Floats
    """(content dimensions, content dimensions)."""
    factors: Floats
    """(k, k)."""


def fold(
    item_ids: Sequence[int],
    values: Floats,
    *,
    contents: Floats,
    sources: Floats,
    spreads: Spreads,
    parameters: Parameters,
    tower: Tower | None = None,
) -> Folded | None:
    """Fold in a history of n items, newest first.

    `values` (n,) are strengths, `contents` (n, content dimensions), and `sources` (n, k), or (n, k + d) with a tower.
    None if the items cancel out, or there are none.
    """
    if not len(item_ids):
        return None
    factors, own = np.split(sources, [len(spreads.factors)], axis=1)
    share, rest = parameters.content_share, 1 - parameters.tower_share
    parts = [
        _weighed(contents, decayed(values, parameters.half_life_content), spreads.content, share=rest * share),
        _weighed(factors, decayed(values, parameters.half_life_factors), spreads.factors, share=rest * (1 - share)),
    ]
    if tower is not None:
        parts.append(_weighed(own, tower.weights(own, values), tower.spread, share=parameters.tower_share))
    rows = np.hstack([*parts, np.zeros((len(item_ids), 1))])
    vector = rows.sum(axis=0)
    if np.abs(vector).max() <= FLAT:
        return None
    vector[-1] = parameters.prior
    return Folded(vector=vector, rows=rows, item_ids=item_ids, in_favour=values > 0)


def _weighed(rows: Floats, weights: Floats, covariance: Floats, *, share: float) -> Floats:
    """Rows times weights, scaled so that scores by their sum have the standard deviation `share` over all items."""
    weighed = rows * weights[:, None]
    return weighed * (share / _spread(weighed.sum(axis=0), covariance))


def _spread(direction: Floats, covariance: Floats) -> float:
    """The standard deviation of all items' inner products with a direction; infinite if they are all equal."""
    variance = float(direction @ covariance @ direction)
    return float(np.sqrt(variance)) if variance > FLAT**2 else float("inf")
