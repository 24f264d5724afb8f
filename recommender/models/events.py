"""What people did with items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Exists, Q
from django.db.models.functions import Now

from catalog.models import Item
from recommender.models.owned import SubjectModel, SubjectQuerySet, exactly_one_subject
from recommender.models.records import keep_record
from recommender.models.triggers import INTERACTION_TRIGGERS


class EventKindQuerySet(models.QuerySet["EventKind"]):
    def positive_names(self) -> set[str]:
        """The names of the kinds that count in favour of an item."""
        return set(self.filter(weight__gt=0).values_list("name", flat=True))


class EventKind(models.Model):
    """A kind of interaction: how much one counts, and how fast it fades."""

    name = models.CharField(max_length=20, primary_key=True)
    weight = models.FloatField(help_text="Negative pushes away. For ratings: per star above the user's mean.")
    half_life_days = models.FloatField(default=30)

    objects: ClassVar[EventKindQuerySet] = EventKindQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["name"]
        triggers = [keep_record()]

    def __str__(self) -> str:
        return self.name


class InteractionQuerySet(SubjectQuerySet["Interaction"]):
    def of_users(self) -> InteractionQuerySet:
        """Interactions of people with an account."""
        return self.filter(user__isnull=False)

    def event_ids_among(self, event_ids: Sequence[str]) -> set[str]:
        """Those of the event ids that are already recorded."""
        recorded = self.filter(event_id__in=event_ids).values_list("event_id", flat=True)
        return {event_id for event_id in recorded if event_id is not None}

    def event_ids(self) -> models.QuerySet[Interaction, str | None]:
        return self.filter(event_id__isnull=False).values_list("event_id", flat=True)

    def without_events(self, event_ids: models.QuerySet[Interaction, str | None]) -> InteractionQuerySet:
        """Interactions without an event id, or with none of these."""
        return self.filter(Q(event_id__isnull=True) | ~Q(event_id__in=event_ids))

    def with_id(self, pk: int) -> InteractionQuerySet:
        return self.filter(pk=pk)

    def with_item(self, item_id: int) -> InteractionQuerySet:
        return self.filter(item_id=item_id)

    def with_items_among(self, item_ids: Iterable[int]) -> InteractionQuerySet:
        return self.filter(item_id__in=list(item_ids))

    def with_items(self) -> InteractionQuerySet:
        """Load each interaction's item along with it."""
        return self.select_related("item")

    def of_visitors_recorded_before(self, age: timedelta) -> InteractionQuerySet:
        """What visitors without an account did, recorded longer than `age` ago."""
        return self.filter(visitor__isnull=False, created_at__lt=Now() - age)

    def of_published_items(self) -> InteractionQuerySet:
        return self.filter(item__published=True)

    def of_gone_items(self) -> InteractionQuerySet:
        return self.filter(~Exists(Item.objects.filter(pk=models.OuterRef("item_id"))))

    def recorded_within(self, age: timedelta) -> InteractionQuerySet:
        return self.filter(created_at__gt=Now() - age)

    def of_kinds(self, kinds: Iterable[str]) -> InteractionQuerySet:
        return self.filter(kind_id__in=list(kinds))

    def recorded_after(self, pk: int) -> InteractionQuerySet:
        return self.filter(pk__gt=pk).order_by("pk")

    def counts_by_item(self) -> dict[int, int]:
        """The number of interactions with each item."""
        return dict(self.order_by().values_list("item_id").annotate(models.Count("pk")))

    def newest(self) -> InteractionQuerySet:
        return self.order_by("-occurred_at", "-id")


class Interaction(SubjectModel):
    """What a user or an anonymous visitor did with an item."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, db_constraint=False, related_name="interactions")
    kind = models.ForeignKey(EventKind, on_delete=models.PROTECT, db_constraint=False)
    value = models.FloatField(null=True, help_text="The stars of a rating.")
    occurred_at = models.DateTimeField()
    event_id = models.CharField(max_length=64, null=True, help_text="Makes a repeated event harmless.")  # noqa: DJ001
    request_id = models.CharField(max_length=64, blank=True, default="", help_text="The response that showed the item.")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects: ClassVar[InteractionQuerySet] = InteractionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            exactly_one_subject("interaction_one_subject"),
            models.UniqueConstraint(fields=["event_id", "user"], name="one_event_user"),
            models.UniqueConstraint(fields=["event_id", "visitor"], name="one_event_visitor"),
        ]
        indexes = [
            models.Index(fields=["user", "-occurred_at"], condition=Q(user__isnull=False), name="interaction_user"),
            models.Index(
                fields=["visitor", "-occurred_at"], condition=Q(visitor__isnull=False), name="interaction_visitor"
            ),
            models.Index(fields=["-created_at"], name="interaction_recent"),
            # The oldest are looked for every minute.
            models.Index(
                fields=["created_at"], condition=Q(visitor__isnull=False), name="interaction_visitor_recorded"
            ),
        ]
        triggers = INTERACTION_TRIGGERS

    def __str__(self) -> str:
        return f"{self.kind_id} {self.item_id}"


class ItemPopularity(models.Model):
    """How much an item has been liked lately: the decayed sum of what each person did in its favour, each kind of
    event once. Refreshed by a worker."""

    item = models.OneToOneField(Item, primary_key=True, on_delete=models.CASCADE, db_constraint=False)
    score = models.FloatField(db_index=True)

    class Meta:
        verbose_name_plural = "item popularity"

    def __str__(self) -> str:
        return f"{self.item_id}: {self.score:.2f}"
