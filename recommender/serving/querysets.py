"""The query language of experiments and of the lists that were shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import TruncDay

if TYPE_CHECKING:
    from recommender.serving.models import Experiment, ServingRecord, ShownList

#: How lists are counted, whatever they are grouped by.
COUNTS: dict[str, Any] = {
    "lists": Count("*"),
    "clicked_lists": Count("shown_at", filter=~Q(clicked=[])),
    "acted_lists": Count("shown_at", filter=~Q(acted=[])),
}


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def running(self) -> ExperimentQuerySet:
        return self.filter(state="running")

    def models_wanted(self) -> set[int]:
        """The taste models that a running experiment makes lists by."""
        changes = (row["changes"].get("model", "") for rows in self._variants() for row in rows)
        return {int(name) for name in changes if name.isdecimal()}

    def _variants(self) -> models.QuerySet[Experiment, list[dict[str, Any]]]:
        return self.running().values_list("variants", flat=True)

    def other_than(self, experiment: Experiment) -> ExperimentQuerySet:
        return self.exclude(pk=experiment.pk)

    def named(self, name: str) -> Experiment | None:
        return self.filter(name=name).first()

    def of_scenario(self, scenario: str) -> ExperimentQuerySet:
        return self.filter(scenario=scenario)


class ServingRecordQuerySet(models.QuerySet["ServingRecord"]):
    def at(self, moment: datetime) -> ServingRecord | None:
        """What was in force at a moment; None for one before anything was put on record."""
        return self.filter(since__lte=moment).order_by("-since", "-id").first()


class ShownListQuerySet(models.QuerySet["ShownList"]):
    def answered(self, request_id: UUID) -> ShownList | None:
        """The list that the API handed out with this id; None where there is none, or the id is forgotten."""
        return self.filter(request_id=request_id, source="api").first()

    def since(self, moment: datetime) -> ShownListQuerySet:
        return self.filter(shown_at__gte=moment)

    def counts_by(self, *names: str) -> list[dict[str, Any]]:
        """Counts for each combination of these fields, `day` among them, in their order."""
        lists: Any = self.annotate(day=TruncDay("shown_at")) if "day" in names else self
        return list(lists.order_by().values(*names).annotate(**COUNTS).order_by(*names))
