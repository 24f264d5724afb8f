"""From a history to a vector of the taste space: the arithmetic alone, without a database.

An item's target is [content | factors | tower | prior]. A person's vector is [a * sum of contents | b * sum of factors
| c * sum of the tower's sources | d], each item weighted by what was done with it and by how many were met since, in
the tower by its attention. `a`, `b` and `c` make the parts of the score spread alike over the whole catalogue, and then
count by their shares; `d` is the same for everybody, and the prior of an item that somebody met is 0. What is linear in
the past items stays so: each of them adds a vector of its own, and its inner product with a target is exactly what it
adds to that item's score. A space may do without the tower: its part is then of no dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recommender.interests import Event, Kind
from recommender.space.parameters import Parameters
from recommender.space.tower import Tower

Floats = npt.NDArray[np.float64]

#: A person's newest items that are folded in; with a half-life of ten, the hundredth counts a thousandth.
MOST_ITEMS = 100
#: An event of this weight, such as a like, speaks for its item as much as any can.
FULL_WEIGHT = 4.0
#: What stars say: from so many stars on, so much.
STARS = ((4.0, 1.0), (3.0, 0.6), (0.0, 0.0))
FLAT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """`rows` is (items, dimensions), what each of the past items `item_ids` adds to `vector`, which is their sum and,
    in its last place, how much an item's prior counts."""

    vector: Floats
    rows: Floats
    item_ids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreads:
    """The covariances of all items' contents and of their factors: how far scores made of them spread."""

    content: Floats
    factors: Floats


def strength(kind: Kind, stars: float | None) -> float:
    """How much an event speaks for its item, from -1 to 1."""
    if stars is not None:
        return next(value for least, value in STARS if stars >= least)
    return max(-1.0, min(1.0, kind.weight / FULL_WEIGHT))


def strengths(events: Sequence[Event], kinds: Mapping[str, Kind]) -> dict[int, float]:
    """The strength of each item of a history, from -1 to 1, the newest first; those that say nothing are left out."""
    sums: dict[int, float] = {}
    for event in sorted(events, key=lambda event: (event.occurred_at, event.item_id), reverse=True):
        sums[event.item_id] = sums.get(event.item_id, 0.0) + strength(kinds[event.kind], event.value)
    return {item_id: max(-1.0, min(1.0, total)) for item_id, total in sums.items() if total}


def decayed(values: Floats, half_life: float) -> Floats:
    """Strengths, the newest first, after what was met since has taken its part."""
    return values * 0.5 ** (np.arange(len(values)) / half_life)


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
    """Fold in a history, the newest item first: its strengths (n,), contents (n, dimensions) and sources, (n, factors)
    or with a tower (n, factors + d).

    None where it has no direction.
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
    return Folded(vector=vector, rows=rows, item_ids=item_ids)


def _weighed(rows: Floats, weights: Floats, covariance: Floats, *, share: float) -> Floats:
    """A part's rows by their weights, so long that scores made of their sum spread by the part's share."""
    weighed = rows * weights[:, None]
    return weighed * (share / _spread(weighed.sum(axis=0), covariance))


def _spread(direction: Floats, covariance: Floats) -> float:
    """The standard deviation of all items' inner products with a direction; infinite where they do not differ."""
    variance = float(direction @ covariance @ direction)
    return float(np.sqrt(variance)) if variance > FLAT**2 else float("inf")
