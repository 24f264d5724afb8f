"""The settings of a scenario: the place a list is made for determines its length, diversity, exploration and more.

Plain values. Only differences from a scenario's defaults are stored, so that defaults may improve under a site that
never changed them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, Self

Leg = Literal["near", "popular", "new"]
LEGS: tuple[Leg, ...] = ("near", "popular", "new")

MAX_LENGTH = 100
MAX_EXPLORATION = 0.5
MAX_WEIGHT = 5.0
MAX_HALF_LIFE_DAYS = 3_650.0
MAX_BOOSTS = 20
LEAST_FACTOR, MAX_FACTOR = 0.1, 10.0
#: Which taste model scores: the active one, none, or one by its number.
SERVING, UNTRAINED = "serving", "untrained"

Faults = dict[str, str]


class SettingsRefused(ValueError):
    """Invalid settings. `faults` gives the reasons by field; `boosts.2.filter` belongs to the third boost."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    """Multiplies the positive score of an item that meets a filter by `factor`."""

    filter: str
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioSettings:
    """How the lists of a scenario are made."""

    length: int = 20
    diversity: float = 0.1
    """The lambda of MMR: 0 uses only the score, 1 only dissimilarity."""
    calibration: float = 0.0
    """How much it matters that each of somebody's interests gets its share of the list: 0 not at all."""
    exploration: float = 0.0
    """The share of a list given to candidates drawn at random from below its best."""
    popularity: float = 1.0
    """How much popularity counts: 1 as measured, 0 not at all, 2 twice."""
    freshness: float = 0.0
    """What is added to the score of an item that has just arrived; 1 is about what one close past item adds."""
    freshness_half_life_days: float = 30.0
    boosts: tuple[Boost, ...] = ()
    sources: tuple[Leg, ...] = LEGS
    excluded: str = ""
    """Items that meet this filter are left out."""
    model: str = SERVING

    @property
    def leaves_scores(self) -> bool:
        """Whether scores are used as measured."""
        return self.popularity == 1 and not self.freshness and not self.boosts

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """A copy with `changes` applied, given as in JSON. Raises SettingsRefused."""
        return replace(self, **read_changes(changes))

    def given(self, **values: Any) -> Self:
        """A copy with the values that are not None."""
        return replace(self, **{name: value for name, value in values.items() if value is not None})

    def changes_from(self, base: ScenarioSettings) -> dict[str, Any]:
        """The differences from `base`, as in JSON; `with_changes` is the inverse."""
        own, others = asdict(self), asdict(base)
        return {name: own[name] for name in own if own[name] != others[name]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A place that lists are made for."""

    name: str
    title: str
    about: str
    defaults: ScenarioSettings


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="home",
            title="Home",
            about="The rows of the home page.",
            defaults=ScenarioSettings(length=18),
        ),
        Scenario(
            name="for-you",
            title="For you",
            about="The personal page, and the default for API requests that name no scenario.",
            defaults=ScenarioSettings(),
        ),
        Scenario(
            name="item",
            title="Item page",
            about="Shown beside an item.",
            defaults=ScenarioSettings(length=12),
        ),
        Scenario(
            name="cart",
            title="Cart",
            about="Goes with what is about to be bought.",
            defaults=ScenarioSettings(length=6),
        ),
        Scenario(
            name="email",
            title="Email",
            about="For occasional emails: varied, with some new items.",
            defaults=ScenarioSettings(length=10, diversity=0.3, freshness=0.5),
        ),
    )
}
DEFAULT_SCENARIO = "for-you"
#: For lists that belong to no scenario, such as those made for evaluation.
PLAIN = ScenarioSettings()

BOUNDS: Mapping[str, tuple[float, float]] = {
    "length": (1, MAX_LENGTH),
    "diversity": (0, 1),
    "calibration": (0, 1),
    "exploration": (0, MAX_EXPLORATION),
    "popularity": (0, MAX_WEIGHT),
    "freshness": (0, MAX_WEIGHT),
    "freshness_half_life_days": (1, MAX_HALF_LIFE_DAYS),
}
NAMES = tuple(field.name for field in fields(ScenarioSettings))


def read_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name, from their JSON values. Raises SettingsRefused with every fault found."""
    faults: Faults = {}
    read: dict[str, Any] = {}
    for name, value in changes.items():
        if name in BOUNDS:
            faults |= _number_fault(name, value)
            read[name] = value
        elif name == "sources":
            faults |= _sources_fault(value)
            read[name] = tuple(leg for leg in LEGS if leg in value) if isinstance(value, list | tuple) else ()
        elif name == "boosts":
            own = _boost_faults(value)
            faults |= own
            read[name] = () if own else tuple(Boost(filter=row["filter"], factor=row["factor"]) for row in value)
        elif name == "excluded" and isinstance(value, str):
            read[name] = value.strip()
        elif name == "model" and isinstance(value, str) and (value in (SERVING, UNTRAINED) or value.isdecimal()):
            read[name] = value
        else:
            faults[name] = f"Unknown setting. Known: {', '.join(NAMES)}."
    if faults:
        raise SettingsRefused(faults)
    return read


def _number_fault(name: str, value: Any) -> Faults:
    low, high = BOUNDS[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not low <= value <= high or (name == "length" and value != int(value)):
        return {name: f"Use a number from {low:,} to {high:,}."}
    return {}


def _sources_fault(value: Any) -> Faults:
    if not isinstance(value, list | tuple) or not value or not set(value) <= set(LEGS):
        return {"sources": f"Choose at least one of {', '.join(LEGS)}."}
    return {}


def _boost_faults(rows: Any) -> Faults:
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        return {"boosts": "Rows of a filter and a factor."}
    if len(rows) > MAX_BOOSTS:
        return {"boosts": f"At most {MAX_BOOSTS}."}
    faults: Faults = {}
    for index, row in enumerate(rows):
        if set(row) != {"filter", "factor"} or not isinstance(row["filter"], str) or not row["filter"].strip():
            faults[f"boosts.{index}.filter"] = "Enter a filter for the items to boost."
        factor = row.get("factor")
        if not isinstance(factor, int | float) or not LEAST_FACTOR <= factor <= MAX_FACTOR:
            faults[f"boosts.{index}.factor"] = f"A factor must be from {LEAST_FACTOR} to {MAX_FACTOR:g}."
    return faults
