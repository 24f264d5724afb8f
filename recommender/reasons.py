"""Why an item is recommended: what raised its score, as shares of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from catalog.models import Item
from recommender.recommendations import Reason, ReasonKind, Source
from recommender.scoring import Floats, Scores

#: How many past items a recommendation names.
MAX_NAMED = 3
#: A reason with a smaller share is not worth naming.
LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """What raised a candidate's score, as shares of one: past items, its popularity, being new, or chance. The
    remainder is the rest of the history."""

    items: Mapping[int, float]
    popular: float = 0.0
    new: float = 0.0
    explore: float = 0.0

    @property
    def source(self) -> Source:
        if self.explore:
            return "explore"
        if self.new > 0.5:
            return "new"
        return "popular" if self.popular > 0.5 else "taste"


#: For an item placed in a list by chance.
EXPLORED = Lift(items={}, explore=1.0)


def lifts_of(scores: Scores, positions: npt.NDArray[np.int64]) -> list[Lift]:
    """What raised the candidates at these positions. Popularity and being new count by how far they exceed the median
    candidate's; if nothing raised a candidate, popularity gets the credit if it has any, else being new. A past item
    that was not liked is never named: what is unlike it counts as the rest of the history."""
    own = np.maximum(scores.parts_of(positions), 0.0)
    rest = np.maximum(scores.rest[positions], 0.0)
    popular, new = _above_usual(scores.popular)[positions], np.zeros(len(positions))
    if scores.fresh is not None:
        new = _above_usual(scores.fresh)[positions]
    totals = own.sum(axis=1) + rest + popular + new
    nameable = own * scores.in_favour
    strongest = np.argsort(-nameable, axis=1, kind="stable")[:, :MAX_NAMED]
    lifts = []
    for row, position in enumerate(positions.tolist()):
        if totals[row] <= 0:
            lifts.append(Lift(items={}, popular=1.0) if scores.popular[position] > 0 else Lift(items={}, new=1.0))
            continue
        shares = nameable[row] / totals[row]
        named = {scores.sources[at]: float(shares[at]) for at in strongest[row].tolist() if shares[at] > 0}
        lifts.append(Lift(items=named, popular=float(popular[row] / totals[row]), new=float(new[row] / totals[row])))
    return lifts


def _above_usual(values: Floats) -> Floats:
    return np.maximum(values - np.median(values), 0.0) if len(values) else values


def reasons_of(
    lift: Lift, items: Mapping[int, Item], *, liked: Collection[int], given: Collection[int] = ()
) -> tuple[Reason, ...]:
    """The reasons in words, past items first. Items no longer shown count towards the rest of the history."""
    shown = [
        (share, items[item_id])
        for item_id, share in lift.items.items()
        if item_id in items and items[item_id].published
    ]
    history = 1 - sum(share for share, _ in shown) - lift.popular - lift.new - lift.explore
    others: list[tuple[ReasonKind, float]] = [
        ("history", history),
        ("popular", lift.popular),
        ("new", lift.new),
        ("explore", lift.explore),
    ]
    named = [(share, item) for share, item in shown if share >= LEAST_SHARE]
    rest = [(kind, share) for kind, share in others if share >= LEAST_SHARE]
    total = sum(share for share, _ in named) + sum(share for _, share in rest)
    reasons = [
        *(
            Reason(
                kind="item",
                share=share / total,
                item=item,
                done="given" if item.pk in given else "liked" if item.pk in liked else "looked at",
            )
            for share, item in named
        ),
        *(Reason(kind=kind, share=share / total) for kind, share in rest),
    ]
    if lift.source != "taste":
        reasons.sort(key=lambda reason: -reason.share)
    return tuple(reasons)
