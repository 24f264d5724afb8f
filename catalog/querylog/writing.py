"""From recorded events to rows: requests are folded into intents, and clicks matched to theirs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from catalog.models import SearchIntent
from catalog.querylog.events import ClickMade, Event, SearchMade
from catalog.querylog.intents import IDLE, begin, go_on, goes_on, normalised, take_click

#: Lock key: two processes folding requests of one visit at the same time would make two intents of it.
LOCK = 7_203_414_061
#: How long a click waits for its search, which another process may still hold.
PATIENCE = timedelta(seconds=5)

# Rows are passed as JSON: at a thousand searches a second the ORM would cost the web process a quarter of its time.
GIVEN = """
    json_to_recordset(%s) AS given(
        id bigint, source text, visit uuid, asker bigint, text text, folded text, started_at timestamptz,
        last_at timestamptz, open boolean, requests integer, request_ids uuid[], shown bigint[], total integer,
        close_total integer, filtered boolean, semantic_ratio float8, degraded boolean, corrected boolean,
        processing_ms float8, clicks jsonb, best_click smallint
    )
"""
INSERT_SQL = f"""
    INSERT INTO catalog_searchintent (
        source, visit, asker, text, folded, started_at, last_at, open, requests, request_ids, shown, total, close_total,
        filtered, semantic_ratio, degraded, corrected, processing_ms, clicks, best_click
    )
    SELECT source, visit, asker, text, folded, started_at, last_at, open, requests, request_ids, shown, total,
        close_total, filtered, semantic_ratio, degraded, corrected, processing_ms, clicks, best_click
    FROM {GIVEN}
"""  # noqa: S608  (constants)
# `open`, and with it `visit`, is changed by tidying only.
UPDATE_SQL = f"""
    UPDATE catalog_searchintent AS intent
    SET asker = given.asker, text = given.text, folded = given.folded, started_at = given.started_at,
        last_at = given.last_at, requests = given.requests, request_ids = given.request_ids, shown = given.shown,
        total = given.total, close_total = given.close_total, filtered = given.filtered,
        semantic_ratio = given.semantic_ratio, degraded = given.degraded, corrected = given.corrected,
        processing_ms = given.processing_ms, clicks = given.clicks, best_click = given.best_click
    FROM {GIVEN} WHERE intent.id = given.id
"""  # noqa: S608  (constants)


@transaction.atomic
def write(events: Sequence[Event]) -> list[Event]:
    """Write events to the log and return the clicks whose search is not there yet.

    Four statements for any number of events: a lock, the open intents that the events may belong to, the new rows, and
    the changed ones.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    page = _Page(events)
    waiting: list[Event] = []
    patient_since = timezone.now() - PATIENCE
    for event in sorted(events, key=lambda event: event.at):
        if isinstance(event, SearchMade):
            page.take_search(event)
        elif not page.take_click(event) and event.at > patient_since:
            waiting.append(event)
    page.save()
    return waiting


class _Page:
    """The intents that some events belong to, while being changed."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.new: list[SearchIntent] = []
        self.changed: dict[int, SearchIntent] = {}
        self.of_visit: defaultdict[UUID, list[SearchIntent]] = defaultdict(list)
        self.of_request: dict[UUID, SearchIntent] = {}
        visits = {event.visit for event in events if event.visit is not None}
        clicked = {
            event.request_id for event in events if isinstance(event, ClickMade) and event.request_id is not None
        }
        earliest = min((event.at for event in events), default=None)
        if (visits or clicked) and earliest is not None:
            for intent in SearchIntent.objects.concerning(visits, clicked, since=earliest - IDLE):
                self._remember(intent)

    def take_search(self, search: SearchMade) -> None:
        intents = self.of_visit[search.visit] if search.visit is not None else []
        for intent in reversed(intents):
            if goes_on(intent, search, is_latest=intent is intents[-1]):
                go_on(intent, search)
                intents.remove(intent)
                break
        else:
            intent = begin(search)
            self.new.append(intent)
        self._remember(intent)
        self._changed(intent)

    def take_click(self, click: ClickMade) -> bool:
        """Whether the click's search is known."""
        intent = self._intent_of(click)
        if intent is not None and take_click(intent, click):
            self._changed(intent)
        return intent is not None

    def save(self) -> None:
        with connection.cursor() as cursor:
            if self.new:
                cursor.execute(INSERT_SQL, [_as_json(self.new)])
            if self.changed:
                cursor.execute(UPDATE_SQL, [_as_json(self.changed.values())])

    def _intent_of(self, click: ClickMade) -> SearchIntent | None:
        if click.request_id is not None:
            return self.of_request.get(click.request_id)
        text = normalised(click.text)
        same = [intent for intent in self.of_visit.get(click.visit, ()) if intent.folded == text] if click.visit else []
        return same[-1] if same else None

    def _remember(self, intent: SearchIntent) -> None:
        if intent.visit is not None:
            self.of_visit[intent.visit].append(intent)
        self.of_request |= dict.fromkeys(intent.request_ids, intent)

    def _changed(self, intent: SearchIntent) -> None:
        if intent.pk is not None:
            self.changed[intent.pk] = intent


def _as_json(intents: Iterable[SearchIntent]) -> str:
    rows = [{name: value for name, value in vars(intent).items() if name != "_state"} for intent in intents]
    return json.dumps(rows, default=str)
