"""Saving settings: they are validated here, however they come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.models import Attribute
from catalog.search.filters import FilterError
from catalog.search.predicates import predicate
from recommender.models import ScenarioChange
from recommender.serving.scenarios import SCENARIOS, Faults, ScenarioSettings, SettingsRefused


def checked(base: ScenarioSettings, changes: Mapping[str, Any]) -> ScenarioSettings:
    """The settings with these changes, filters validated against the catalogue's fields. Raises SettingsRefused."""
    settings = base.with_changes(changes)
    attributes = Attribute.objects.by_name() if settings.excluded or settings.boosts else {}
    filters = {"excluded": settings.excluded}
    filters |= {f"boosts.{index}.filter": boost.filter for index, boost in enumerate(settings.boosts)}
    faults: Faults = {}
    for name, text in filters.items():
        try:
            predicate(text, attributes=attributes)
        except FilterError as error:
            faults[name] = str(error)
    if faults:
        raise SettingsRefused(faults)
    return settings


def save_scenario(name: str, settings: ScenarioSettings) -> dict[str, Any]:
    """Save a scenario's settings; return how they differ from its defaults. Raises SettingsRefused, and KeyError for
    an unknown scenario."""
    defaults = SCENARIOS[name].defaults
    changes = checked(defaults, settings.changes_from(defaults)).changes_from(defaults)
    if changes:
        ScenarioChange.objects.update_or_create(pk=name, defaults={"changes": changes})
    else:
        ScenarioChange.objects.filter(pk=name).delete()
    return changes
