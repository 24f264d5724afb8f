"""What is known of encoders: comparisons of two, and those adapted to this catalogue."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from django.db import models

from catalog.embedding.base import EncoderSpec
from catalog.models.jobs import Job


def version_settings(spec: EncoderSpec) -> dict[str, Any]:
    """What an index version with this encoder is started with; what is not set takes the encoder's own."""
    return {name: value for name, value in asdict(spec).items() if value}


class EncoderJob(Job):
    """Work on encoders."""

    base = models.JSONField(help_text="The specification of the encoder that serves.")
    figures = models.JSONField(default=dict)

    class Meta(Job.Meta):
        abstract = True

    @property
    def base_spec(self) -> EncoderSpec:
        return EncoderSpec(**self.base)


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
