"""The query log switched on, and a way to read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog.models import SearchIntent
from catalog.querylog.buffer import buffer
from tests.logs import read_log

Logged = Callable[[], list[SearchIntent]]


@pytest.fixture
def logged(committed_db: str, settings: Any) -> Iterator[Logged]:
    """Call it for all intents, in the order they began."""
    settings.QUERY_LOG = True
    with read_log(buffer, SearchIntent.objects.order_by("started_at", "id")) as intents:
        yield intents
