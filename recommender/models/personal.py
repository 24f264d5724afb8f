"""What people decided about their own recommendations, and receipts of what they deleted."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from recommender.models.owned import SubjectModel, SubjectQuerySet, exactly_one_subject


def is_personalised(rows: str) -> str:
    """An SQL condition: the person whom a row belongs to has not opted out. `rows` names the rows.

    Each of the two columns is compared on its own, so that many rows are read with two hash joins.
    """
    opted_out = "SELECT FROM recommender_preferences AS own WHERE own.opted_out_at IS NOT NULL AND"
    return f"""(
        NOT EXISTS ({opted_out} own.user_id = {rows}.user_id)
        AND NOT EXISTS ({opted_out} own.visitor = {rows}.visitor)
    )"""


class PreferencesQuerySet(SubjectQuerySet["Preferences"]):
    def opted_out(self) -> PreferencesQuerySet:
        return self.filter(opted_out_at__isnull=False)

    def changed_after(self, moment: datetime) -> PreferencesQuerySet:
        return self.filter(changed_at__gt=moment)

    def of_visitors_unchanged_for(self, age: timedelta) -> PreferencesQuerySet:
        return self.filter(visitor__isnull=False, changed_at__lt=Now() - age)


class Preferences(SubjectModel):
    """What somebody has decided about their recommendations."""

    opted_out_at = models.DateTimeField(
        null=True, help_text="Since when nothing is recorded or used; null if personalisation is on."
    )
    mutes = models.JSONField(default=list, help_text="Muted interests: the name of each and the items it is based on.")
    changed_at = models.DateTimeField(auto_now=True, null=True, help_text="When any of this last changed.")

    objects: ClassVar[PreferencesQuerySet] = PreferencesQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "preferences"
        constraints = [
            exactly_one_subject("preferences_one_subject"),
            models.UniqueConstraint(fields=["user"], name="one_preferences_user"),
            models.UniqueConstraint(fields=["visitor"], name="one_preferences_visitor"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {'opted out' if self.opted_out_at else f'{len(self.mutes)} muted'}"


class DeletionReceiptQuerySet(SubjectQuerySet["DeletionReceipt"]):
    def with_id(self, pk: UUID) -> DeletionReceiptQuerySet:
        return self.filter(pk=pk)

    def of_visitors_older_than(self, age: timedelta) -> DeletionReceiptQuerySet:
        return self.filter(visitor__isnull=False, deleted_at__lt=Now() - age)


class DeletionReceipt(SubjectModel):
    """What a deletion removed, for the person who asked for it. Holds nothing of the removed data."""

    class Scope(models.TextChoices):
        HISTORY = "history", "the whole history"
        INTEREST = "interest", "an interest"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    scope = models.CharField(max_length=10, choices=Scope)
    interactions = models.PositiveIntegerField()
    embeddings = models.PositiveIntegerField()
    cache_entries = models.PositiveIntegerField()
    deleted_at = models.DateTimeField()

    objects: ClassVar[DeletionReceiptQuerySet] = DeletionReceiptQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-deleted_at"]
        constraints = [exactly_one_subject("receipt_one_subject")]

    def __str__(self) -> str:
        return f"{self.get_scope_display()} of {self.subject} at {self.deleted_at:%Y-%m-%d %H:%M:%S}"
