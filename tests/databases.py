"""Fixtures with their own databases, for tests that commit, use several connections or start processes."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction

from catalog.items.saving import save_items
from recommender import demo
from searchsite import processes
from searchsite.local_site import PROJECT
from workers.embed import drain
from workers.scratch import create_database, drop_database, using

#: Films that tests ask for by name; every tenth of the others is included too.
FILMS = frozenset(
    {"The Matrix", "Ex Machina", "Inception", "Tokyo Story", "Yi Yi", "The Farewell", "Alien", "Aliens", "WALL-E"}
    | {"Jaws", "Groundhog Day", "Happy Death Day", "Palm Springs", "Edge of Tomorrow", "Source Code"}
    | {"12 Angry Men", "To Be or Not to Be", "Amélie", "2001: A Space Odyssey", "1917", "It Happened One Night"}
)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def template_database(django_db_setup: None, django_db_blocker) -> Iterator[str]:
    """A migrated, empty database that others are copied from."""
    with database(django_db_blocker, template="template0") as name:
        with django_db_blocker.unblock(), using(name):
            call_command("migrate", verbosity=0, interactive=False)
        yield name


@pytest.fixture
def committed_db(template_database: str, django_db_blocker) -> Iterator[str]:
    """An empty database for one test, which commits as the product does. Yields its name, for other connections."""
    with (
        database(django_db_blocker, template=template_database) as name,
        django_db_blocker.unblock(),
        using(name),
    ):
        yield name


@pytest.fixture(scope="session")
def films_database(template_database: str, django_db_blocker) -> Iterator[str]:
    """A database with some of the demo films, embedded by the real encoder once for all tests."""
    films = [json.loads(line) for line in (demo.DEMO / "films.ndjson").read_text(encoding="utf-8").splitlines()]
    with database(django_db_blocker, template=template_database) as name:
        with django_db_blocker.unblock(), using(name):
            save_items([film for number, film in enumerate(films) if number % 10 == 0 or film["title"] in FILMS])
            drain()
        yield name


@pytest.fixture
def films(films_database: str, django_db_blocker) -> Iterator[None]:
    """Demo films with their vectors. The test's changes are rolled back."""
    with django_db_blocker.unblock(), undone(films_database):
        yield


@contextmanager
def database(blocker, *, template: str) -> Iterator[str]:
    """A new database, dropped afterwards."""
    name = f"searchsite_own_{next(_numbers)}"
    with blocker.unblock(), using("postgres"):
        create_database(name, template=template)
    yield name
    with blocker.unblock(), using("postgres"):
        drop_database(name)


@contextmanager
def undone(name: str) -> Iterator[None]:
    """Point this process's connection at another database, in a transaction that is rolled back."""
    with using(name), transaction.atomic():
        yield
        transaction.set_rollback(True)


def connect() -> psycopg.Connection:
    """Another connection to the database in use."""
    parameters = connection.get_connection_params()
    wanted = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname") if name in parameters}
    return psycopg.connect(**wanted)


def elsewhere(call: Callable[[], Any]) -> Any:
    """Call something in another thread, with a connection of its own, and return what it returns."""

    def run() -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        return other.submit(run).result()


def command_on(database: str, *arguments: str) -> subprocess.Popen[str]:
    """A management command in a separate process, on another database."""
    address = urlsplit(os.environ["DATABASE_URL"])
    return subprocess.Popen(
        processes.manage(*arguments),
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": urlunsplit(address._replace(path=f"/{database}"))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
