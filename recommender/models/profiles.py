"""Interests derived from what people did, and what is known about accounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from pgvector.django import HalfVectorField

from catalog.models import IndexVersion
from recommender.models.owned import SubjectModel, SubjectQuerySet, exactly_one_subject


class ProfileStateQuerySet(SubjectQuerySet["ProfileState"]):
    def stale_for(self, version: IndexVersion) -> ProfileStateQuerySet:
        """States whose interests are missing something or were made for another version, longest overdue first."""
        of_others = Q(version_id__lt=version.pk) | Q(version_id__gt=version.pk)
        return self.filter(Q(due_at__lte=Now()) | of_others).order_by("due_at", "pk")

    def of_visitors_idle_for(self, age: timedelta) -> ProfileStateQuerySet:
        """States of visitors without an account whose history has not changed for as long as `age`."""
        return self.filter(visitor__isnull=False, changed_at__lt=Now() - age)

    def of_visitors(self, visitors: Iterable[UUID]) -> ProfileStateQuerySet:
        return self.filter(visitor__in=list(visitors))


class ProfileState(SubjectModel):
    """The ledger of profiles: whether a subject's interests reflect its whole history.

    Triggers on `Interaction` create and mark the rows, so bulk imports are covered as well.
    """

    version_id = models.BigIntegerField(null=True, help_text="The index version whose interests are stored.")
    changed_at = models.DateTimeField(help_text="When the history last changed.")
    due_at = models.DateTimeField(null=True, help_text="When to recompute the interests; null if they are current.")

    objects: ClassVar[ProfileStateQuerySet] = ProfileStateQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            exactly_one_subject("state_one_subject"),
            models.UniqueConstraint(fields=["user"], name="one_state_user"),
            models.UniqueConstraint(fields=["visitor"], name="one_state_visitor"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="state_due"),
            models.Index(fields=["version_id"], name="state_version"),
            models.Index(fields=["-changed_at"], name="state_changed"),
            # The oldest are looked for every minute.
            models.Index(fields=["changed_at"], condition=Q(visitor__isnull=False), name="state_visitor_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {'due' if self.due_at else 'done'}"


class VectorCentreQuerySet(models.QuerySet["VectorCentre"]):
    def of(self, version: IndexVersion) -> VectorCentre | None:
        return self.filter(pk=version.pk).first()


class VectorCentre(models.Model):
    """The mean vector of an index version's passages: what all items have in common, which distinguishes no tastes."""

    version_id = models.BigIntegerField(primary_key=True)
    vector = HalfVectorField()
    spread = models.FloatField(help_text="Standard deviation of the cosine of two passages, centred.")
    passages = models.PositiveIntegerField(help_text="How many there were when it was measured.")

    objects: ClassVar[VectorCentreQuerySet] = VectorCentreQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"v{self.version_id}: mean of the vectors of {self.passages} passages"


class UserEmbeddingQuerySet(SubjectQuerySet["UserEmbedding"]):
    def in_version(self, version: IndexVersion) -> UserEmbeddingQuerySet:
        return self.filter(version_id=version.pk)

    def of_visitors(self, visitors: Iterable[UUID]) -> UserEmbeddingQuerySet:
        return self.filter(visitor__in=list(visitors))


class UserEmbedding(SubjectModel):
    """One interest of a user or visitor, as a vector in the item space of one index version. The sum of all of them,
    each times its length, is the taste as a whole; an aversion is stored as one with a weight of 0."""

    version_id = models.BigIntegerField()
    ordinal = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=200, blank=True, default="")
    medoid_id = models.BigIntegerField(null=True, help_text="The item that represents it.")
    vector = HalfVectorField(help_text="Normalised.")
    length = models.FloatField(default=1.0, help_text="Of the sum of its items' centred vectors, each weighted.")
    weight = models.FloatField(default=1.0, help_text="This interest's share of the whole, 0 to 1.")
    sources = models.JSONField(default=list, help_text="The items it is based on: [item id, signed weight].")
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[UserEmbeddingQuerySet] = UserEmbeddingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["ordinal"]
        constraints = [
            exactly_one_subject("embedding_one_subject"),
            models.UniqueConstraint(
                fields=["user", "version_id", "ordinal"], condition=Q(user__isnull=False), name="one_interest_user"
            ),
            models.UniqueConstraint(
                fields=["visitor", "version_id", "ordinal"],
                condition=Q(visitor__isnull=False),
                name="one_interest_visitor",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} interest {self.ordinal}"


class Profile(models.Model):
    """What the product knows about an account beyond Django's user."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE)
    about = models.TextField(blank=True, default="")
    is_demo = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.user)
