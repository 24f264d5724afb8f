"""A database of one's own for a while: migrated, empty, and dropped afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from psycopg import sql


@contextmanager
def scratch_database() -> Iterator[None]:
    """Point this process's connection at a new database, and back when done. The role needs CREATEDB."""
    own = connection.settings_dict["NAME"]
    scratch = f"searchsite_scratch_{os.getpid()}"
    _execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), scratch)
    _execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0"), scratch)
    try:
        _use(scratch)
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        _use(own)
        _execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"), scratch)


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _execute(statement: sql.SQL, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(sql.Identifier(name)))
