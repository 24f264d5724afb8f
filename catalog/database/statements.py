"""Statements that may take longer than those of a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

#: Longer than a server that comes back is away: an hour's work is not abandoned for a pause of seconds.
BORNE_SILENCE_S = 60.0


@contextmanager
def patient_cursor() -> Iterator[CursorWrapper]:
    """A cursor in a transaction whose statements have no time limit."""
    with transaction.atomic(), bearing_silence(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        yield cursor


def bearing_silence() -> AbstractContextManager[None]:
    """Statements within are not abandoned as soon as the server falls silent. Needs the site's own backend."""
    return connection.bearing_silence(BORNE_SILENCE_S)  # type: ignore[attr-defined]
