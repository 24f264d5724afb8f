"""What staff set for recommendations, the stamp that notifies processes of changes, and the lists that were shown."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import TruncDay

from catalog.models.stamps import renew_stamp
from recommender.models.records import keep_record

#: How lists are counted, for any grouping.
COUNTS: dict[str, Any] = {
    "lists": Count("*"),
    "clicked_lists": Count("shown_at", filter=~Q(clicked=[])),
    "acted_lists": Count("shown_at", filter=~Q(acted=[])),
}


class ServingStamp(models.Model):
    """The one row that changes with every change of settings. Processes compare it with the value they know.

    It is random, so a rolled-back transaction or another database never has the same value. Until something is set
    there is no row.
    """

    #: The value while there is no row.
    NONE: ClassVar[UUID] = UUID(int=0)

    value = models.UUIDField()

    def __str__(self) -> str:
        return str(self.value)


class ServingRecordQuerySet(models.QuerySet["ServingRecord"]):
    def at(self, moment: datetime) -> ServingRecord | None:
        """What was in force at a moment; None if that was before the first record."""
        return self.filter(since__lte=moment).order_by("-since", "-id").first()


class ServingRecord(models.Model):
    """The settings that lists were made with from a moment on, until the next record: changed scenarios, running
    experiments, event weights and the serving taste model. Triggers write the rows; the first dates from the day when
    this table was created."""

    since = models.DateTimeField(db_index=True)
    in_force = models.JSONField()

    objects: ClassVar[ServingRecordQuerySet] = ServingRecordQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        get_latest_by = ["since", "id"]

    def __str__(self) -> str:
        return f"Since {self.since:%Y-%m-%d %H:%M:%S}"


class ScenarioChange(models.Model):
    """Staff changes to a scenario's defaults, validated and saved by `recommender.serving.saving`."""

    scenario = models.CharField(max_length=20, primary_key=True)
    changes = models.JSONField(default=dict, help_text="The settings that differ from the defaults, by name.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        triggers = [renew_stamp("recommender", "serving"), keep_record()]

    def __str__(self) -> str:
        return self.scenario


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def running(self) -> ExperimentQuerySet:
        return self.filter(state="running")

    def models_wanted(self) -> set[int]:
        """The taste models that running experiments make lists with."""
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


class Experiment(models.Model):
    """Variants of a scenario, each shown to a share of people, validated and saved by `recommender.serving.saving`."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        RUNNING = "running", "Running"
        STOPPED = "stopped", "Stopped"

    name = models.CharField(max_length=100, unique=True)
    scenario = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    variants = models.JSONField(
        default=list,
        help_text="Rows of `name`, `share` and `changes`, which are settings; the first is the control.",
    )
    salt = models.UUIDField(default=uuid.uuid4, help_text="Makes each experiment split people differently.")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)

    objects: ClassVar[ExperimentQuerySet] = ExperimentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["scenario"], condition=Q(state="running"), name="one_experiment_scenario")
        ]
        triggers = [renew_stamp("recommender", "serving"), keep_record()]

    def __str__(self) -> str:
        return self.name


class SplitUnit(models.Model):
    """The split unit of an account whose owner was a visitor before: it stays in that visitor's variants."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE)
    unit = models.BigIntegerField(help_text="A keyed hash from which the visitor cannot be found.")

    def __str__(self) -> str:
        return f"Split unit of user {self.user_id}"


class ShownListQuerySet(models.QuerySet["ShownList"]):
    def answered(self, request_id: UUID) -> ShownList | None:
        """The list that the API handed out with this id; None if there is none or the id has been forgotten."""
        return self.filter(request_id=request_id, source="api").first()

    def since(self, moment: datetime) -> ShownListQuerySet:
        return self.filter(shown_at__gte=moment)

    def counts_by(self, *names: str) -> list[dict[str, Any]]:
        """Counts for each combination of these fields, which may include `day`, ordered by them."""
        lists: Any = self.annotate(day=TruncDay("shown_at")) if "day" in names else self
        return list(lists.order_by().values(*names).annotate(**COUNTS).order_by(*names))


class ShownList(models.Model):
    """A list of recommendations that was shown, and what came of it. It records what was shown, not to whom."""

    class Source(models.TextChoices):
        PAGE = "page"
        API = "api"

    shown_at = models.DateTimeField()
    source = models.CharField(max_length=4, choices=Source)
    scenario = models.CharField(max_length=20)
    model_id = models.BigIntegerField(null=True, help_text="The serving taste model; null for the untrained score.")
    experiment_id = models.BigIntegerField(null=True)
    variant = models.CharField(max_length=40, default="", blank=True)
    unit = models.BigIntegerField(
        null=True, help_text="A keyed hash of who it was shown to and the experiment; counts a variant's people."
    )
    request_id = models.UUIDField(null=True, help_text="By which clicks are attributed; deleted after the window.")
    visit = models.UUIDField(null=True, help_text="The visit by which clicks on pages are attributed; deleted too.")
    item_ids = ArrayField(models.BigIntegerField(), help_text="In the order shown.")
    clicked = ArrayField(models.SmallIntegerField(), default=list, help_text="Places that were opened, from 1.")
    acted = ArrayField(models.SmallIntegerField(), default=list, help_text="Places that were liked, saved or bought.")

    objects: ClassVar[ShownListQuerySet] = ShownListQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            # Covers everything counted by day, so that those counts are index-only.
            models.Index(
                fields=["shown_at"], include=["scenario", "variant", "model_id", "clicked", "acted"], name="list_shown"
            ),
            models.Index(fields=["request_id"], condition=Q(request_id__isnull=False), name="list_request"),
            models.Index(fields=["visit"], condition=Q(visit__isnull=False), name="list_visit"),
            models.Index(
                fields=["experiment_id", "variant"], condition=Q(experiment_id__isnull=False), name="list_experiment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scenario}: {len(self.item_ids)} items"
