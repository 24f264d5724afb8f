"""Maintenance of the log: intents that are over are closed and counted, old ones are deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from catalog.database.statements import patient_cursor
from catalog.querylog.intents import IDLE

#: Rows that one statement closes or deletes.
BATCH = 5_000
#: Suggestions come from this many queries, the most frequent ones.
POPULAR_KEPT = 10_000

# The id that links the requests of a visit is of no use once the visit is over.
CLOSE_SQL = """
    UPDATE catalog_searchintent SET open = false, visit = NULL
    WHERE id IN (SELECT id FROM catalog_searchintent WHERE open AND last_at < now() - %(age)s LIMIT %(batch)s)
    RETURNING folded
"""
FORGET_SQL = """
    DELETE FROM catalog_searchintent
    WHERE id IN (SELECT id FROM catalog_searchintent WHERE started_at < now() - %(age)s LIMIT %(batch)s)
    RETURNING folded
"""
# Only queries that found something close uncorrected, and that enough people made: a single person's queries are never
# shown.
COUNT_SQL = """
    WITH counted AS (
        SELECT folded, mode() WITHIN GROUP (ORDER BY text) AS text,
            count(*) AS searches, count(DISTINCT asker) AS askers
        FROM catalog_searchintent
        WHERE folded = ANY(%(queries)s) AND NOT open AND NOT corrected AND close_total > 0
        GROUP BY folded
        HAVING count(DISTINCT asker) >= %(askers)s
    ), gone AS (
        DELETE FROM catalog_popularquery
        WHERE folded = ANY(%(queries)s) AND folded NOT IN (SELECT folded FROM counted)
    )
    INSERT INTO catalog_popularquery (folded, text, searches, askers)
    SELECT folded, text, searches, askers FROM counted ORDER BY folded
    ON CONFLICT (folded) DO UPDATE
    SET text = excluded.text, searches = excluded.searches, askers = excluded.askers
"""
KEEP_SQL = """
    DELETE FROM catalog_popularquery
    WHERE folded IN (SELECT folded FROM catalog_popularquery ORDER BY searches DESC, folded OFFSET %(kept)s)
"""


def tidy_query_log() -> int:
    """Close intents that are over, delete old ones, and return how many there were.

    The cost depends on what has changed since the last run: only the queries of these intents are recounted.
    """
    kept = timedelta(days=settings.QUERY_LOG_DAYS)
    changed = sum(_in_batches(statement, age) for statement, age in ((CLOSE_SQL, IDLE), (FORGET_SQL, kept)))
    if changed:
        with connection.cursor() as cursor:
            cursor.execute(KEEP_SQL, {"kept": POPULAR_KEPT})
    return changed


def _in_batches(statement: str, age: timedelta) -> int:
    rows = 0
    while changed := _change(statement, age):
        rows += changed
    return rows


def _change(statement: str, age: timedelta) -> int:
    """Change a batch of intents and recount their queries, in one transaction."""
    with patient_cursor() as cursor:
        ripe: dict[str, Any] = {"age": age, "batch": BATCH}
        cursor.execute(statement, ripe)
        queries = [folded for (folded,) in cursor.fetchall()]
        if queries:
            counted = {"queries": sorted(set(queries)), "askers": settings.SUGGEST_MIN_ASKERS}
            cursor.execute(COUNT_SQL, counted)
    return len(queries)
