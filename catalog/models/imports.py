"""Runs that load a file into the catalogue."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from django.conf import settings
from django.db import models


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def unfinished(self) -> ImportRunQuerySet:
        return self.filter(state__in=["queued", "running"])

    def for_workers(self) -> ImportRunQuerySet:
        """Uploads that wait for a worker or whose worker may have died. One still being worked on is not harmed."""
        return self.unfinished().exclude(path__startswith="/")

    def like(self, run: ImportRun) -> ImportRunQuerySet:
        """Runs that load the same file in the same way."""
        return self.filter(kind=run.kind, path=run.path, size_bytes=run.size_bytes, mapping=run.mapping)


class ImportRun(models.Model):
    """One file being loaded. `position` is how far it has been read, so a killed run continues from there."""

    class Kind(models.TextChoices):
        ITEMS = "items"
        INTERACTIONS = "interactions"

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=15, choices=Kind)
    path = models.CharField(max_length=1000)
    filename = models.CharField(max_length=300)
    mapping = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    position = models.PositiveBigIntegerField(default=0, help_text="Rows processed so far.")
    size_bytes = models.PositiveBigIntegerField(default=0)
    read_bytes = models.PositiveBigIntegerField(default=0)
    created = models.PositiveBigIntegerField(default=0)
    updated = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    problems = models.JSONField(default=list, help_text="The first bad rows: line and reason.")
    message = models.TextField(blank=True, default="")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[ImportRunQuerySet] = ImportRunQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.filename}: {self.state}"

    @property
    def uploaded(self) -> bool:
        """Whether the file was uploaded, so that its path is relative to MEDIA_ROOT; workers load those."""
        return not PurePath(self.path).is_absolute()
