"""What a training chooses, and among what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from recommender.space.ease import MOST_ITEMS

#: By parameter, the values that are tried.
CHOICES: dict[str, tuple[Any, ...]] = {
    "learnt": (300, 600, 1_000, 2_000, MOST_ITEMS),
    "ridge": (75.0, 150.0, 300.0, 600.0),
    "factors": (64, 128),
    "half_life_factors": (3.0, 5.0, 10.0, 20.0, 40.0),
    "half_life_content": (5.0, 10.0, 20.0, 40.0),
    "tag_length": (0.0, 0.3, 0.5, 0.7, 1.0),
    "content_share": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "tower_share": (0.0, 0.2, 0.35, 0.5, 0.65, 0.8),
}
#: Those by which a list shows more of the catalogue or less.
WIDENING = ("content_share", "learnt")
#: The same for those that concern only items that nobody met: by items withheld from the training.
CHOICES_FOR_NEW: dict[str, tuple[Any, ...]] = {
    "map_ridge": (0.3, 1.0, 3.0, 10.0),
    "prior": (0.0, 0.25, 0.5, 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """`ridge` and `factors` are those of EASE, and `learnt` is how many items it learns, those that most people met;
    the others are fitted to these. Half-lives count items: one met so many items ago counts half, in the collaborative
    part and in the content part. `tag_length` is the length of an item's tags, and that of its numbers, beside that of
    its text's vector, which is 1. `tower_share` is the share of the sequence tower in a score, where 0 leaves it out of
    the space, and `content_share` that of content in the rest. `map_ridge` is that of the regressions from contents,
    and `prior` how much the popularity counts that they predict for an item nobody met."""

    ridge: float = 150.0
    factors: int = 64
    learnt: int = 300
    half_life_factors: float = 10.0
    half_life_content: float = 10.0
    tag_length: float = 0.5
    content_share: float = 0.5
    tower_share: float = 0.0
    map_ridge: float = 1.0
    prior: float = 0.25

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def variants(self, name: str) -> Iterator[Parameters]:
        """These parameters with each value that is tried for one of them."""
        return (replace(self, **{name: value}) for value in (CHOICES | CHOICES_FOR_NEW)[name])
