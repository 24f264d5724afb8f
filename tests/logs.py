"""Logs that are written behind a request, read by tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import models

from catalog.querylog.buffer import Buffer

Row = TypeVar("Row", bound=models.Model)


@contextmanager
def read_log(buffer: Buffer, rows: models.QuerySet[Row]) -> Iterator[Callable[[], list[Row]]]:
    """Call what this gives for all rows that have been logged. The test needs a database of its own, to which the
    buffer's thread commits."""

    def logged() -> list[Row]:
        buffer.close()  # writes what there is; the next event starts the thread again
        return list(rows.all())

    yield logged
    buffer.close()
