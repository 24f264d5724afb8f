"""A database of one's own for a while: migrated, empty, and dropped afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from psycopg import sql

PREFIX = "searchsite_scratch_"


@contextmanager
def scratch_database() -> Iterator[None]:
    """Point this process's connection at a new database, and back when done. The role needs CREATEDB.

    What killed processes have left behind is dropped first.
    """
    own = connection.settings_dict["NAME"]
    scratch = f"{PREFIX}{os.getpid()}"
    for abandoned in _abandoned():
        _execute(sql.SQL("DROP DATABASE IF EXISTS {}"), abandoned)
    _execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0"), scratch)
    try:
        _use(scratch)
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        _use(own)
        _execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), scratch)


def _abandoned() -> list[str]:
    """Scratch databases that nobody is connected to."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT datname FROM pg_database WHERE starts_with(datname, %s)
            AND NOT EXISTS (SELECT FROM pg_stat_activity activity WHERE activity.datname = pg_database.datname)
            """,
            [PREFIX],
        )
        return [name for (name,) in cursor.fetchall()]


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _execute(statement: sql.SQL, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(sql.Identifier(name)))
