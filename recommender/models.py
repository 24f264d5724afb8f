"""What people did with items, and the interests worked out from it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField

from catalog.models import Item
from catalog.models.stamps import renew_stamp
from recommender.owned import SubjectModel, exactly_one_subject
from recommender.personal_models import DeletionReceipt, Preferences
from recommender.querysets import (
    EventKindQuerySet,
    InteractionQuerySet,
    ProfileStateQuerySet,
    TasteModelQuerySet,
    UserEmbeddingQuerySet,
    VectorCentreQuerySet,
)
from recommender.serving.models import (
    Experiment,
    ScenarioChange,
    ServingRecord,
    ServingStamp,
    ShownList,
    SplitUnit,
)
from recommender.serving.records import keep_record
from recommender.triggers import INTERACTION_TRIGGERS

__all__ = [
    "DeletionReceipt",
    "EventKind",
    "Experiment",
    "Interaction",
    "ItemPopularity",
    "Preferences",
    "Profile",
    "ProfileState",
    "ScenarioChange",
    "ServingRecord",
    "ServingStamp",
    "ShownList",
    "SplitUnit",
    "SubjectModel",
    "TasteModel",
    "TasteVector",
    "UserEmbedding",
    "VectorCentre",
]


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


class Interaction(SubjectModel):
    """What a user or an anonymous visitor did with an item."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, db_constraint=False, related_name="interactions")
    kind = models.ForeignKey(EventKind, on_delete=models.PROTECT, db_constraint=False)
    value = models.FloatField(null=True, help_text="The stars of a rating.")
    occurred_at = models.DateTimeField()
    event_id = models.CharField(max_length=64, null=True, help_text="Makes a repeat harmless.")  # noqa: DJ001
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
        ]
        triggers = INTERACTION_TRIGGERS

    def __str__(self) -> str:
        return f"{self.kind_id} {self.item_id}"


class ProfileState(SubjectModel):
    """The ledger of profiles: whether a subject's interests are worked out from the whole of its history.

    Triggers on `Interaction` make and mark the rows, so bulk imports are covered as well.
    """

    version_id = models.BigIntegerField(null=True, help_text="The index version whose interests are stored.")
    changed_at = models.DateTimeField(help_text="When the history changed last.")
    due_at = models.DateTimeField(null=True, help_text="When to work the interests out again; null when they stand.")

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
        ]

    def __str__(self) -> str:
        return f"{self.subject} {'due' if self.due_at else 'done'}"


class VectorCentre(models.Model):
    """The mean vector of an index version's passages: what all items have in common, which tells no tastes apart."""

    version_id = models.BigIntegerField(primary_key=True)
    vector = HalfVectorField()
    spread = models.FloatField(help_text="Standard deviation of the cosine of two passages, centred.")
    passages = models.PositiveIntegerField(help_text="How many it is the mean of.")

    objects: ClassVar[VectorCentreQuerySet] = VectorCentreQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"v{self.version_id}: mean of {self.passages} passages"


class UserEmbedding(SubjectModel):
    """One interest of a user or visitor, as a vector in the item space of one index version. The sum of them all, each
    times its length, is the taste as a whole; what somebody turns away from is one with a weight of 0."""

    version_id = models.BigIntegerField()
    ordinal = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=200, blank=True, default="")
    medoid_id = models.BigIntegerField(null=True, help_text="The item that stands for it.")
    vector = HalfVectorField(help_text="Normalised.")
    length = models.FloatField(default=1.0, help_text="Of the sum of its items' centred vectors, each weighted.")
    weight = models.FloatField(default=1.0, help_text="This interest's share of the whole, 0 to 1.")
    sources = models.JSONField(default=list, help_text="The items that made it: [item id, signed weight].")
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


class TasteModel(models.Model):
    """A trained taste space: how items and people become vectors whose inner product is a score. One at most is
    active; without one the untrained score serves."""

    class State(models.TextChoices):
        BUILDING = "building"
        ACTIVE = "active"
        READY = "ready", "ready to go back to"
        REFUSED = "refused", "no better than what served"
        RETIRED = "retired"

    version_id = models.BigIntegerField(help_text="The index version whose vectors are its content part.")
    state = models.CharField(max_length=10, choices=State, default=State.BUILDING)
    parameters = models.JSONField(default=dict, help_text="As chosen on held-out interactions.")
    figures = models.JSONField(default=dict, help_text="What the choice and the promotion went by.")
    space = models.BinaryField(default=bytes, help_text="Everything of the space but the vectors of its items.")
    dimensions = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True)

    objects: ClassVar[TasteModelQuerySet] = TasteModelQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="active"), name="one_active_taste_model")
        ]
        triggers = [renew_stamp("recommender", "serving"), keep_record()]

    def __str__(self) -> str:
        return f"Taste model {self.pk} ({self.state})"


class TasteVector(models.Model):
    """An item in a taste space: `target` is how it is found, [content | factors | tower | prior], and `source` what it
    says of those who met it, [factors | tower]. Partitioned by model; HNSW on `target::halfvec(n)`."""

    pk = models.CompositePrimaryKey("model_id", "item_id")
    model_id = models.BigIntegerField()
    item_id = models.BigIntegerField()
    target = HalfVectorField()
    source = HalfVectorField()

    class Meta:
        managed = False
        db_table = "recommender_tastevector"

    def __str__(self) -> str:
        return f"Taste model {self.model_id} item {self.item_id}"


class ItemPopularity(models.Model):
    """How much an item is liked of late: the decayed sum of its positive interactions, refreshed by a worker."""

    item = models.OneToOneField(Item, primary_key=True, on_delete=models.CASCADE, db_constraint=False)
    score = models.FloatField(db_index=True)

    class Meta:
        verbose_name_plural = "item popularity"

    def __str__(self) -> str:
        return f"{self.item_id}: {self.score:.2f}"


class Profile(models.Model):
    """What the product knows of an account beyond Django's user."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE)
    about = models.TextField(blank=True, default="")
    is_demo = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.user)
