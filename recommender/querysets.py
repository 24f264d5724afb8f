"""The query language of interactions and interests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.db.models import Exists, Q
from django.db.models.functions import Now

from catalog.models import Item
from recommender.owned import SubjectQuerySet

if TYPE_CHECKING:
    from catalog.models import IndexVersion
    from recommender.models import (
        DeletionReceipt,
        EventKind,
        Interaction,
        Preferences,
        ProfileState,
        TasteModel,
        UserEmbedding,
        VectorCentre,
    )


# Written out, for every list asks it: to compose it anew would take several times longer than the statement.
CHOSEN_MODEL = """
    SELECT id, version_id, dimensions, created_at, state FROM recommender_tastemodel
    WHERE version_id = (SELECT id FROM catalog_indexversion WHERE state = 'active')
        AND (state = 'active' OR (state = 'ready' AND id = %s))
    ORDER BY state = 'active' LIMIT 1
"""


class EventKindQuerySet(models.QuerySet["EventKind"]):
    def positive_names(self) -> set[str]:
        """The names of the kinds that speak for an item."""
        return set(self.filter(weight__gt=0).values_list("name", flat=True))


class InteractionQuerySet(SubjectQuerySet["Interaction"]):
    def of_users(self) -> InteractionQuerySet:
        """Those of people with an account."""
        return self.filter(user__isnull=False)

    def event_ids_among(self, event_ids: Sequence[str]) -> set[str]:
        """Those of the event ids that are recorded already."""
        recorded = self.filter(event_id__in=event_ids).values_list("event_id", flat=True)
        return {event_id for event_id in recorded if event_id is not None}

    def event_ids(self) -> models.QuerySet[Interaction, str | None]:
        return self.filter(event_id__isnull=False).values_list("event_id", flat=True)

    def without_events(self, event_ids: models.QuerySet[Interaction, str | None]) -> InteractionQuerySet:
        """Those that have no event id, or none of these."""
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
        """How many there are of each item."""
        return dict(self.order_by().values_list("item_id").annotate(models.Count("pk")))

    def newest(self) -> InteractionQuerySet:
        return self.order_by("-occurred_at", "-id")


class UserEmbeddingQuerySet(SubjectQuerySet["UserEmbedding"]):
    def in_version(self, version: IndexVersion) -> UserEmbeddingQuerySet:
        return self.filter(version_id=version.pk)


class ProfileStateQuerySet(SubjectQuerySet["ProfileState"]):
    def stale_for(self, version: IndexVersion) -> ProfileStateQuerySet:
        """Those whose interests miss something or were made for another version, the longest due first."""
        of_others = Q(version_id__lt=version.pk) | Q(version_id__gt=version.pk)
        return self.filter(Q(due_at__lte=Now()) | of_others).order_by("due_at", "pk")


class PreferencesQuerySet(SubjectQuerySet["Preferences"]):
    def opted_out(self) -> PreferencesQuerySet:
        return self.filter(opted_out_at__isnull=False)

    def changed_after(self, moment: datetime) -> PreferencesQuerySet:
        return self.filter(changed_at__gt=moment)


class DeletionReceiptQuerySet(SubjectQuerySet["DeletionReceipt"]):
    def with_id(self, pk: UUID) -> DeletionReceiptQuerySet:
        return self.filter(pk=pk)


class VectorCentreQuerySet(models.QuerySet["VectorCentre"]):
    def of(self, version: IndexVersion) -> VectorCentre | None:
        return self.filter(pk=version.pk).first()


class TasteModelQuerySet(models.QuerySet["TasteModel"]):
    def active(self) -> TasteModel | None:
        return self.filter(state="active").first()

    def active_for(self, version: IndexVersion) -> TasteModel | None:
        """The active one, if its content part is of this version, without the space itself."""
        return self.filter(state="active", version_id=version.pk).defer("space").first()

    def chosen(self, name: str) -> TasteModel | None:
        """Of those whose content part is of the active index version, the one that is `serving`, none for `untrained`,
        or the one of a number; without the space itself.

        One that is retired or of another version has no vectors to score by: what serves takes its place.
        """
        if name == "untrained":
            return None
        return next(iter(self.raw(CHOSEN_MODEL, [int(name) if name.isdecimal() else 0])), None)

    def ready(self) -> TasteModelQuerySet:
        """Those that can be gone back to, the one that served last first."""
        return self.filter(state="ready").order_by("-activated_at")

    def building(self) -> TasteModelQuerySet:
        return self.filter(state="building")

    def with_id(self, pk: int) -> TasteModelQuerySet:
        return self.filter(pk=pk)
