"""Which settings a list is made with, and for whom: those of its scenario, or of a variant in an experiment."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.http import HttpRequest
from django.utils import timezone

from recommender.past import Past
from recommender.serving.configuration import Configuration, in_force
from recommender.serving.scenarios import SERVING, UNTRAINED, ScenarioSettings
from recommender.serving.units import unit_for, unit_of
from recommender.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The settings of a scenario for somebody, at a moment."""

    scenario: str
    at: datetime
    settings: ScenarioSettings
    model_id: int | None = None
    """The taste model in force; None for the untrained score."""
    experiment_id: int | None = None
    experiment: str = ""
    """The experiment's name; empty outside an experiment, as is `variant`."""
    variant: str = ""
    pseudonym: int | None = None
    """Represents the person in the experiment's log."""

    @property
    def model_is_gone(self) -> bool:
        """Whether the settings name a taste model that is no longer kept, so that another one, or none, serves."""
        named = self.settings.model
        return named.isdecimal() and int(named) != self.model_id


def assignment_for(
    scenario: str,
    subject: Subject,
    *,
    request: HttpRequest | None = None,
    past: Past | None = None,
) -> Assignment:
    """What a subject is assigned in a scenario, now or as of a moment of the `past`.

    A page passes its `request`, whose cookies let even somebody unknown be split into a variant. One query, and one
    more for an account while an experiment runs. Raises KeyError for an unknown scenario.
    """
    at, known = (past.at, past.configuration) if past else in_force()
    split = known.splits.get(scenario)
    unit = None
    if split is not None:
        unit = unit_of(subject) if request is None else unit_for(request, subject)
    if split is None or unit is None:
        settings = _served(known.settings[scenario], known)
        return Assignment(scenario=scenario, at=at, settings=settings, model_id=_model_id(settings, known.models))
    variant = split.variant_of(unit)
    settings = _served(variant.settings, known)
    return Assignment(
        scenario=scenario,
        at=at,
        settings=settings,
        model_id=_model_id(settings, known.models),
        experiment_id=split.experiment_id,
        experiment=split.name,
        variant=variant.name,
        pseudonym=split.pseudonym(unit),
    )


def seed_of(subject: Subject, at: datetime | None = None) -> int:
    """The seed for random draws in a list, below 2^31.

    For a known subject it is the same all day, so that a list does not change at every view; for somebody unknown it
    differs each time.
    """
    at = (at or timezone.now()).astimezone(UTC)
    return zlib.crc32(f"{subject} {at:%Y%m%d}".encode() if subject.known else at.isoformat().encode()) >> 1


def _served(settings: ScenarioSettings, known: Configuration) -> ScenarioSettings:
    return replace(settings, model=known.served_by) if settings.model == SERVING else settings


def _model_id(settings: ScenarioSettings, models: tuple[int, ...]) -> int | None:
    """The model that these settings are served with. `models` are those kept, the active one first (0 for none)."""
    if settings.model == UNTRAINED or not models:
        return None
    if settings.model.isdecimal() and int(settings.model) in models:
        return int(settings.model)
    return models[0] or None
