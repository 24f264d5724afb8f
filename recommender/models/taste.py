"""Trained taste spaces and the item vectors in them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField

from catalog.models import IndexVersion
from catalog.models.stamps import renew_stamp
from recommender.models.records import keep_record

# Raw SQL, because every list runs it: composing the query would take several times longer than running it.
CHOSEN_MODEL = """
    SELECT id, version_id, dimensions, created_at, state FROM recommender_tastemodel
    WHERE version_id = (SELECT id FROM catalog_indexversion WHERE state = 'active')
        AND (state = 'active' OR (state = 'ready' AND id = %s))
    ORDER BY state = 'active' LIMIT 1
"""


class TasteModelQuerySet(models.QuerySet["TasteModel"]):
    def active(self) -> TasteModel | None:
        return self.filter(state="active").first()

    def active_for(self, version: IndexVersion) -> TasteModel | None:
        """The active model, if its content part is from this version; loaded without the space itself."""
        return self.filter(state="active", version_id=version.pk).defer("space").first()

    def chosen(self, name: str) -> TasteModel | None:
        """Among the models whose content part is from the active index version, the active one for `serving`, none for
        `untrained`, or the one with the given number; loaded without the space itself.

        A retired model, or one from another version, has no vectors to score with: the active one replaces it.
        """
        if name == "untrained":
            return None
        return next(iter(self.raw(CHOSEN_MODEL, [int(name) if name.isdecimal() else 0])), None)

    def ready(self) -> TasteModelQuerySet:
        """Models that can be gone back to, the one that served last first."""
        return self.filter(state="ready").order_by("-activated_at")

    def building(self) -> TasteModelQuerySet:
        return self.filter(state="building")

    def with_id(self, pk: int) -> TasteModelQuerySet:
        return self.filter(pk=pk)


class TasteModel(models.Model):
    """A trained taste space: how items and people become vectors whose inner product is a score. At most one is
    active; without one the untrained score serves."""

    class State(models.TextChoices):
        BUILDING = "building"
        ACTIVE = "active"
        READY = "ready", "available for rollback"
        REFUSED = "refused", "not better, or replaced by rollback"
        RETIRED = "retired"

    version_id = models.BigIntegerField(help_text="The index version whose vectors are its content part.")
    state = models.CharField(max_length=10, choices=State, default=State.BUILDING)
    parameters = models.JSONField(default=dict, help_text="Chosen on held-out interactions.")
    figures = models.JSONField(default=dict, help_text="The figures behind the choice and the promotion.")
    space = models.BinaryField(default=bytes, help_text="Everything in the space except the item vectors.")
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
    """An item in a taste space: `target`, [content | factors | tower | prior], is how it is found; `source`,
    [factors | tower], is what it says about those who met it. Partitioned by model; HNSW on `target::halfvec(n)`."""

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
