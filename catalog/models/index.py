"""Index versions, and the runs that make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.embedding.base import EncoderSpec
from catalog.embedding.registry import READ_PICTURES
from catalog.models.rules import RulesStamp

DEFAULT_TEMPLATE = "{{ title }}\n{{ body }}"


class IndexVersionQuerySet(models.QuerySet["IndexVersion"]):
    def active(self) -> IndexVersion | None:
        return self.filter(state="active").first()

    def with_rules_stamp(self) -> IndexVersionQuerySet:
        """Each with the current stamp of the rules, so that reading a version yields the stamp at no extra cost."""
        return self.annotate(rules_stamp=RulesStamp.present())

    def live(self) -> IndexVersionQuerySet:
        """Versions whose vectors are kept up to date."""
        return self.filter(state__in=["building", "ready", "active"])

    def kept(self) -> IndexVersionQuerySet:
        """Live versions, and those whose encoder is not yet loaded."""
        return self.exclude(state="retired")

    def searchable(self, version_id: int) -> IndexVersion | None:
        """The live version with this id."""
        return self.live().filter(pk=version_id).first()

    def ready(self) -> IndexVersionQuerySet:
        """Complete versions that are not serving."""
        return self.filter(state="ready")

    def complete(self) -> IndexVersionQuerySet:
        """Versions with a graph, which serve or could serve."""
        return self.filter(state__in=["ready", "active"])

    def retirable(self) -> IndexVersionQuerySet:
        """Versions nobody reads from or works on: complete ones, and those left by a failed run."""
        return self.filter(state__in=["loading", "building", "ready"]).exclude(run__state__in=["running", "paused"])

    def kept_up(self) -> IndexVersionQuerySet:
        """Live versions except those left by a failed run. One building without a run was made by hand."""
        left = self.filter(state="building", run__state__in=["failed", "cancelled"]).values("pk")
        return self.live().exclude(pk__in=left)

    def claimable(self) -> IndexVersionQuerySet:
        """Versions that workers may embed for, the serving one first."""
        serving_first = models.Case(models.When(state="active", then=0), default=1)
        return self.kept_up().exclude(run__state="paused").order_by(serving_first, "id")


class IndexVersion(models.Model):
    """How a set of vectors was made. Exactly one version is active; a request reads from that one only."""

    class State(models.TextChoices):
        LOADING = "loading"
        BUILDING = "building"
        READY = "ready"
        ACTIVE = "active"
        RETIRED = "retired"

    class Storage(models.TextChoices):
        HALF = "half", "Half precision"
        BINARY = "binary", "Binary, rescored"

    backend = models.CharField(max_length=30, default="transformer")
    model = models.CharField(max_length=300, default="all-MiniLM-L6-v2")
    revision = models.CharField(max_length=100, blank=True, default="")
    dimensions = models.PositiveIntegerField(help_text="0 until the encoder has been loaded.")
    query_prompt = models.CharField(max_length=200, blank=True, default="")
    document_prompt = models.CharField(max_length=200, blank=True, default="")
    max_tokens = models.PositiveIntegerField()
    document_template = models.TextField(default=DEFAULT_TEMPLATE)
    window_tokens = models.PositiveIntegerField()
    overlap_tokens = models.PositiveIntegerField(default=32)
    storage = models.CharField(max_length=10, choices=Storage, default=Storage.HALF, help_text="What the graph stores.")
    ef_search = models.PositiveIntegerField(
        null=True,
        help_text="Passages a search keeps as candidates in the graph; null if few passages are searched exactly, or "
        "until measured (then the site's HNSW_EF_SEARCH applies).",
    )
    recall_at_10 = models.FloatField(null=True, help_text="Of searches by meaning, against an exact scan.")
    passages_measured = models.PositiveBigIntegerField(null=True, help_text="How many passages there were then.")
    relevance_cutoff = models.FloatField(null=True, help_text="Cosine above which a passage counts as close.")
    cutoff_passages = models.PositiveBigIntegerField(
        null=True, help_text="How many passages there were when the cut-off was measured."
    )
    state = models.CharField(max_length=10, choices=State, default=State.BUILDING)
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True)

    #: Set by `with_rules_stamp`.
    rules_stamp: UUID | None = None
    #: Set on a remembered version: see `catalog.index.serving`.
    serving_stamp: str | None = None

    objects: ClassVar[IndexVersionQuerySet] = IndexVersionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="active"), name="one_active_version"),
        ]

    def __str__(self) -> str:
        return f"v{self.pk} · {self.model}"

    @property
    def reads_pictures(self) -> bool:
        """Whether its encoder has a tower for pictures, so that items have picture vectors as well."""
        return self.backend in READ_PICTURES

    @property
    def searched_exactly(self) -> bool:
        """Whether it has so few passages that a search compares each of them: see `catalog.tuning.ef_search`."""
        return self.passages_measured is not None and self.ef_search is None

    @property
    def name_of_vectors(self) -> str:
        """Unique among all indexes there have ever been: a restored backup may reuse ids."""
        return f"{self.pk} of {self.created_at.timestamp()}"

    @property
    def encoder_spec(self) -> EncoderSpec:
        return EncoderSpec(
            backend=self.backend,
            model=self.model,
            revision=self.revision,
            dimensions=self.dimensions or None,
            query_prompt=self.query_prompt,
            document_prompt=self.document_prompt,
            max_tokens=self.max_tokens or None,
        )


class ReindexRunQuerySet(models.QuerySet["ReindexRun"]):
    def running(self) -> ReindexRunQuerySet:
        return self.filter(state="running")

    def unfinished(self) -> ReindexRunQuerySet:
        return self.filter(state__in=["running", "paused"])

    def finished(self) -> ReindexRunQuerySet:
        return self.exclude(state__in=["running", "paused"])

    def by_version(self, versions: Sequence[IndexVersion]) -> dict[int, ReindexRun]:
        """The runs that made these versions, by the version's id."""
        return {run.version_id: run for run in self.filter(version__in=versions)}


class ReindexRun(models.Model):
    """One rebuild of the index: a new version is filled, built, verified and switched to."""

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        CANCELLED = "cancelled"
        FAILED = "failed"

    class Step(models.TextChoices):
        LOAD = "load"
        EMBED = "embed"
        BUILD = "build"
        VERIFY = "verify"
        ACTIVATE = "activate"

    version = models.OneToOneField(IndexVersion, on_delete=models.CASCADE, related_name="run")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    step = models.CharField(max_length=10, choices=Step, default=Step.LOAD)
    activate_when_ready = models.BooleanField(default=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    message = models.TextField(blank=True, default="")
    report = models.JSONField(default=dict, help_text="What the verify step measured.")

    objects: ClassVar[ReindexRunQuerySet] = ReindexRunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(state__in=["running", "paused"]), name="one_unfinished_reindex"
            ),
        ]

    def __str__(self) -> str:
        return f"Reindex to v{self.version_id}: {self.state}"
