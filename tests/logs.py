"""Reads logs that are written in the background of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import models

from catalog.querylog.buffer import Buffer

Row = TypeVar("Row", bound=models.Model)


@contextmanager
def read_log(buffer: Buffer, rows: models.QuerySet[Row]) -> Iterator[Callable[[], list[Row]]]:
    """Yield a function that returns all rows logged so far. The test needs its own database, which the buffer's thread
    commits to."""

    def logged() -> list[Row]:
        buffer.close()  # writes what is buffered; the next event restarts the thread
        return list(rows.all())

    yield logged
    buffer.close()
