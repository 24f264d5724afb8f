"""Events wait in memory and are written in batches by a separate thread, so that no search waits for its log."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.util import Finalize
from typing import Generic, TypeVar

from django.db import DatabaseError, connection

from catalog.querylog.writing import write

logger = logging.getLogger(__name__)
CAPACITY = 10_000
FLUSH_EVERY_S = 1.0
#: How long an ending process waits for the last batch.
LAST_FLUSH_S = 3.0

Event = TypeVar("Event")


class Buffer(Generic[Event]):
    """Holds events until `write` writes them, which returns those to retry.

    Events are lost, and this is logged, when it is full or the database is down. The thread starts with the first
    event, so that a forking server has one in every process that needs it.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Event]], list[Event]],
        *,
        name: str = "query log",
        capacity: int = CAPACITY,
        every_s: float = FLUSH_EVERY_S,
    ) -> None:
        self._write = write
        self._name = name
        self._capacity = capacity
        self._every_s = every_s
        self._events: deque[Event] = deque()
        self._lost = 0
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._ending = threading.Event()

    def add(self, event: Event) -> None:
        if len(self._events) >= self._capacity:
            self._lost += 1
            return
        self._events.append(event)
        if self._thread is None or not self._thread.is_alive():
            self._start()

    def flush(self) -> None:
        """Write the events held so far."""
        events = [self._events.popleft() for _ in range(len(self._events))]
        lost, self._lost = self._lost, 0
        if events:
            try:
                self._events.extendleft(reversed(self._write(events)))
            except DatabaseError as error:
                lost += len(events)
                logger.warning("The %s cannot be written: %s", self._name, error)
        if lost:
            logger.warning("%d entries of the %s were lost.", lost, self._name)

    def close(self) -> None:
        """Write the last batch and end the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(LAST_FLUSH_S)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                # Unlike atexit, this also runs when a `multiprocessing` process ends, as granian's workers are.
                Finalize(None, self.close, exitpriority=0)
            if self._thread is None or not self._thread.is_alive():
                self._ending.clear()
                self._thread = threading.Thread(target=self._flush_again_and_again, name=self._name, daemon=True)
                self._thread.start()

    def _flush_again_and_again(self) -> None:
        ending = False
        while not ending:
            ending = self._ending.wait(self._every_s)
            if not self._events:
                continue
            try:
                self.flush()
            finally:
                connection.close()


buffer = Buffer(write)
