"""Temporary databases: created, used and dropped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection
from psycopg import sql

from catalog.index.serving import forget_version

PREFIX = "searchsite_scratch_"


@contextmanager
def scratch_database() -> Iterator[None]:
    """Point this process's connection at a new database, migrated and empty; restore it and drop the database when
    done. The role needs CREATEDB.

    Databases left behind by killed processes are dropped first.
    """
    scratch = f"{PREFIX}{os.getpid()}"
    for abandoned in _abandoned():
        _execute("DROP DATABASE IF EXISTS {}", abandoned)
    create_database(scratch, template="template0")
    try:
        with using(scratch):
            call_command("migrate", verbosity=0, interactive=False)
            yield
    finally:
        drop_database(scratch)


@contextmanager
def using(name: str) -> Iterator[None]:
    """Point this process's connection at another database, and restore it when done."""
    own = connection.settings_dict["NAME"]
    _use(name)
    try:
        yield
    finally:
        _use(own)


def create_database(name: str, *, template: str) -> None:
    """Create a database from a template. Not within a transaction."""
    _execute("CREATE DATABASE {} TEMPLATE {}", name, template)


def drop_database(name: str) -> None:
    """Drop a database, disconnecting everybody. Not within a transaction."""
    _execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


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
    forget_version()


def _execute(statement: str, *names: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
