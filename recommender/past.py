"""Lists as of a moment: made with what was in force then, as far as that was kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from catalog.models import IndexVersion
from catalog.search.predicates import Predicate
from recommender.interests import Kind
from recommender.models import Preferences, ServingRecord
from recommender.serving.configuration import Configuration, configuration, configuration_of
from recommender.serving.scenarios import UNTRAINED
from recommender.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A moment that lists are made as of.

    If the site existed then, what had been recorded by that moment counts, with the items that had been added by then.
    For an earlier moment, known only from imported histories, it is what had happened by then, with today's catalogue.
    """

    at: datetime
    on_record: bool
    configuration: Configuration = field(default_factory=configuration)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    """What events counted then; kinds that are missing count what they do now."""
    not_kept: tuple[str, ...] = ()
    """What is taken as it is now because its past state is unknown."""

    def not_kept_for(self, *, model_is_gone: bool) -> tuple[str, ...]:
        """`not_kept`, with the model if somebody's taste model of then may have been deleted since."""
        gone = model_is_gone and "model" not in self.not_kept
        return ("model", *self.not_kept) if gone else self.not_kept

    @property
    def items(self) -> Predicate | None:
        """A predicate for the items that existed then."""
        return Predicate(sql="catalog_item.created_at < %s", parameters=(self.at,)) if self.on_record else None

    @property
    def events(self) -> str:
        """A condition on interactions named `event`; its parameters are in `parameters`."""
        return f"event.{'created_at' if self.on_record else 'occurred_at'} < %(as_of)s"

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of `events`, and `weights` by event kind, as JSON."""
        return {"as_of": self.at, "weights": json.dumps({name: kind.weight for name, kind in self.kinds.items()})}


def past_of(at: datetime, subject: Subject) -> Past:
    """What is known about a moment, for a subject's lists. Four queries."""
    now, record = configuration(), ServingRecord.objects.at(at)
    not_kept = tuple(name for name, kept in _kept(at, subject).items() if not kept)
    if record is None:
        return Past(at=at, on_record=False, configuration=now, not_kept=("items", "settings", "model", *not_kept))
    then = configuration_of(record.in_force["scenarios"], record.in_force["experiments"], models=now.models)
    model_id = record.in_force["model"]
    return Past(
        at=at,
        on_record=True,
        configuration=replace(then, served_by=str(model_id) if model_id else UNTRAINED),
        kinds={
            name: Kind(weight=weight, half_life_days=half_life_days)
            for name, (weight, half_life_days) in record.in_force["kinds"].items()
        },
        not_kept=not_kept,
    )


def _kept(at: datetime, subject: Subject) -> dict[str, bool]:
    """Whether the active index was already active then, and whether a subject's preferences are unchanged since."""
    version = IndexVersion.objects.active()
    index_kept = version is None or version.activated_at is None or version.activated_at <= at
    return {"index": index_kept, "preferences": not Preferences.objects.of(subject).changed_after(at).exists()}
