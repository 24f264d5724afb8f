"""The places of pinned items in a list, and which of the others fill a page around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


def pinned_places(positions: Mapping[int, int], total: int) -> dict[int, int]:
    """The place, from 0, of each pinned id in a list of `total` ids, which includes the pinned ones.

    `positions` count from 1. Of two ids pinned to the same position the later one comes after the earlier, and ids
    pinned beyond the end of the list come at its end.
    """
    ordered = sorted(positions, key=lambda item_id: positions[item_id])
    places: dict[int, int] = {}
    free = 0
    for behind, item_id in enumerate(reversed(ordered), start=1):
        places[item_id] = min(positions[item_id] - 1, total - behind)
    for item_id in ordered:
        places[item_id] = max(places[item_id], free)
        free = places[item_id] + 1
    return places


def with_pins(others: Iterable[int], positions: Mapping[int, int]) -> list[int]:
    """All ids in order: the pinned ones at their places, the others around them in their given order."""
    unpinned = [item_id for item_id in others if item_id not in positions]
    return Window.of(positions, total=len(unpinned) + len(positions)).fill(unpinned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A page of a list with pins: the pinned ids on it by place, and which of the others fill the rest."""

    start: int
    end: int
    pinned: Mapping[int, int]
    """Ids by their place in the whole list."""
    others_offset: int

    @classmethod
    def of(cls, positions: Mapping[int, int], *, total: int, offset: int = 0, limit: int | None = None) -> Window:
        end = total if limit is None else min(offset + limit, total)
        start = min(offset, end)
        places = {place: item_id for item_id, place in pinned_places(positions, total).items()}
        return cls(
            start=start,
            end=end,
            pinned={place: item_id for place, item_id in places.items() if start <= place < end},
            others_offset=start - sum(place < start for place in places),
        )

    def fill(self, others: Sequence[int]) -> list[int]:
        """The ids of this page, given the others on it."""
        following = iter(others)
        places = range(self.start, self.end)
        filled = (self.pinned[place] if place in self.pinned else next(following, None) for place in places)
        return [item_id for item_id in filled if item_id is not None]
