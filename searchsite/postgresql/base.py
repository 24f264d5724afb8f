"""The database backend named in the settings."""

from __future__ import annotations

import functools
import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel
from psycopg.pq import Conninfo

from searchsite.postgresql.connection import Connection
from searchsite.postgresql.pulse import Pulse


class DatabaseWrapper(base.DatabaseWrapper):
    """Connections that do not wait for a silent server, and whose loss is detected on their sockets.

    Django sends `SELECT 1` to the server before each request. Between requests a server sends nothing except when it
    closes the connection, so a readable socket is closed or about to be. Neither check notices a server that vanished
    without closing; only its silence when asked something does.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        self.isolation_level = IsolationLevel.READ_COMMITTED
        server = frozenset((name, value) for name, value in conn_params.items() if name in _LIBPQ)
        return Connection.to_living(_pulse_of(server), **conn_params)

    @contextmanager
    def bearing_silence(self, silence_s: float) -> Iterator[None]:
        """Let statements inside the block keep waiting for a server that has been silent for less than `silence_s`."""
        self.ensure_connection()
        with self.connection.bearing_silence(silence_s):
            yield

    def is_usable(self) -> bool:
        if self.errors_occurred:
            return super().is_usable()
        return self.connection is not None and not self._has_something_to_say()

    def _has_something_to_say(self) -> bool:
        try:
            waiting = select.poll()
            waiting.register(self.connection.pgconn.socket, select.POLLIN)
            return bool(waiting.poll(0))
        except Exception:  # whatever a closed connection raises
            return True


#: The parameters of the client library: where a server is and how to connect to it, TLS included.
_LIBPQ = frozenset(option.keyword.decode() for option in Conninfo.get_defaults())


@functools.cache
def _pulse_of(server: frozenset[tuple[str, Any]]) -> Pulse:
    """One Pulse for each server in each process; it connects as everybody does."""
    return Pulse(dict(server))
