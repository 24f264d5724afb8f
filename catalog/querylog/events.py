"""What is recorded while a request is served, as plain values: everything that takes time happens later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchMade:
    """A search that was answered."""

    at: datetime
    source: str
    """`page` or `api`."""
    visit: UUID | None
    """The visit it belongs to; None makes it an intent of its own."""
    asker: str
    """Who asked, as named by the rate limits. Stored only as a hash."""
    request_id: UUID
    text: str
    offset: int
    shown: tuple[int, ...]
    """Ids of the items on this page, in the order shown."""
    total: int
    close_total: int
    filtered: bool
    semantic_ratio: float
    degraded: bool
    corrected: bool
    """Words other than those typed were searched for."""
    processing_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickMade:
    """An item that was opened: from the results of `request_id`, or from those of `text` in a visit."""

    at: datetime
    item_id: int
    request_id: UUID | None = None
    visit: UUID | None = None
    text: str = ""


Event = SearchMade | ClickMade
