"""Periodic tidying of the log of lists: links between lists and people are forgotten, and so are old lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings

from catalog.database.statements import patient_cursor
from catalog.querylog.intents import IDLE
from recommender.serving.writing import WINDOW

#: Rows changed per statement.
BATCH = 5_000
# A visit continues as long as lists are shown in it.
FORGET_VISITS_SQL = """
    UPDATE recommender_shownlist SET visit = NULL WHERE id IN (
        SELECT id FROM recommender_shownlist AS list
        WHERE visit IS NOT NULL AND shown_at < now() - %(age)s AND NOT EXISTS (
            SELECT FROM recommender_shownlist AS later
            WHERE later.visit = list.visit AND later.shown_at >= now() - %(age)s
        ) LIMIT %(batch)s)
"""
FORGET_REQUESTS_SQL = """
    UPDATE recommender_shownlist SET request_id = NULL, visit = NULL WHERE id IN (
        SELECT id FROM recommender_shownlist
        WHERE request_id IS NOT NULL AND shown_at < now() - %(age)s LIMIT %(batch)s)
"""
FORGET_LISTS_SQL = """
    DELETE FROM recommender_shownlist WHERE id IN (
        SELECT id FROM recommender_shownlist WHERE shown_at < now() - %(age)s LIMIT %(batch)s)
"""


def tidy_lists() -> int:
    """Forget what is old and return how many rows changed."""
    kept = timedelta(days=settings.RECOMMENDATION_LOG_DAYS)
    return (
        _in_batches(FORGET_LISTS_SQL, kept)
        + _in_batches(FORGET_REQUESTS_SQL, WINDOW)
        + _in_batches(FORGET_VISITS_SQL, IDLE)
    )


def _in_batches(statement: str, age: timedelta) -> int:
    rows = 0
    while changed := _change(statement, {"age": age, "batch": BATCH}):
        rows += changed
    return rows


def _change(statement: str, parameters: dict[str, Any]) -> int:
    with patient_cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
