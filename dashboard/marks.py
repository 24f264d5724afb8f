"""Marks on the rows of two lists shown side by side: what became of each item from one to the other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What became of an item: `kind` is pinned, boosted, hidden, up, down or new."""

    kind: str
    text: str


def place_after(place: int, now: int) -> list[Mark]:
    """For a row of the list before: where the item stands now, if it moved. Places count from 1."""
    return [] if now == place else [Mark(kind="up" if now < place else "down", text=f"now {now}")]


def place_before(place: int, was: int | None) -> list[Mark]:
    """For a row of the list after: how many places the item has moved, or that it is new here."""
    if was is None:
        return [Mark(kind="new", text="New here")]
    if was == place:
        return []
    return [Mark(kind="up", text=f"↑ {was - place}") if place < was else Mark(kind="down", text=f"↓ {place - was}")]
