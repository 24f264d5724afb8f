"""What is known about the person whom recommendations are for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from django.db import connection
from django.utils import timezone

from catalog.database.wire import binary
from catalog.models import IndexVersion
from recommender.interests import Event, Interest, Kind, sum_of
from recommender.models import Preferences, TasteModel
from recommender.past import Past
from recommender.personal_interests import PersonalInterest
from recommender.preferences import marked, preferences_of
from recommender.profiles import MAX_EVENTS, as_stored, interests_from, stored_interests
from recommender.serving.scenarios import SERVING
from recommender.space.folding import Folded
from recommender.space.spaces import fold_in
from recommender.space.strengths import FULL_WEIGHT
from recommender.subjects import Subject
from recommender.vectors import Centre, centre_of

#: The items of this many of the newest events are left out; older ones may be recommended again.
MAX_EVENTS_SEEN = 20_000
# Raw SQL: composing the query and parsing dates as text would take longer than running it.
HISTORY = f"""
    SELECT event.item_id, event.value, event.occurred_at, kind.name, kind.weight, kind.half_life_days
    FROM recommender_interaction AS event JOIN recommender_eventkind AS kind ON kind.name = event.kind_id
    WHERE event.{{column}} = %(subject)s {{known}}
    ORDER BY event.occurred_at DESC, event.id DESC LIMIT {MAX_EVENTS_SEEN}
"""  # noqa: S608
#: The kind of unrecorded events: items given for one list.
GIVEN = "given"
LIKED = frozenset({"like", "save", "cart", "buy", "rating"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """What somebody's recommendations are made from."""

    version: IndexVersion | None
    centre: Centre | None
    interest: Interest | None
    """The sum of the `interests` that are not muted."""
    seen: frozenset[int]
    """Items that are not recommended again, whether they were liked, hidden or only looked at."""
    liked: frozenset[int]
    """The items in `seen` that were liked, saved, put into a cart, bought or rated, and are not muted."""
    interests: tuple[PersonalInterest, ...] = ()
    model: TasteModel | None = None
    """The taste model to score with; None for the untrained score."""
    folded: Folded | None = None
    """The history as a vector in the model's space; None without a model, or if it knows no item of the history."""
    given: frozenset[int] = frozenset()
    """Items named for this list only."""
    past: Past | None = None
    """The moment that all of this is as of; None for now."""

    def without(self, item_ids: Iterable[int]) -> Viewer:
        return replace(self, seen=self.seen.union(item_ids))


@dataclass(frozen=True, kw_only=True)
class _Known:
    """The history and preferences that a list is made from. Interests are computed when first needed."""

    subject: Subject
    preferences: Preferences
    events: Sequence[Event]
    """Newest first."""
    kinds: Mapping[str, Kind]
    as_recorded: bool
    """Whether this is everything now recorded about the subject, so that interests stored by workers match it."""

    @cached_property
    def version(self) -> IndexVersion | None:
        return IndexVersion.objects.active()

    @cached_property
    def interests(self) -> list[PersonalInterest]:
        """The stored interests, if a worker has stored any from these events; else computed."""
        if self.version is None or not self.events:
            return []
        stored = stored_interests(self.subject, self.version) if self.as_recorded else []
        own = stored or as_stored(interests_from(self.events[:MAX_EVENTS], self.version, self.kinds))
        return marked(own, self.preferences)

    @cached_property
    def muted(self) -> frozenset[int]:
        """The items of muted interests."""
        if not self.preferences.mutes:
            return frozenset()
        return frozenset(item_id for own in self.interests if own.muted for item_id in own.interest.sources)

    def fold_in(self, model: TasteModel) -> Folded | None:
        counted = [event for event in self.events[:MAX_EVENTS] if event.item_id not in self.muted]
        return fold_in(model, counted, self.kinds)


def viewer_of(
    subject: Subject,
    *,
    past: Past | None = None,
    model: str = SERVING,
    given: Sequence[int] = (),
    for_a_list: bool = False,
) -> Viewer:
    """Read what is known about a subject, now or as of a moment; nothing for somebody who opted out.

    `model` is `serving`, `untrained`, or a model's number. `given` items, the weightiest first, count as if each had
    just been liked; none of this is recorded. Interests that are muted today are muted in the past too.

    Seven queries, five more while no interest is stored. With `for_a_list`, four are enough if a trained space serves
    and nothing is muted: neither the version nor the interests are read then.
    """
    known = _known(subject, past, given)
    seen = frozenset(event.item_id for event in known.events)
    taste_model = TasteModel.objects.chosen(model) if seen else None
    folded = known.fold_in(taste_model) if taste_model else None
    in_space = for_a_list and folded is not None
    version, interests = (None, []) if in_space else (known.version, known.interests)
    return Viewer(
        version=version,
        centre=centre_of(version) if version else None,
        interest=sum_of(own.interest for own in interests if not own.muted),
        interests=tuple(interests),
        seen=seen,
        liked=frozenset(event.item_id for event in known.events if event.kind in LIKED) - known.muted,
        model=taste_model,
        folded=folded,
        given=frozenset(given),
        past=past,
    )


def _known(subject: Subject, past: Past | None, given: Sequence[int]) -> _Known:
    preferences = preferences_of(subject)
    if preferences.opted_out_at is not None:
        subject = Subject()
    events, kinds = _history(subject, past)
    if given:
        kinds |= {GIVEN: Kind(weight=FULL_WEIGHT, half_life_days=1.0)}
        events = [*_given(given, past.at if past else timezone.now()), *events]
    return _Known(
        subject=subject,
        preferences=preferences,
        events=events,
        kinds=kinds,
        as_recorded=past is None and not given,
    )


def _given(item_ids: Sequence[int], moment: datetime) -> list[Event]:
    """Events for these items just after a moment, the first item newest."""
    return [
        Event(item_id=item_id, kind=GIVEN, occurred_at=moment + timedelta(microseconds=len(item_ids) - place))
        for place, item_id in enumerate(dict.fromkeys(item_ids))
    ]


def _history(subject: Subject, past: Past | None) -> tuple[list[Event], dict[str, Kind]]:
    """The newest MAX_EVENTS_SEEN events, and their kinds; no query for somebody unknown."""
    if not subject.known:
        return [], {}
    (column, subject_id), *_ = subject.lookup.items()
    statement = HISTORY.format(column=column, known=f"AND {past.events}" if past else "")
    with connection.cursor() as cursor:
        binary(cursor).execute(statement, {"subject": subject_id} | (past.parameters if past else {}))
        rows = cursor.fetchall()
    kinds = {kind: Kind(weight=weight, half_life_days=half_life_days) for *_, kind, weight, half_life_days in rows}
    if past:
        kinds |= past.kinds
    return [
        Event(item_id=item_id, kind=kind, value=value, occurred_at=moment) for item_id, value, moment, kind, *_ in rows
    ], kinds
