"""One process at a time for work that spans more than a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def session_lock(key: int) -> Iterator[bool]:
    """Whether this connection now holds the lock with that number: False if another one does.

    PostgreSQL's session advisory lock goes away with the connection of a process that dies, and needs no transaction; a
    pooler in transaction mode cannot keep it. See docs/decisions/0008.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        mine = bool(cursor.fetchone()[0])
        try:
            yield mine
        finally:
            if mine and connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
