"""A kept connection that the server has closed is noticed before it is used."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections


@pytest.fixture
def pid(transactional_db) -> int:
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def begin_request() -> None:
    """What Django does before and at the first use of a connection in a request."""
    connections[DEFAULT_DB_ALIAS].health_check_enabled = True  # type: ignore[attr-defined]
    connection.close_if_unusable_or_obsolete()
    with connection.cursor():
        pass


def another_connection() -> psycopg.Connection:
    return psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor})


def test_a_connection_that_lives_is_kept_and_nothing_is_asked(pid):
    begin_request()
    with another_connection() as other:
        last = other.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
    assert last == ("SELECT pg_backend_pid()",)


def test_a_connection_that_the_server_has_closed_is_made_anew(pid):
    with another_connection() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    begin_request()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() != (pid,)
