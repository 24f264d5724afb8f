"""A persistent connection that the server has closed is noticed before use, and a vanished machine soon after."""

from __future__ import annotations

import socket

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
    """What Django does before a request and at its first use of a connection."""
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


def test_whether_the_server_answers_is_asked_with_the_options_of_every_connection(pid, monkeypatch):
    given = {"sslmode": "prefer", "sslrootcert": "/ca.pem"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", connection.settings_dict["OPTIONS"] | given)
    another = connection.copy()
    another.ensure_connection()
    try:
        assert given.items() <= another.connection.pulse._parameters.items()
        assert another.connection.pulse._is_answered()
    finally:
        another.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux's own")
def test_whoever_waits_for_a_machine_that_vanished_is_told_within_half_a_minute(pid):
    with socket.socket(fileno=socket.dup(connection.connection.fileno())) as own:
        assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle_s, interval_s, tries = (
            own.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        assert idle_s + interval_s * tries <= 30
        assert 0 < own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000
