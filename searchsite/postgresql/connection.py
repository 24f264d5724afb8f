"""A connection that does not wait for a server that has stopped answering."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg

from searchsite.postgresql.pulse import Pulse

#: An answer that takes longer than this puts the server in doubt.
USUAL_ANSWER_S = 1.0
#: Interval between checks of whether a server in doubt is silent.
LOOK_S = 0.25


class ServerSilent(psycopg.OperationalError):
    """PostgreSQL does not respond."""

    def __init__(self) -> None:
        super().__init__("PostgreSQL does not respond.")


class Connection(psycopg.Connection[Any]):
    """Closed with ServerSilent while waiting for a server that answers nobody; never opened to such a server.

    A statement may take as long as the server allows, provided the server answers others meanwhile. An abandoned
    connection is closed, so a late answer reaches nobody.
    """

    pulse: Pulse
    #: How long the server may be silent before a statement is abandoned.
    bears_silence_s = 0.0

    @classmethod
    def to_living(cls, pulse: Pulse, **parameters: Any) -> Self:
        """Connect to the server of `pulse`. Raises psycopg.OperationalError, immediately while the server is silent."""
        if pulse.silence_s is not None:
            raise ServerSilent
        asked_at = time.monotonic()
        try:
            connection = cls.connect(**parameters)
        except psycopg.errors.ConnectionTimeout:
            pulse.unanswered(asked_at)
            raise
        connection.pulse = pulse
        return connection

    @contextmanager
    def bearing_silence(self, silence_s: float) -> Iterator[None]:
        """For statements that cost more to restart than to wait for a server that comes back."""
        before, self.bears_silence_s = self.bears_silence_s, silence_s
        try:
            yield
        finally:
            self.bears_silence_s = before

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for one step; every step of every statement comes through here. Raises ServerSilent."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            answer = super().wait(gen, interval, USUAL_ANSWER_S)
        except psycopg.errors._WaitTimeout:
            answer = self._wait_in_doubt(gen, interval)
        if self.pulse.is_in_doubt:
            self.pulse.heard()
        return answer

    def _wait_in_doubt(self, gen: Any, interval: float) -> Any:
        while True:
            self.pulse.ask()
            try:
                return super().wait(gen, interval, LOOK_S)
            except psycopg.errors._WaitTimeout:
                silence_s = self.pulse.silence_s
            if silence_s is not None and silence_s >= self.bears_silence_s:
                self.close()
                raise ServerSilent
