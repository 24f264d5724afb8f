"""Fixtures with databases of their own, for tests that commit, use several connections or start processes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from psycopg import sql

from recommender import demo
from workers.embed import drain

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def template_database(django_db_setup: None, django_db_blocker) -> Iterator[str]:
    """A migrated, empty database that others are copied from."""
    with django_db_blocker.unblock():
        name = _create("template0")
        with _using(name):
            call_command("migrate", verbosity=0, interactive=False)
    yield name
    with django_db_blocker.unblock():
        _drop(name)


@pytest.fixture
def committed_db(template_database: str, django_db_blocker) -> Iterator[str]:
    """An empty database for one test, which commits as the product does; the name, for other connections."""
    with django_db_blocker.unblock():
        name = _create(template_database)
        with _using(name):
            yield name
        _drop(name)


@pytest.fixture(scope="session")
def films_database(template_database: str, django_db_blocker) -> Iterator[str]:
    """A database with the demo films, embedded by the real encoder once for all tests."""
    with django_db_blocker.unblock():
        name = _create(template_database)
        with _using(name):
            demo.load_films()
            drain()
    yield name
    with django_db_blocker.unblock():
        _drop(name)


@pytest.fixture
def films(films_database: str, django_db_blocker) -> Iterator[None]:
    """The demo films with their vectors. What the test changes is undone."""
    with django_db_blocker.unblock(), _using(films_database), transaction.atomic():
        yield
        transaction.set_rollback(True)


def connect() -> psycopg.Connection:
    """Another connection to the database in use."""
    parameters = connection.get_connection_params()
    wanted = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname") if name in parameters}
    return psycopg.connect(**wanted)


@contextmanager
def _using(name: str) -> Iterator[None]:
    own = connection.settings_dict["NAME"]
    _use(name)
    try:
        yield
    finally:
        _use(own)


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _create(template: str) -> str:
    name = f"searchsite_own_{next(_numbers)}"
    _execute("CREATE DATABASE {} TEMPLATE {}", name, template)
    return name


def _drop(name: str) -> None:
    _execute("DROP DATABASE {} WITH (FORCE)", name)


def _execute(statement: str, *names: str) -> None:
    with _using("postgres"), connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
