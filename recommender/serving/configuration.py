"""The settings in force, which every list needs: read once, cached in the process, and always current.

Each change renews a stamp in the database, in the same transaction. Every list reads the stamp, so a change takes
effect from the next list on, in every process.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from recommender.models import Experiment, ScenarioChange, ServingStamp, TasteModel
from recommender.serving.scenarios import SCENARIOS, SERVING, ScenarioSettings, SettingsRefused
from recommender.serving.splitting import Split, Variant

logger = logging.getLogger(__name__)


def _defaults() -> dict[str, ScenarioSettings]:
    return {name: scenario.defaults for name, scenario in SCENARIOS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All settings that lists are made with, at one moment."""

    settings: Mapping[str, ScenarioSettings] = field(default_factory=_defaults)
    """By scenario name."""
    splits: Mapping[str, Split] = field(default_factory=dict)
    """The running experiments, by scenario name."""
    models: tuple[int, ...] = ()
    """The ids of the taste models that can score, with the active one first, or 0 if there is none."""
    served_by: str = SERVING
    """The model that `serving` refers to in the settings: for a past moment, the one that was active then."""


AS_DELIVERED = Configuration()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    stamp: UUID = ServingStamp.NONE
    configuration: Configuration = AS_DELIVERED


_known = _Copy()


def configuration() -> Configuration:
    """What is in force now. One query, and more only after a change."""
    return in_force()[1]


def in_force() -> tuple[datetime, Configuration]:
    """The current moment, by the database's clock, and what is in force at it. One query, and more only after a change.

    The stamp is read before the settings: a change in between leaves the copy newer than its stamp, so it is read
    again.
    """
    global _known
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp(), (SELECT value FROM recommender_servingstamp ORDER BY id LIMIT 1)")
        moment, stamp = cursor.fetchone()
    known = _known
    if stamp is None:
        return moment, AS_DELIVERED
    if known.stamp != stamp:
        _known = known = _Copy(stamp=stamp, configuration=_read())
    return moment, known.configuration


def settings_of(scenario: str) -> ScenarioSettings:
    """The settings in force for a scenario. Raises KeyError for an unknown one."""
    return configuration().settings[scenario]


def _read() -> Configuration:
    changes = dict(ScenarioChange.objects.values_list("scenario", "changes"))
    running = Experiment.objects.running().values("id", "name", "scenario", "salt", "variants")
    return configuration_of(changes, running, models=_models())


def configuration_of(
    scenarios: Mapping[str, Mapping[str, object]], experiments: Iterable[Mapping[str, Any]], *, models: tuple[int, ...]
) -> Configuration:
    """Combine the changes to scenarios, by name, with the running experiments."""
    settings = _defaults()
    for name, changes in scenarios.items():
        if name in settings:
            settings[name] = with_readable(settings[name], changes, of=name)
    splits = {
        row["scenario"]: split_of(Experiment(**{**row, "salt": UUID(str(row["salt"]))}), settings[row["scenario"]])
        for row in experiments
        if row["scenario"] in settings
    }
    return Configuration(settings=settings, splits=splits, models=models)


def split_of(experiment: Experiment, base: ScenarioSettings) -> Split:
    """The split that an experiment makes: each variant is the scenario's settings with its own changes."""
    return Split(
        experiment_id=experiment.pk,
        name=experiment.name,
        salt=experiment.salt,
        variants=tuple(
            Variant(
                name=row["name"],
                share=row["share"],
                settings=with_readable(base, row["changes"], of=f"variant {row['name']}"),
            )
            for row in experiment.variants
        ),
    )


def _models() -> tuple[int, ...]:
    states = dict(TasteModel.objects.filter(state__in=["active", "ready"]).values_list("pk", "state"))
    serving = next((pk for pk, state in states.items() if state == "active"), 0)
    return (serving, *(pk for pk, state in states.items() if state == "ready"))


def with_readable(base: ScenarioSettings, changes: Mapping[str, object], *, of: str) -> ScenarioSettings:
    """Apply stored changes; those from an older release that cannot be read are left out and logged."""
    for name, value in changes.items():
        try:
            base = base.with_changes({name: value})
        except SettingsRefused as error:
            logger.warning("A setting of %s is ignored: %s", of, error)
    return base
