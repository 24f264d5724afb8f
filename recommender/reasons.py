"""Why an item is recommended: what lifted it, as shares of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from catalog.models import Item
from recommender.recommendations import Reason, Source
from recommender.scoring import Scores

#: Past items that a recommendation names.
MAX_NAMED = 3
#: What makes less of it is not worth naming.
LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """What lifted a candidate, as shares of one: past items, its popularity, being new, or chance. What is left is the
    rest of the history."""

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


#: What stands in a list by chance.
EXPLORED = Lift(items={}, explore=1.0)


def lift_of(scores: Scores, position: int) -> Lift:
    """What lifted the candidate at a position. Popularity and being new count as far as they are above the usual
    candidate's; where nothing else did it is being new."""
    own = np.maximum(scores.parts[position], 0.0)
    rest = max(float(scores.rest[position]), 0.0)
    popular = max(float(scores.popular[position] - np.median(scores.popular)), 0.0)
    new = 0.0 if scores.fresh is None else max(float(scores.fresh[position] - np.median(scores.fresh)), 0.0)
    total = float(own.sum()) + rest + popular + new
    if total <= 0:
        return Lift(items={}, popular=1.0) if scores.popular[position] > 0 else Lift(items={}, new=1.0)
    named = [int(at) for at in np.argsort(-own, kind="stable")[:MAX_NAMED] if own[at] > 0]
    items = {scores.sources[at]: float(own[at]) / total for at in named}
    return Lift(items=items, popular=popular / total, new=new / total)


def reasons_of(lift: Lift, items: Mapping[int, Item], *, liked: Collection[int]) -> tuple[Reason, ...]:
    """The reasons in words, past items first. Items that are no longer shown count with the rest of the history."""
    reasons = [
        Reason(kind="item", share=share, item=items[item_id], liked=item_id in liked)
        for item_id, share in lift.items.items()
        if item_id in items and items[item_id].published
    ]
    history = 1 - sum(reason.share for reason in reasons) - lift.popular - lift.new - lift.explore
    others = [
        Reason(kind="history", share=history),
        Reason(kind="popular", share=lift.popular),
        Reason(kind="new", share=lift.new),
        Reason(kind="explore", share=lift.explore),
    ]
    reasons = [reason for reason in [*reasons, *others] if reason.share >= LEAST_SHARE]
    if lift.source != "taste":
        reasons.sort(key=lambda reason: -reason.share)
    total = sum(reason.share for reason in reasons)
    return tuple(replace(reason, share=reason.share / total) for reason in reasons)
