"""The database backend that the settings name."""

from __future__ import annotations

import functools
import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel

from searchsite.postgresql.connection import Connection
from searchsite.postgresql.pulse import Pulse


class DatabaseWrapper(base.DatabaseWrapper):
    """Connections that do not wait for a server that is silent, and are known to be gone by their sockets.

    Django asks the server `SELECT 1` before each request. Between requests a server has nothing to say, but for its
    goodbye: a socket that can be read from is closed, or will be. A server that vanished without one is noticed by
    neither way, but by its silence when it is asked something.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        self.isolation_level = IsolationLevel.READ_COMMITTED
        return Connection.to_living(_pulse_of(*(conn_params.get(name) for name in _SERVER)), **conn_params)

    @contextmanager
    def bearing_silence(self, silence_s: float) -> Iterator[None]:
        """Statements within go on waiting for a server that has been silent for less than that."""
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
        except Exception:  # whatever a connection raises that is closed already
            return True


#: What tells one server from another.
_SERVER = ("host", "port", "dbname", "user", "password")


@functools.cache
def _pulse_of(*server: Any) -> Pulse:
    """One for each server in each process."""
    return Pulse({name: value for name, value in zip(_SERVER, server, strict=True) if value})
