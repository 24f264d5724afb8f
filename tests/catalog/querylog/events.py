"""Searches and clicks as noted, at minutes of one hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from catalog.querylog.events import ClickMade, SearchMade

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VISIT, OTHER_VISIT = UUID(int=1), UUID(int=2)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def asked(text: str, minutes: float = 0, **fields: Any) -> SearchMade:
    """A search in VISIT that showed items 11, 12 and 13."""
    usual: dict[str, Any] = {
        "source": "page",
        "visit": VISIT,
        "asker": "address-1",
        "request_id": uuid4(),
        "offset": 0,
        "shown": (11, 12, 13),
        "total": 3,
        "close_total": 2,
        "filtered": False,
        "semantic_ratio": 0.5,
        "degraded": False,
        "corrected": False,
        "processing_ms": 8.0,
    }
    return SearchMade(text=text, at=at(minutes), **usual | fields)


def opened(text: str, item_id: int, minutes: float = 0, **fields: Any) -> ClickMade:
    usual: dict[str, Any] = {"visit": VISIT, "text": text}
    return ClickMade(at=at(minutes), item_id=item_id, **usual | fields)
