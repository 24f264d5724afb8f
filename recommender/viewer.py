"""What is known of whoever the recommendations are for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from catalog.models import IndexVersion
from recommender.interests import Event, Interest, Kind
from recommender.models import Interaction, TasteModel, UserEmbedding
from recommender.profiles import MAX_EVENTS, history, interest_from
from recommender.serving.scenarios import SERVING
from recommender.space.folding import Folded
from recommender.space.spaces import fold_in
from recommender.subjects import Subject
from recommender.vectors import Centre, centre_of

#: The newest events of a history, whose items are left out; further back nothing is.
MAX_EVENTS_SEEN = 20_000
LIKED = frozenset({"like", "save", "cart", "buy", "rating"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """`seen` items are left out of what is recommended, whether they were liked, hidden or only looked at; `liked`
    are those among them that more was done with than to look. `folded` is the place in the space of `model`, where a
    trained one is active and knows anything of the history."""

    version: IndexVersion | None
    centre: Centre | None
    interest: Interest | None
    seen: frozenset[int]
    liked: frozenset[int]
    model: TasteModel | None = None
    folded: Folded | None = None

    def without(self, item_ids: Iterable[int]) -> Viewer:
        return replace(self, seen=self.seen.union(item_ids))


def viewer_of(
    subject: Subject, *, as_of: datetime | None = None, model: str = SERVING, for_a_list: bool = False
) -> Viewer:
    """Read what is known of a subject, or what was at a moment. `model` is `serving`, `untrained`, or a model's number.

    Six queries, four more while no interest is stored. What is read `for_a_list` is the place in a trained space alone,
    where there is one: three queries then.
    """
    events, kinds = _history(subject, as_of)
    seen = frozenset(event.item_id for event in events)
    liked = frozenset(event.item_id for event in events if event.kind in LIKED)
    taste_model = TasteModel.objects.chosen(model) if seen else None
    folded = fold_in(taste_model, events[:MAX_EVENTS], kinds) if taste_model else None
    placed = Viewer(version=None, centre=None, interest=None, seen=seen, liked=liked, model=taste_model, folded=folded)
    if folded is not None and for_a_list:
        return placed
    version = IndexVersion.objects.active()
    if version is None:
        return placed
    interest = _interest(subject, version, as_of) if seen else None
    return replace(placed, version=version, centre=centre_of(version), interest=interest)


def _history(subject: Subject, as_of: datetime | None) -> tuple[list[Event], dict[str, Kind]]:
    """The newest MAX_EVENTS_SEEN events, and the kinds they are of; no query for somebody unknown."""
    if not subject.known:
        return [], {}
    interactions = Interaction.objects.of(subject).newest()
    if as_of is not None:
        interactions = interactions.before(as_of)
    columns = ("item_id", "value", "occurred_at", "kind_id", "kind__weight", "kind__half_life_days")
    events, kinds = [], {}
    for item_id, value, moment, kind, weight, half_life_days in interactions.values_list(*columns)[:MAX_EVENTS_SEEN]:
        events.append(Event(item_id=item_id, kind=kind, value=value, occurred_at=moment))
        kinds[kind] = Kind(weight=weight, half_life_days=half_life_days)
    return events, kinds


def _interest(subject: Subject, version: IndexVersion, as_of: datetime | None) -> Interest | None:
    """The stored interest; worked out on the spot for another moment, or while no worker has stored one."""
    stored = UserEmbedding.objects.of(subject).in_version(version).first() if as_of is None else None
    if stored is None:
        return interest_from(history(subject, as_of=as_of), version)
    return Interest(vector=np.array(stored.vector, np.float32), sources=dict(stored.sources))
