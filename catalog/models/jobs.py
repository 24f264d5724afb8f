"""Work of some minutes that a worker does, one job at a time."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.db import models

AnyJob = TypeVar("AnyJob", bound="Job")


class JobQuerySet(models.QuerySet[AnyJob]):
    def unfinished(self) -> JobQuerySet[AnyJob]:
        """Jobs waiting for a worker, and jobs a worker is doing, or was doing when it died."""
        return self.filter(state__in=["waiting", "running"])

    def of_commands(self) -> JobQuerySet[AnyJob]:
        """Jobs that a command is doing, or was doing when it died: workers count their attempts, commands do not."""
        return self.filter(state="running", attempts=0)


class Job(models.Model):
    """A task, its progress and its outcome.

    A job whose worker is killed is started again, up to three attempts in all. One whose command is killed has failed.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    message = models.TextField(blank=True, default="", help_text="Its progress, or why it failed.")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[JobQuerySet[Any]] = JobQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        abstract = True
        ordering = ["-id"]

    @property
    def is_finished(self) -> bool:
        return self.state not in (self.State.WAITING, self.State.RUNNING)
