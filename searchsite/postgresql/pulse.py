"""Whether a server answers, established by asking it on a separate connection while others wait."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

import psycopg

logger = logging.getLogger(__name__)
#: How long one question may take. The client library allows no shorter connection timeout.
ANSWER_S = 2
#: Interval between questions.
PAUSE_S = 1.0


class _Question(psycopg.Connection[Any]):
    """A connection on which no step may take longer than ANSWER_S."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        return super().wait(gen, interval, ANSWER_S)


class Pulse:
    """Tells a slow server from a silent one: frozen, on a machine that hangs, or out of reach.

    A frozen server keeps its connections, and its machine goes on accepting new ones, so a waiting connection shows
    nothing. One thread of this process therefore asks on its own connection while anybody waits, until the server
    answers. Any error from the server counts as an answer.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = dict(parameters) | {"connect_timeout": ANSWER_S, "autocommit": True}
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None
        self._heard_at = 0.0
        self._silent_since: float | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Whether the server is being asked; an answer to anybody should then be reported with `heard`."""
        return self._asking is not None

    @property
    def silence_s(self) -> float | None:
        """How long the server has answered nobody; None while it is not known to be silent."""
        since = self._silent_since
        return None if since is None else time.monotonic() - since

    def heard(self) -> None:
        self._heard_at = time.monotonic()
        self._silent_since = None

    def unanswered(self, asked_at: float) -> None:
        """Report that a question asked at `asked_at`, by `time.monotonic()`, was not answered in time."""
        if self._silent_since is None and self._heard_at < asked_at:
            self._silent_since = asked_at
            logger.warning("PostgreSQL does not respond; requests that need it are refused until it does")
        self.ask()

    def ask(self) -> None:
        """Make sure that the server is being asked. Returns at once."""
        with self._lock:
            asked = self._asking is not None and self._asking.is_alive()
            if not asked and time.monotonic() - self._heard_at > PAUSE_S:
                self._asking = threading.Thread(target=self._ask_until_answered, name="postgresql-pulse", daemon=True)
                self._asking.start()

    def _ask_until_answered(self) -> None:
        while not self._is_answered():
            threading.Event().wait(PAUSE_S)
        with self._lock:
            self._asking = None

    def _is_answered(self) -> bool:
        asked_at, was_silent = time.monotonic(), self._silent_since is not None
        try:
            with _Question.connect(**self._parameters) as connection:
                connection.execute("SELECT 1")
        except (psycopg.errors.ConnectionTimeout, psycopg.errors._WaitTimeout):
            self.unanswered(asked_at)
            return False
        except psycopg.Error as error:
            logger.info("PostgreSQL answers: %s", error)
        self.heard()
        if was_silent:
            logger.warning("PostgreSQL responds again")
        return True
