"""The vectors of index versions, and the ledger of the work to be done for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMinute
from pgvector.django import HalfVectorField

from catalog.models.index import IndexVersion

LEDGER_STATES = ("pending", "leased", "done", "failed")
#: The ordinal of the vector of an item's picture, in place of a passage's. Its span is empty.
PICTURE_ORDINAL = 2**31 - 1


class Passage(models.Model):
    """A span of an item's document with its vector, or the vector of the item's picture.

    Partitioned by version; for the HNSW indexes see `catalog.index.graphs`.
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


class EmbeddingStateQuerySet(models.QuerySet["EmbeddingState"]):
    def of(self, version: IndexVersion) -> EmbeddingStateQuerySet:
        return self.filter(version_id=version.pk)

    def among(self, item_ids: Iterable[int]) -> EmbeddingStateQuerySet:
        return self.filter(item_id__in=list(item_ids))

    def claimable(self) -> EmbeddingStateQuerySet:
        """Rows that a worker may claim right now."""
        versions = IndexVersion.objects.claimable().values_list("pk", flat=True)
        return self.filter(state="pending", version_id__in=list(versions))

    def pending(self) -> EmbeddingStateQuerySet:
        return self.filter(state="pending")

    def done(self) -> EmbeddingStateQuerySet:
        return self.filter(state="done")

    def failed(self) -> EmbeddingStateQuerySet:
        return self.filter(state="failed")

    def unseen(self) -> EmbeddingStateQuerySet:
        """Items embedded without their picture, which could not be fetched or read."""
        return self.done().exclude(picture_error="")

    def failed_in(self, versions: Sequence[IndexVersion]) -> EmbeddingStateQuerySet:
        """Items of these versions that failed, or whose picture did, latest first."""
        failed = self.failed() | self.unseen()
        return failed.filter(version_id__in=[version.pk for version in versions]).order_by("-updated_at")

    def unseen_by_version(self, versions: Sequence[IndexVersion]) -> dict[int, int]:
        """How many pictures of each version could not be fetched or read, by version id; zeros are left out."""
        found = self.unseen().filter(version_id__in=[version.pk for version in versions])
        return dict(found.order_by().values_list("version_id").annotate(Count("item_id")))

    def unfinished(self) -> EmbeddingStateQuerySet:
        return self.filter(state__in=["pending", "leased"])

    def counts(self) -> dict[str, int]:
        """How many rows are in each state; absent states are 0."""
        return self.aggregate(**_count_states())

    def counts_by_version(self, versions: Sequence[IndexVersion]) -> dict[int, dict[str, int]]:
        """The same for each version by id, in one query."""
        ids = [version.pk for version in versions]
        found = self.filter(version_id__in=ids).order_by().values("version_id").annotate(**_count_states())
        counts = {pk: dict.fromkeys(LEDGER_STATES, 0) for pk in ids}
        return counts | {row.pop("version_id"): row for row in found}


class EmbeddingState(models.Model):
    """The ledger: for each item of each version, whether its vectors are there. Partitioned by version.

    `token` identifies the claim that may write; a change to the item clears it, which fences that claim off.
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


class EmbeddingBatchQuerySet(models.QuerySet["EmbeddingBatch"]):
    def finished_before(self, moment: datetime) -> EmbeddingBatchQuerySet:
        return self.filter(finished_at__lt=moment)

    def items_per_minute(self, *, since: datetime) -> dict[datetime, int]:
        """Items embedded in each minute that had any."""
        minutes = self.filter(finished_at__gte=since).annotate(minute=TruncMinute("finished_at")).values("minute")
        return dict(minutes.annotate(count=Sum("items")).order_by("minute").values_list("minute", "count"))


class EmbeddingBatch(models.Model):
    """One batch written by a worker: the basis of throughput and time left."""

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


def _count_states() -> dict[str, Any]:
    return {name: Count("item_id", filter=Q(state=name)) for name in LEDGER_STATES}
