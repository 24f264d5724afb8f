"""What is known of whoever the recommendations are for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection

from catalog.models import IndexVersion
from catalog.wire import binary
from recommender.interests import Event, Interest, Kind, sum_of
from recommender.models import TasteModel
from recommender.portraits import PersonalInterest
from recommender.preferences import marked, preferences_of
from recommender.profiles import MAX_EVENTS, history, interests_from, stored_interests
from recommender.serving.scenarios import SERVING
from recommender.space.folding import Folded
from recommender.space.spaces import fold_in
from recommender.subjects import Subject
from recommender.vectors import Centre, centre_of

#: The newest events of a history, whose items are left out; further back nothing is.
MAX_EVENTS_SEEN = 20_000
# Written out: to compose it anew and to read the dates as text would take longer than the statement.
HISTORY = f"""
    SELECT event.item_id, event.value, event.occurred_at, kind.name, kind.weight, kind.half_life_days
    FROM recommender_interaction AS event JOIN recommender_eventkind AS kind ON kind.name = event.kind_id
    WHERE event.{{column}} = %(subject)s {{before}}
    ORDER BY event.occurred_at DESC, event.id DESC LIMIT {MAX_EVENTS_SEEN}
"""  # noqa: S608
LIKED = frozenset({"like", "save", "cart", "buy", "rating"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """`seen` items are left out of what is recommended, whether they were liked, hidden or only looked at; `liked`
    are those among them that more was done with than to look. `interest` is the sum of those of `interests` that are
    not muted. `folded` is the place in the space of `model`, where a trained one is active and knows anything of the
    history."""

    version: IndexVersion | None
    centre: Centre | None
    interest: Interest | None
    seen: frozenset[int]
    liked: frozenset[int]
    interests: tuple[PersonalInterest, ...] = ()
    model: TasteModel | None = None
    folded: Folded | None = None

    def without(self, item_ids: Iterable[int]) -> Viewer:
        return replace(self, seen=self.seen.union(item_ids))


def viewer_of(
    subject: Subject, *, as_of: datetime | None = None, model: str = SERVING, for_a_list: bool = False
) -> Viewer:
    """Read what is known of a subject, or what was at a moment; nothing of somebody who opted out. What is muted is
    muted at any moment. `model` is `serving`, `untrained`, or a model's number.

    Seven queries, five more while no interest is stored. What is read `for_a_list` is the place in a trained space
    alone, where there is one and nothing is muted: four queries then.
    """
    preferences = preferences_of(subject)
    if preferences.opted_out_at is not None:
        subject = Subject()
    events, kinds = _history(subject, as_of)
    seen = frozenset(event.item_id for event in events)
    by_interests = bool(preferences.mutes) or not for_a_list
    version = IndexVersion.objects.active() if by_interests else None
    interests = marked(_interests(subject, version, as_of), preferences) if seen and version else []
    muted = {item_id for own in interests if own.muted for item_id in own.interest.sources}
    counted = [event for event in events[:MAX_EVENTS] if event.item_id not in muted]
    taste_model = TasteModel.objects.chosen(model) if seen else None
    known = Viewer(
        version=None,
        centre=None,
        interest=None,
        interests=tuple(interests),
        seen=seen,
        liked=frozenset(event.item_id for event in events if event.kind in LIKED) - muted,
        model=taste_model,
        folded=fold_in(taste_model, counted, kinds) if taste_model else None,
    )
    if known.folded is not None and for_a_list:
        return known
    version = version or IndexVersion.objects.active()
    if version is None:
        return known
    if seen and not by_interests:
        interests = _interests(subject, version, as_of)
    return replace(
        known,
        version=version,
        centre=centre_of(version),
        interest=sum_of(own.interest for own in interests if not own.muted),
        interests=tuple(interests),
    )


def _history(subject: Subject, as_of: datetime | None) -> tuple[list[Event], dict[str, Kind]]:
    """The newest MAX_EVENTS_SEEN events, and the kinds they are of; no query for somebody unknown."""
    if not subject.known:
        return [], {}
    (column, subject_id), *_ = subject.lookup.items()
    statement = HISTORY.format(column=column, before="AND event.occurred_at < %(as_of)s" if as_of else "")
    with connection.cursor() as cursor:
        binary(cursor).execute(statement, {"subject": subject_id, "as_of": as_of})
        rows = cursor.fetchall()
    kinds = {kind: Kind(weight=weight, half_life_days=half_life_days) for *_, kind, weight, half_life_days in rows}
    return [
        Event(item_id=item_id, kind=kind, value=value, occurred_at=moment) for item_id, value, moment, kind, *_ in rows
    ], kinds


def _interests(subject: Subject, version: IndexVersion, as_of: datetime | None) -> list[PersonalInterest]:
    """The stored interests; worked out on the spot for another moment, or while no worker has stored any."""
    stored = stored_interests(subject, version) if as_of is None else []
    return stored or interests_from(history(subject, as_of=as_of), version)
