"""What people do with items: recorded, deleted event by event, and exported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import orjson
from django.db import connection, transaction

from catalog.querylog.requests import log_interaction
from catalog.signals import interactions_recorded
from recommender.models import Interaction
from recommender.models.personal import is_personalised
from recommender.serving.lists import note_event
from recommender.subjects import Subject

EXPORT_BATCH = 1_000
#: Longer than any transaction lasts, and than a site goes without the worker that tidies up.
DELETIONS_TAKE = timedelta(days=3)

# Skipped are items that no longer exist, events of people who opted out, and events that the subject has recorded
# already. Rows are inserted in the order of their event ids, so that two senders of the same events never deadlock.
INSERT = f"""
INSERT INTO recommender_interaction (user_id, visitor, item_id, kind_id, value, occurred_at, event_id, request_id)
SELECT given.user_id, given.visitor, given.item_id, given.kind, given.value,
    coalesce(given.occurred_at, now()), given.event_id, given.request_id
FROM json_to_recordset(%s) AS given(
    user_id bigint, visitor uuid, item_id bigint, kind text, value float8, occurred_at timestamptz, event_id text,
    request_id text
)
JOIN catalog_item AS item ON item.id = given.item_id
JOIN recommender_eventkind AS kind ON kind.name = given.kind
WHERE {is_personalised("given")}
ORDER BY given.event_id, given.user_id, given.visitor
ON CONFLICT DO NOTHING
"""  # noqa: S608
# Finds the events through the index of their ids. An event id that names another item or kind corrects nothing.
CORRECT = f"""
UPDATE recommender_interaction AS known SET value = given.value
FROM json_to_recordset(%s) AS given(
    user_id bigint, visitor uuid, item_id bigint, kind text, value float8, event_id text
)
WHERE known.event_id = given.event_id AND (known.user_id = given.user_id OR known.visitor = given.visitor)
    AND known.item_id = given.item_id AND known.kind_id = given.kind
    AND known.value IS DISTINCT FROM given.value AND {is_personalised("given")}
"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInteraction:
    """An event to record. `occurred_at` None means now; an `event_id` makes it safe to send twice."""

    item_id: int
    kind: str
    value: float | None = None
    occurred_at: datetime | None = None
    event_id: str = ""
    request_id: str = ""

    def as_row(self, subject: Subject) -> dict[str, Any]:
        return {
            **subject.as_arguments(),
            "item_id": self.item_id,
            "kind": self.kind,
            "value": self.value,
            "occurred_at": self.occurred_at,
            "event_id": self.event_id or None,
            "request_id": self.request_id,
        }


def record_interactions(subject: Subject, events: Sequence[NewInteraction]) -> int:
    """Record what a subject did, in one statement, and return how many events were new."""
    return record_for_many({subject: events})


def record_for_many(events: Mapping[Subject, Sequence[NewInteraction]]) -> int:
    """`record_interactions` for several subjects at once. Raises ValueError for an unknown subject."""
    with transaction.atomic():
        created = insert_interactions(events)
        if created:
            announce(*events)
            transaction.on_commit(lambda: _log_clicks(events.values()))
    return created


def insert_interactions(events: Mapping[Subject, Sequence[NewInteraction]]) -> int:
    """`record_for_many`, announcing nothing: the workers' sweep updates the profiles."""
    if not all(subject.known for subject in events):
        raise ValueError("Interactions belong to a user or a visitor.")
    return _write(INSERT, events)


def correct_values(events: Mapping[Subject, Sequence[NewInteraction]]) -> int:
    """Give the recorded ones of these events the values given here, in one statement, and return how many differed."""
    return _write(CORRECT, events)


def _write(statement: str, events: Mapping[Subject, Sequence[NewInteraction]]) -> int:
    rows = [event.as_row(subject) for subject, own in events.items() for event in own]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(statement, [orjson.dumps(rows).decode()])
        return int(cursor.rowcount)


def delete_interaction(subject: Subject, interaction_id: int) -> bool:
    """Delete one of a subject's own events; return whether there was one."""
    return delete_interactions(subject, Interaction.objects.with_id(interaction_id)) > 0


@transaction.atomic
def delete_interactions(subject: Subject, interactions: Any) -> int:
    """Delete those of the interactions that belong to the subject and return how many there were."""
    deleted, _ = interactions.of(subject).delete()
    if deleted:
        announce(subject)
    return int(deleted)


def forget_events_of_gone_items() -> int:
    """Delete events recorded for items while these were being deleted, which no foreign key prevents, and return how
    many there were. Reads only the events of the last days, through their index."""
    deleted, _ = Interaction.objects.recorded_within(DELETIONS_TAKE).of_gone_items().delete()
    return deleted


def export_history(subject: Subject) -> Iterator[dict[str, Any]]:
    """Every event of a subject as plain values, in the order they were recorded; read in batches."""
    last = 0
    while batch := list(Interaction.objects.of(subject).recorded_after(last).with_items()[:EXPORT_BATCH]):
        yield from (describe(interaction) for interaction in batch)
        last = batch[-1].pk


def describe(interaction: Interaction) -> dict[str, Any]:
    """An event as the API and the export show it; its item must be loaded."""
    return {
        "id": interaction.pk,
        "item": interaction.item.external_id,
        "title": interaction.item.title,
        "kind": interaction.kind_id,
        "value": interaction.value,
        "occurred_at": interaction.occurred_at.isoformat(),
        "event_id": interaction.event_id,
        "request_id": interaction.request_id,
    }


def announce(*subjects: Subject) -> None:
    """Announce, after the commit, whose history changed."""
    transaction.on_commit(lambda: interactions_recorded.send(sender=Interaction, subjects=_distinct(subjects)))


def _log_clicks(events: Iterable[Sequence[NewInteraction]]) -> None:
    for event in chain.from_iterable(events):
        if event.request_id:
            log_interaction(event.request_id, event.item_id)
            note_event(event.request_id, event.item_id, event.kind, event.value)


def _distinct(subjects: Iterable[Subject]) -> list[Subject]:
    return list(dict.fromkeys(subjects))
