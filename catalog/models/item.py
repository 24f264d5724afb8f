"""Items of the catalogue and the attributes they may be filtered by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Protocol

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import MD5, Cast, Collate, Left, Lower
from django.urls import get_script_prefix, reverse

from catalog.database.rows import read_rows
from catalog.models import triggers
from catalog.pictures.addresses import check_picture_address

SEPARATOR = Value("\x1f")


class Concat(Func):
    """`a || b || ...`: unlike CONCAT() it is immutable, as a generated column needs."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
    output_field = models.TextField()


def content_hash_expression() -> MD5:
    """MD5 of every field that a document template can read; if it changes, the document may have changed."""
    fields = ("title", "body", "category", "language", "image")
    parts = [part for field in fields for part in (F(field), SEPARATOR)]
    return MD5(Concat(*parts, Cast("attributes", models.TextField())))


class Condition(Protocol):
    """A condition on rows of `catalog_item` in SQL, such as a compiled filter."""

    @property
    def sql(self) -> str: ...

    @property
    def parameters(self) -> tuple[Any, ...]: ...


class ItemQuerySet(models.QuerySet["Item"]):
    def published(self) -> ItemQuerySet:
        return self.filter(published=True)

    def newest(self) -> ItemQuerySet:
        return self.order_by("-created_at", "-id")

    def in_order(self, ids: Iterable[int]) -> list[Item]:
        """Return the items with these ids in the given order; ids that no longer exist are left out.

        On an unfiltered query set, as for a page of hits, a ready-made statement reads them: see `read_rows`.
        """
        ids = list(ids)
        if self.query.where:
            found = self.in_bulk(ids)
        else:
            found = {item.pk: item for item in read_rows(self.model, "id = ANY(%s)", [ids])}
        return [found[pk] for pk in ids if pk in found]

    def with_external_ids(self, external_ids: Iterable[str]) -> ItemQuerySet:
        return self.filter(external_id__in=list(external_ids))

    def held(self) -> list[int]:
        """Lock these rows until the transaction ends, and return their ids.

        They are locked in the same order as by everyone who saves items, which avoids deadlocks.
        """
        in_order = self.order_by(Collate("external_id", "C")).select_for_update()
        return list(in_order.values_list("pk", flat=True))

    def ids_by_external_id(self, external_ids: Iterable[str]) -> dict[str, int]:
        return dict(self.with_external_ids(external_ids).values_list("external_id", "pk"))

    def titles_by_external_id(self, external_ids: Iterable[str]) -> dict[str, str]:
        return dict(self.with_external_ids(external_ids).values_list("external_id", "title"))

    def meeting(self, wanted: Condition | None) -> ItemQuerySet:
        """Items that meet a compiled filter."""
        if wanted is None:
            return self
        condition = RawSQL(wanted.sql, wanted.parameters, output_field=models.BooleanField())  # noqa: S611
        return self.filter(condition)

    def after(self, pk: int) -> ItemQuerySet:
        """Items with larger ids, ordered by id: for reading all of them a page at a time."""
        return self.filter(pk__gt=pk).order_by("pk")

    def spread(self, step: int) -> ItemQuerySet:
        """Items whose id is a multiple of `step`, ordered by id: a sample from all over the catalogue."""
        return self.annotate(place=F("pk") % step).filter(place=0).order_by("pk")

    def titles(self, ids: Iterable[int]) -> models.QuerySet[Item, tuple[int, str]]:
        """Pairs of id and title."""
        return self.filter(pk__in=list(ids)).values_list("pk", "title")


class Item(models.Model):
    """One thing in the catalogue.

    Database triggers keep the ledger (`EmbeddingState`), the keyword index (`Posting`) and the values that filters look
    up (`catalog_fact`) in step with it inside the writer's own transaction, so bulk SQL is covered as well. An
    unpublished item is in none of them.
    """

    external_id = models.CharField(max_length=200, unique=True)
    title = models.TextField()
    body = models.TextField(blank=True, default="")
    category = models.CharField(max_length=200, blank=True, default="", db_index=True)
    attributes = models.JSONField(blank=True, default=dict)
    image = models.CharField(
        max_length=1000,
        blank=True,
        default="",
        validators=[check_picture_address],
        help_text="The URL of its picture, or a path under PICTURE_ROOT.",
    )
    language = models.CharField(max_length=10, blank=True, default="")
    published = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    content_hash = models.GeneratedField(
        expression=content_hash_expression(), output_field=models.CharField(max_length=32), db_persist=True
    )

    objects: ClassVar[ItemQuerySet] = ItemQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            GinIndex(fields=["attributes"], opclasses=["jsonb_path_ops"], name="item_attributes"),
            models.Index(fields=["-created_at", "-id"], name="item_newest"),
            # Published items are counted from it alone.
            models.Index(fields=["id"], condition=models.Q(published=True), name="item_published"),
            # As `catalog.search.sorting` orders titles; the beginning, because an index entry has a greatest length.
            models.Index(
                Left(Lower("title"), 200), "id", condition=models.Q(published=True), name="item_titles_in_order"
            ),
        ]
        triggers = triggers.ITEM_TRIGGERS

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        before, after = _around_the_id(get_script_prefix())
        return f"{before}{self.pk}{after}"

    @property
    def year(self) -> int | None:
        """The publication year, if the catalogue has one."""
        value = self.attributes.get("year")
        return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


@lru_cache
def _around_the_id(script_prefix: str) -> tuple[str, str]:
    """An item's address before and after its id: resolving one for each hit of a page is slow."""
    before, _, after = reverse("item", args=[0]).rpartition("0")
    return before, after


class AttributeQuerySet(models.QuerySet["Attribute"]):
    def facets(self) -> AttributeQuerySet:
        return self.filter(facet=True)

    def sortable(self) -> list[str]:
        """Names of the attributes that items can be sorted by."""
        return list(self.filter(kind="number", many=False).values_list("name", flat=True))

    def by_name(self) -> dict[str, Attribute]:
        return {attribute.name: attribute for attribute in self}

    def hold_lists(self, names: Sequence[str]) -> None:
        """Record that items hold lists under these names."""
        if names:
            self.filter(name__in=names, many=False).update(many=True)


class Attribute(models.Model):
    """A key of `Item.attributes` that can be filtered, faceted and sorted on."""

    class Kind(models.TextChoices):
        TEXT = "text"
        NUMBER = "number"
        BOOLEAN = "boolean"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    many = models.BooleanField(default=False, help_text="Items have a list of values.")
    facet = models.BooleanField(default=True, help_text="Shown with counts beside search results.")
    position = models.PositiveSmallIntegerField(default=100)

    objects: ClassVar[AttributeQuerySet] = AttributeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        return self.name.replace("_", " ").capitalize()

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "kind": self.kind, "many": self.many, "facet": self.facet}
