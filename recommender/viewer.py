"""What is known of whoever the recommendations are for."""

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

#: The newest events of a history, whose items are left out; further back nothing is.
MAX_EVENTS_SEEN = 20_000
# Written out: to compose it anew and to read the dates as text would take longer than the statement.
HISTORY = f"""
    SELECT event.item_id, event.value, event.occurred_at, kind.name, kind.weight, kind.half_life_days
    FROM recommender_interaction AS event JOIN recommender_eventkind AS kind ON kind.name = event.kind_id
    WHERE event.{{column}} = %(subject)s {{known}}
    ORDER BY event.occurred_at DESC, event.id DESC LIMIT {MAX_EVENTS_SEEN}
"""  # noqa: S608
#: The kind of what is not recorded: items given for one list.
GIVEN = "given"
LIKED = frozenset({"like", "save", "cart", "buy", "rating"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """What recommendations for somebody are made of."""

    version: IndexVersion | None
    centre: Centre | None
    interest: Interest | None
    """The sum of those of `interests` that are not muted."""
    seen: frozenset[int]
    """Items that are not recommended again, whether they were liked, hidden or only looked at."""
    liked: frozenset[int]
    """Those of `seen` that were liked, saved, put into a cart, bought or rated, and are not muted."""
    interests: tuple[PersonalInterest, ...] = ()
    model: TasteModel | None = None
    """The taste model to score by; None for the untrained score."""
    folded: Folded | None = None
    """The history as a vector in the model's space; None without a model, or where it knows no item of the history."""
    given: frozenset[int] = frozenset()
    """Items that were named for this list alone."""
    past: Past | None = None
    """The moment that all of this is as of; None for now."""

    def without(self, item_ids: Iterable[int]) -> Viewer:
        return replace(self, seen=self.seen.union(item_ids))


@dataclass(frozen=True, kw_only=True)
class _Known:
    """The history and the preferences that a list is made of. Interests are worked out when first asked for."""

    subject: Subject
    preferences: Preferences
    events: Sequence[Event]
    """The newest first."""
    kinds: Mapping[str, Kind]
    as_recorded: bool
    """Whether this is all that is recorded of the subject now: what workers have stored is of the same events."""

    @cached_property
    def version(self) -> IndexVersion | None:
        return IndexVersion.objects.active()

    @cached_property
    def interests(self) -> list[PersonalInterest]:
        """The stored ones, where they are of these events and a worker has stored any."""
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
    """Read what is known of a subject, now or as of a moment; nothing of somebody who opted out.

    `model` is `serving`, `untrained`, or a model's number. `given` items, the weightiest first, count as if each had
    just been liked; nothing of that is recorded. Interests that are muted today are muted in the past too.

    Seven queries, five more while no interest is stored. With `for_a_list` four are enough where a trained space
    serves and nothing is muted: neither version nor interests are read then.
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
    """Events with these items just after a moment, the last of them with the first."""
    return [
        Event(item_id=item_id, kind=GIVEN, occurred_at=moment + timedelta(microseconds=len(item_ids) - place))
        for place, item_id in enumerate(dict.fromkeys(item_ids))
    ]


def _history(subject: Subject, past: Past | None) -> tuple[list[Event], dict[str, Kind]]:
    """The newest MAX_EVENTS_SEEN events, and the kinds they are of; no query for somebody unknown."""
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
