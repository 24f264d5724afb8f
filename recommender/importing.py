"""Loading files of interactions: who did what with which item, and when."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from catalog.importing.csv_reader import unescaped
from catalog.importing.mapping import Mapping as FileMapping
from catalog.importing.names import NeededColumns, columns_of, source_named
from catalog.importing.rows import FileUnreadable, Problem, Row, RowFault
from catalog.importing.runs import SAMPLE_ROWS, Loaded, RowsFromStart, work_through
from catalog.models import ImportRun, Item
from recommender.accounts import MAX_USERNAME, ensure_accounts
from recommender.interactions import NewInteraction, correct_values, insert_interactions
from recommender.models import EventKind
from recommender.repeated_ratings import RepeatedRatings, derived_event_id
from recommender.subjects import Subject

# Column names recognised for each field, the most likely first.
NAMES = {
    "user": ("user", "user_id", "username"),
    "item": ("item", "item_id", "external_id"),
    "kind": ("kind", "event"),
    "value": ("value", "rating"),
    "occurred_at": ("occurred_at", "timestamp"),
    "event_id": ("event_id",),
}
_NEEDED = ("user", "item")
RATING, DEFAULT_KIND = "rating", "view"
MAX_EVENT_ID = 64
MAX_VALUE = 100.0
_MILLISECONDS_FROM = 1e11
CLOCK_SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedEvent:
    """One row, parsed and validated; user and item are still names."""

    line: int
    username: str
    external_id: str
    kind: str
    value: float | None
    occurred_at: datetime
    event_id: str
    is_named: bool
    """Whether the file gives the event id; else it is derived from who did what and when."""

    @property
    def is_corrected(self) -> bool:
        """Whether other stars than those recorded replace them."""
        return self.kind == RATING and not self.is_named


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionLoader:
    mapping: FileMapping
    kinds: frozenset[str]
    is_csv: bool
    repeated: RepeatedRatings = field(default_factory=RepeatedRatings)

    @classmethod
    def for_file(cls, mapping: FileMapping, *, is_csv: bool, rows: RowsFromStart) -> InteractionLoader:
        """Reads the whole file, to find ratings that it holds several times.

        Raises FileUnreadable when the user or item column is missing.
        """
        needed = NeededColumns({name: NAMES[name] for name in _NEEDED}, mapped=mapping.interactions)
        needed.look_in(islice(rows(), SAMPLE_ROWS))
        kinds = frozenset(EventKind.objects.values_list("name", flat=True))
        loader = cls(mapping=mapping, kinds=kinds, is_csv=is_csv)
        return replace(loader, repeated=RepeatedRatings.among(loader.ratings_in(rows())))

    def ratings_in(self, rows: Iterable[Row]) -> Iterator[tuple[str, float]]:
        """The derived event ids and stars of ratings, up to where the file is broken."""
        with suppress(FileUnreadable):
            for row in rows:
                with suppress(RowFault):
                    event = self.event_of(row)
                    if event.is_corrected and event.value is not None:
                        yield event.event_id, event.value

    def load(self, rows: Sequence[Row]) -> Loaded:
        loaded = Loaded()
        events = []
        for row in rows:
            try:
                events.append(self._that_counts(self.event_of(row)))
            except RowFault as fault:
                loaded.problems.append(Problem(line=row.line, reason=str(fault)))
        items = Item.objects.ids_by_external_id({event.external_id for event in events})
        known = [event for event in events if event.external_id in items]
        for event in events:
            if event.external_id not in items:
                reason = f"item: there is no item {event.external_id!r}."
                loaded.problems.append(Problem(line=event.line, reason=reason))
        loaded.problems.sort(key=lambda problem: problem.line)
        loaded.created, loaded.updated = _save(known, items)
        loaded.unchanged = len(known) - loaded.created - loaded.updated
        return loaded

    def _that_counts(self, event: ImportedEvent) -> ImportedEvent:
        """The event with the stars that count."""
        if not event.is_corrected or (stars := self.repeated.stars_of(event.event_id)) is None:
            return event
        return replace(event, value=stars)

    def event_of(self, row: Row) -> ImportedEvent:
        """Parse and validate a row. Raises RowFault."""
        if row.fault:
            raise RowFault(row.fault)
        columns = columns_of(row.values)
        given = {name: self._value(name, row, columns) for name in NAMES}
        value = _number("value", given["value"])
        kind = DEFAULT_KIND if value is None else RATING
        if given["kind"] not in (None, ""):
            kind = str(given["kind"])
        if kind not in self.kinds:
            raise RowFault(f"kind: unknown {kind[:50]!r}. Known: {', '.join(sorted(self.kinds))}.")
        if kind == RATING and value is None:
            raise RowFault("value: a rating needs its stars.")
        prefix = self.mapping.user_prefix
        username = prefix + _text("user", given["user"], MAX_USERNAME - len(prefix))
        external_id = _text("item", given["item"], 200)
        identity = "\n".join((username, external_id, kind, str(given["occurred_at"])))
        return ImportedEvent(
            line=row.line,
            username=username,
            external_id=external_id,
            kind=kind,
            value=value if kind == RATING else None,
            occurred_at=_moment(given["occurred_at"]),
            event_id=_text("event_id", given["event_id"] or derived_event_id(identity), MAX_EVENT_ID),
            is_named=bool(given["event_id"]),
        )

    def _value(self, name: str, row: Row, columns: Mapping[str, str]) -> Any:
        source = self.mapping.interactions.get(name) or source_named(NAMES[name], row.values, columns)
        value = source.value_in(row.values) if source else None
        return unescaped(value) if self.is_csv and isinstance(value, str) else value


def run_import(run: ImportRun, *, report: Callable[[ImportRun], None] = lambda run: None) -> None:
    """Load the rest of a run's interactions. The workers' sweep brings the profiles up to date."""
    work_through(run, InteractionLoader.for_file, report=report)


def _save(events: Sequence[ImportedEvent], items: Mapping[str, int]) -> tuple[int, int]:
    """Insert the events that are not recorded yet, and correct the stars of those that are. Return how many were
    inserted and how many corrected.

    Of repeats with an id of the file the first counts.
    """
    users = ensure_accounts(event.username for event in events)
    by_subject: defaultdict[Subject, dict[str, NewInteraction]] = defaultdict(dict)
    ratings: defaultdict[Subject, dict[str, NewInteraction]] = defaultdict(dict)
    for event in events:
        subject = Subject(user_id=users[event.username])
        new = NewInteraction(
            item_id=items[event.external_id],
            kind=event.kind,
            value=event.value,
            occurred_at=event.occurred_at,
            event_id=event.event_id,
        )
        by_subject[subject].setdefault(event.event_id, new)
        if event.is_corrected:
            ratings[subject][event.event_id] = new
    created = insert_interactions({subject: [*own.values()] for subject, own in by_subject.items()})
    return created, correct_values({subject: [*own.values()] for subject, own in ratings.items()})


def _text(name: str, value: Any, longest: int) -> str:
    is_text = isinstance(value, str | int) and not isinstance(value, bool)
    text = str(value).strip() if is_text else ""
    if not text or len(text) > longest or not text.isprintable():
        raise RowFault(f"{name}: use printable text of 1 to {longest} characters.")
    return text


def _number(name: str, value: Any) -> float | None:
    if value in (None, ""):
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= MAX_VALUE:
        raise RowFault(f"{name}: use a number from -{MAX_VALUE:g} to {MAX_VALUE:g}.")
    return number


def _moment(value: Any) -> datetime:
    """Read seconds or milliseconds since 1970, or ISO 8601; an empty value means now. Raises RowFault."""
    if value in (None, ""):
        return timezone.now()
    try:
        moment = None if isinstance(value, bool) else _parsed_moment(value)
    except (TypeError, ValueError, OverflowError, OSError):
        moment = None
    if moment is None:
        raise RowFault("occurred_at: use seconds since 1970 or a date such as 2026-01-31T12:00:00Z.")
    if moment > timezone.now() + CLOCK_SKEW:
        raise RowFault("occurred_at: this is in the future.")
    return moment


def _parsed_moment(value: Any) -> datetime | None:
    try:
        seconds = float(value)
    except ValueError:
        moment = parse_datetime(value)
        if moment is None or moment.tzinfo is None:
            return moment and moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)  # fails for the hours before the year 1, which could be stored but not read
    return datetime.fromtimestamp(seconds / 1000 if abs(seconds) > _MILLISECONDS_FROM else seconds, tz=UTC)
