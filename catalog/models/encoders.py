"""What is known of encoders: judged queries, comparisons of two, and those adapted to this catalogue."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from catalog.embedding.base import EncoderSpec
from catalog.models.item import Item
from catalog.models.searches import TEXT_KEPT
from catalog.querysets import EncoderJobQuerySet


def version_settings(spec: EncoderSpec) -> dict[str, Any]:
    """What an index version with this encoder is started with; what is not set takes the encoder's own."""
    return {name: value for name, value in asdict(spec).items() if value}


class Judgement(models.Model):
    """How well an item answers a query, as somebody judged it: 0 not at all, higher is better."""

    query = models.CharField(max_length=TEXT_KEPT)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, db_constraint=False)
    grade = models.FloatField(default=1.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["query", "item"], name="one_judgement")]

    def __str__(self) -> str:
        return f"{self.query}: item {self.item_id} {self.grade:g}"


class EncoderJob(models.Model):
    """Minutes of work on encoders, done by a worker. One that is killed is begun anew, three times at most."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    base = models.JSONField(help_text="The specification of the encoder that serves.")
    attempts = models.PositiveSmallIntegerField(default=0)
    message = models.TextField(blank=True, default="", help_text="How far it is, or why it failed.")
    figures = models.JSONField(default=dict)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[EncoderJobQuerySet[Any]] = EncoderJobQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        abstract = True
        ordering = ["-id"]

    @property
    def base_spec(self) -> EncoderSpec:
        return EncoderSpec(**self.base)

    @property
    def is_finished(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)


class EncoderComparison(EncoderJob):
    """The encoder that serves and another one, measured side by side on this catalogue."""

    candidate = models.JSONField(help_text="The specification of the other encoder.")

    def __str__(self) -> str:
        return f"{self.base_spec.model} and {self.candidate_spec.model}"

    @property
    def candidate_spec(self) -> EncoderSpec:
        return EncoderSpec(**self.candidate)

    @property
    def version_settings(self) -> dict[str, Any]:
        """Of an index version with the other encoder."""
        return version_settings(self.candidate_spec)


class EncoderAdaptation(EncoderJob):
    """An encoder trained on what visitors looked for. It is offered only where it is better for certain."""

    folder = models.CharField(max_length=300, blank=True, default="", help_text="Where its weights lie.")
    offered = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"Adaptation {self.pk} of {self.base_spec.model}"

    @property
    def version_settings(self) -> dict[str, Any]:
        """Of an index version with the adapted encoder."""
        return version_settings(replace(self.base_spec, model=self.folder, revision=""))
