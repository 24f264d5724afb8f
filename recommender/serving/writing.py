"""From noted events to rows: lists are inserted, and what was done is matched to its list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from recommender.serving.events import ListShown, ListUsed, Noted

#: An action this long after a list was shown is still attributed to it.
WINDOW = timedelta(days=1)
#: How long an action waits for its list, which another process may still hold.
PATIENCE = timedelta(seconds=5)

INSERT_SQL = """
    INSERT INTO recommender_shownlist (
        shown_at, source, scenario, model_id, experiment_id, variant, unit, request_id, visit, item_ids, clicked, acted
    )
    SELECT at, source, scenario, model_id, experiment_id, variant, unit, request_id, visit, item_ids, '{}', '{}'
    FROM json_to_recordset(%s) AS given(
        at timestamptz, source text, scenario text, model_id bigint, experiment_id bigint, variant text, unit bigint,
        request_id uuid, visit uuid, item_ids bigint[]
    )
"""
# If several lists showed the item, the last one counts. Each branch reads its own index.
FIND_SQL = """
    SELECT given.number, list.id, array_position(list.item_ids, given.item_id)
    FROM json_to_recordset(%(given)s) AS given(
        number integer, at timestamptz, item_id bigint, request_id uuid, visit uuid, scenario text
    )
    CROSS JOIN LATERAL (
        SELECT found.id, found.item_ids FROM (
            SELECT * FROM recommender_shownlist AS asked WHERE asked.request_id = given.request_id
            UNION ALL
            SELECT * FROM recommender_shownlist AS visited
            WHERE visited.visit = given.visit AND given.scenario IN ('', visited.scenario)
        ) AS found
        WHERE given.item_id = ANY(found.item_ids)
            AND found.shown_at BETWEEN given.at - %(window)s AND given.at + %(patience)s
        ORDER BY found.shown_at DESC, found.id DESC LIMIT 1
    ) AS list
"""
UPDATE_SQL = """
    UPDATE recommender_shownlist AS list
    SET clicked = (SELECT coalesce(array_agg(DISTINCT place ORDER BY place), '{}')
                   FROM unnest(list.clicked || given.clicked) AS place),
        acted = (SELECT coalesce(array_agg(DISTINCT place ORDER BY place), '{}')
                 FROM unnest(list.acted || given.acted) AS place)
    FROM json_to_recordset(%s) AS given(id bigint, clicked smallint[], acted smallint[])
    WHERE list.id = given.id
"""


@transaction.atomic
def write(events: Sequence[Noted]) -> list[Noted]:
    """Write events to the log and return those whose list is not there yet. Three statements, however many events."""
    shown = [event for event in events if isinstance(event, ListShown)]
    used = [event for event in events if isinstance(event, ListUsed)]
    with connection.cursor() as cursor:
        if shown:
            cursor.execute(INSERT_SQL, [json.dumps([asdict(event) for event in shown], default=str)])
        if not used:
            return []
        given = [{"number": number, **asdict(event)} for number, event in enumerate(used)]
        parameters: dict[str, Any] = {"given": json.dumps(given, default=str), "window": WINDOW, "patience": PATIENCE}
        cursor.execute(FIND_SQL, parameters)
        found = {number: (list_id, place) for number, list_id, place in cursor.fetchall()}
        if found:
            cursor.execute(UPDATE_SQL, [json.dumps(_changes(used, found))])
    patient_since = timezone.now() - PATIENCE
    return [event for number, event in enumerate(used) if number not in found and event.at > patient_since]


def _changes(used: Sequence[ListUsed], found: dict[int, tuple[int, int]]) -> list[dict[str, object]]:
    """The places opened and acted on, by list, in the order of the lists, so that two writers never deadlock."""
    changes: dict[int, dict[str, list[int]]] = {}
    for number, (list_id, place) in found.items():
        own = changes.setdefault(list_id, {"clicked": [], "acted": []})
        own["acted" if used[number].acted else "clicked"].append(place)
    return [{"id": list_id, **changes[list_id]} for list_id in sorted(changes)]
