"""Events noted while a request is served, as plain values: everything that takes time happens later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ListShown:
    """A list that was shown."""

    at: datetime
    source: str
    scenario: str
    model_id: int | None
    experiment_id: int | None
    variant: str
    unit: int | None
    request_id: UUID
    visit: UUID | None
    item_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUsed:
    """Something done with an item: one of the list of `request_id`, or one shown in a visit."""

    at: datetime
    item_id: int
    acted: bool
    """Whether it was liked, saved, rated well or bought, rather than only opened."""
    request_id: UUID | None = None
    visit: UUID | None = None
    scenario: str = ""
    """For a visit, count only lists of this scenario; empty for any."""


Noted = ListShown | ListUsed
