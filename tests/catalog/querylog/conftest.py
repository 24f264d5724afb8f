"""The log switched on, with what it needs to be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog.models import SearchIntent
from catalog.querylog.buffer import buffer

Logged = Callable[[], list[SearchIntent]]


@pytest.fixture
def logged(committed_db: str, settings: Any) -> Iterator[Logged]:
    """The log of a database of the test's own: call it for all intents, the first begun first."""

    def intents() -> list[SearchIntent]:
        buffer.close()  # writes what there is; the next event starts the thread again
        return list(SearchIntent.objects.order_by("started_at", "id"))

    settings.QUERY_LOG = True
    yield intents
    buffer.close()
