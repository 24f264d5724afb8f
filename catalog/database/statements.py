"""Statements that may take longer than a request's may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper


@contextmanager
def patient_cursor() -> Iterator[CursorWrapper]:
    """A cursor in a transaction whose statements may take all the time they need."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        yield cursor
