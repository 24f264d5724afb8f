"""The parameters of a taste space, and the values that a training tries for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from recommender.space.ease import MOST_ITEMS

#: The values tried, by parameter.
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
#: Parameters that affect how much of the catalogue lists show.
WIDENING = ("content_share", "learnt")
#: The values tried for parameters that matter only for items nobody met, chosen on items withheld from training.
CHOICES_FOR_NEW: dict[str, tuple[Any, ...]] = {
    "map_ridge": (0.3, 1.0, 3.0, 10.0),
    "prior": (0.0, 0.25, 0.5, 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of a taste space, with the values that a first search starts from."""

    ridge: float = 150.0
    """The regularisation of EASE."""
    factors: int = 64
    """The number of dimensions k that EASE is truncated to."""
    learnt: int = 300
    """How many items EASE learns, those that most people met; the others are fitted to these."""
    half_life_factors: float = 10.0
    """In items: one met this many items ago counts half in the collaborative part."""
    half_life_content: float = 10.0
    """Likewise for the content part."""
    tag_length: float = 0.5
    """The length of the tags part, and of the numbers part, relative to a text vector of length 1."""
    content_share: float = 0.5
    """The share of content in what `tower_share` leaves of a score; the collaborative part has the rest."""
    tower_share: float = 0.0
    """The share of the sequence tower in a score; at 0 the space has no tower."""
    map_ridge: float = 1.0
    """The regularisation of the regressions from contents to factors and popularity."""
    prior: float = 0.25
    """The weight of the predicted popularity for an item nobody met."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def variants(self, name: str) -> Iterator[Parameters]:
        """These parameters with each value to try for the parameter `name`, one at a time."""
        return (replace(self, **{name: value}) for value in (CHOICES | CHOICES_FOR_NEW)[name])
