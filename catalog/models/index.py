"""Index versions, their vectors, and the ledger of the work to be done for each."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField

from catalog.embedding.base import EncoderSpec
from catalog.embedding.registry import READ_PICTURES
from catalog.querysets import (
    EmbeddingBatchQuerySet,
    EmbeddingStateQuerySet,
    IndexVersionQuerySet,
    ReindexRunQuerySet,
)

DEFAULT_TEMPLATE = "{{ title }}\n{{ body }}"


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
    storage = models.CharField(max_length=10, choices=Storage, default=Storage.HALF, help_text="What the graph holds.")
    ef_search = models.PositiveIntegerField(
        null=True,
        help_text="Passages a search keeps in sight in the graph; null where few passages are searched exactly, and "
        "until it is measured: the site's HNSW_EF_SEARCH.",
    )
    recall_at_10 = models.FloatField(null=True, help_text="Of searches by meaning, against an exact scan.")
    passages_measured = models.PositiveBigIntegerField(null=True, help_text="How many there were at that time.")
    relevance_cutoff = models.FloatField(null=True, help_text="Cosine above which a passage is called close.")
    state = models.CharField(max_length=10, choices=State, default=State.BUILDING)
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True)

    #: Set by `with_rules_stamp`.
    rules_stamp: UUID | None = None
    #: Set on a version that is remembered: see `catalog.index.serving`.
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
        """Whether its encoder has a tower for pictures, so that items have vectors of them as well."""
        return self.backend in READ_PICTURES

    @property
    def searched_exactly(self) -> bool:
        """Whether its passages are so few that a search compares each of them: see `catalog.tuning.ef_search`."""
        return self.passages_measured is not None and self.ef_search is None

    @property
    def name_of_vectors(self) -> str:
        """Another for each index that there has ever been: a restored backup may give numbers out again."""
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


#: Stands for the ordinal of a passage where a vector is that of the item's picture. Its span is empty.
PICTURE_ORDINAL = 2**31 - 1


class Passage(models.Model):
    """A span of an item's document with its vector, or the vector of the item's picture.

    Partitioned by version; HNSW as `catalog.index.graphs` has it.
    """

    pk = models.CompositePrimaryKey("version_id", "item_id", "ordinal")
    version_id = models.BigIntegerField()
    item_id = models.BigIntegerField()
    ordinal = models.PositiveIntegerField()
    span_start = models.PositiveIntegerField(help_text="First character of the span in the document.")
    span_end = models.PositiveIntegerField()
    embedding = HalfVectorField()

    class Meta:
        managed = False
        db_table = "catalog_passage"

    def __str__(self) -> str:
        return f"v{self.version_id} item {self.item_id} passage {self.ordinal}"


class EmbeddingState(models.Model):
    """The ledger: for each item of each version, whether its vectors are there. Partitioned by version.

    `token` names the claim that may write; a change to the item takes it away, which fences that claim off.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        LEASED = "leased"
        DONE = "done"
        FAILED = "failed"

    pk = models.CompositePrimaryKey("version_id", "item_id")
    version_id = models.BigIntegerField()
    item_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    document_hash = models.CharField(max_length=32, default="", help_text="MD5 of the document last embedded.")
    error = models.TextField(default="")
    picture_hash = models.CharField(max_length=32, default="", help_text="MD5 of the picture's address last read.")
    picture_error = models.TextField(default="", help_text="Why there is no vector of the picture.")
    picture_attempts = models.PositiveSmallIntegerField(default=0)
    picture_retry_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    objects: ClassVar[EmbeddingStateQuerySet] = EmbeddingStateQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        managed = False
        db_table = "catalog_embeddingstate"

    def __str__(self) -> str:
        return f"v{self.version_id} item {self.item_id}: {self.state}"


class EmbeddingBatch(models.Model):
    """One batch written by a worker: what throughput and time left are worked out from."""

    version = models.ForeignKey(IndexVersion, on_delete=models.CASCADE, related_name="batches")
    finished_at = models.DateTimeField(db_default=models.functions.Now())
    items = models.PositiveIntegerField()
    passages = models.PositiveIntegerField()
    duration_s = models.FloatField()

    objects: ClassVar[EmbeddingBatchQuerySet] = EmbeddingBatchQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "embedding batches"
        indexes = [models.Index(fields=["version", "-finished_at"], name="batch_recent")]

    def __str__(self) -> str:
        return f"{self.items} items in {self.duration_s:.1f} s"


class ReindexRun(models.Model):
    """One rebuild of the index: a new version filled, built, verified and switched to."""

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
