"""Encoders: comparisons of two, those adapted to this catalogue, and the use of endpoints."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, ClassVar

from django.db import models
from django.db.models import Sum
from django.db.models.functions import TruncMonth

from catalog.embedding.base import EncoderSpec
from catalog.models.jobs import Job


def version_settings(spec: EncoderSpec) -> dict[str, Any]:
    """The settings for an index version with this encoder; anything not set takes the encoder's own value."""
    return {name: value for name, value in asdict(spec).items() if value}


class EncoderJob(Job):
    """A job that works with encoders."""

    base = models.JSONField(help_text="The specification of the serving encoder.")
    figures = models.JSONField(default=dict)

    class Meta(Job.Meta):
        abstract = True

    @property
    def base_spec(self) -> EncoderSpec:
        return EncoderSpec(**self.base)


class EncoderComparison(EncoderJob):
    """The serving encoder and another one, measured side by side on this catalogue."""

    candidate = models.JSONField(help_text="The specification of the other encoder.")

    def __str__(self) -> str:
        return f"{self.base_spec.model} and {self.candidate_spec.model}"

    @property
    def candidate_spec(self) -> EncoderSpec:
        return EncoderSpec(**self.candidate)

    @property
    def version_settings(self) -> dict[str, Any]:
        """For an index version with the other encoder."""
        return version_settings(self.candidate_spec)


class EncoderAdaptation(EncoderJob):
    """An encoder trained on what visitors searched for. It is offered only if it is certain to be better."""

    folder = models.CharField(max_length=300, blank=True, default="", help_text="The folder with its weights.")
    offered = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"Adaptation {self.pk} of {self.base_spec.model}"

    @property
    def version_settings(self) -> dict[str, Any]:
        """For an index version with the adapted encoder."""
        return version_settings(replace(self.base_spec, model=self.folder, revision=""))


class EndpointUseQuerySet(models.QuerySet["EndpointUse"]):
    def by_month(self) -> models.QuerySet[Any, Any]:
        """Use and cost of each model in each month, latest month first and then the most expensive model."""
        by_month = self.annotate(month=TruncMonth("day")).values("model", "month")
        by_month = by_month.annotate(
            requests=Sum("requests"), texts=Sum("texts"), tokens=Sum("tokens"), cost=Sum("cost")
        )
        return by_month.order_by("-month", "-cost", "-tokens", "model")


class EndpointUse(models.Model):
    """Use of the embeddings endpoint on one day (UTC), by model."""

    pk = models.CompositePrimaryKey("day", "model")
    day = models.DateField()
    model = models.CharField(max_length=300)
    requests = models.PositiveBigIntegerField()
    texts = models.PositiveBigIntegerField()
    tokens = models.PositiveBigIntegerField()
    cost = models.DecimalField(max_digits=18, decimal_places=8, help_text="At the ENCODER_PRICE of that time.")

    objects: ClassVar[EndpointUseQuerySet] = EndpointUseQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"{self.model} on {self.day}"
