"""The query language of interactions and interests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models

from recommender.subjects import Subject

if TYPE_CHECKING:
    from recommender.models import Interaction, UserEmbedding


class InteractionQuerySet(models.QuerySet["Interaction"]):
    def of(self, subject: Subject) -> InteractionQuerySet:
        return self.filter(**subject.lookup) if subject.known else self.none()

    def event_ids_among(self, event_ids: Sequence[str]) -> set[str]:
        """Those of the event ids that are recorded already."""
        return set(self.filter(event_id__in=event_ids).values_list("event_id", flat=True))

    def newest(self) -> InteractionQuerySet:
        return self.order_by("-occurred_at", "-id")


class UserEmbeddingQuerySet(models.QuerySet["UserEmbedding"]):
    def of(self, subject: Subject) -> UserEmbeddingQuerySet:
        return self.filter(**subject.lookup) if subject.known else self.none()
