"""What the recommender returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from catalog.models import Item

Source = Literal["taste", "popular", "new", "explore"]
ReasonKind = Literal["item", "history", "popular", "new", "explore"]

Done = Literal["liked", "looked at", "given"]
DONE: Mapping[Done, str] = {
    "liked": "Because you liked",
    "looked at": "Because you looked at",
    "given": "Goes with",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason why an item is shown, and its share of the whole; the shares of a recommendation sum to 1.

    `kind` is `item` for an item in the history, `history` for the rest of the history together, `popular` for what
    everybody likes, `new` for what has just arrived, and `explore` for a place filled by chance.
    """

    kind: ReasonKind
    share: float
    item: Item | None = None
    done: Done = "liked"
    """What was done with the item: `liked` also covers saved, bought and rated; `given` was named for this list."""

    @property
    def because(self) -> str:
        """The words before the item's title."""
        return DONE[self.done]

    @property
    def text(self) -> str:
        match self.kind:
            case "item" if self.item is not None:
                return f"{self.because} {self.item.title}"
            case "history":
                return "Fits the rest of your history"
            case "new":
                return "New in the catalogue"
            case "explore":
                return "Something different"
        return "Popular with everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """An item with its score (higher is better), what found it, and why it is shown, the weightiest reason first."""

    item: Item
    score: float
    source: Source
    reasons: tuple[Reason, ...] = ()

    @property
    def reason(self) -> str:
        """The weightiest reason in words; empty if reasons were not asked for."""
        return self.reasons[0].text if self.reasons else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rail:
    """A titled row of recommendations; `name` is for programs, `because` the item it starts from, if any."""

    name: str
    title: str
    recommendations: tuple[Recommendation, ...]
    because: Item | None = None
