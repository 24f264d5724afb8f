"""What is searched for: one row per intent, and the queries that many people made."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Avg, Count, Max, Q
from django.db.models.functions import TruncDay

#: Longer queries are cut: nobody makes them twice.
TEXT_KEPT = 200


NOTHING_CLOSE = Q(close_total=0)
#: Counts of intents, for any grouping. An intent counts one click, that on its best-placed result.
COUNTS: dict[str, Any] = {
    "searches": Count("*"),
    "nothing_close": Count("started_at", filter=NOTHING_CLOSE),
    "clicked": Count("best_click"),
    "reciprocal_place": Avg(1.0 / models.F("best_click")),
}


class SearchIntentQuerySet(models.QuerySet["SearchIntent"]):
    def concerning(self, visits: Collection[UUID], request_ids: Collection[UUID], *, since: datetime) -> Any:
        """The intents of visits that may still continue, and those that the requests belong to; latest last."""
        wanted = Q(visit__in=visits, last_at__gte=since)
        if request_ids:
            wanted |= Q(request_ids__overlap=list(request_ids))
        return self.filter(wanted).order_by("last_at", "id")

    def begun_since(self, moment: datetime) -> SearchIntentQuerySet:
        return self.filter(started_at__gte=moment)

    def with_nothing_close(self) -> SearchIntentQuerySet:
        return self.filter(NOTHING_CLOSE)

    def clicked(self) -> SearchIntentQuerySet:
        """Intents with at least one result opened."""
        return self.filter(best_click__isnull=False)

    def counts(self) -> dict[str, Any]:
        """All of them together, and how long the searches took."""
        return self.aggregate(
            **COUNTS, degraded=Count("started_at", filter=Q(degraded=True)), mean_ms=Avg("processing_ms")
        )

    def counts_by_day(self) -> list[dict[str, Any]]:
        """One entry for each day that had any."""
        by_day: Any = self.annotate(day=TruncDay("started_at")).values("day").annotate(**COUNTS)
        return list(by_day.order_by("day"))

    def counts_by_query(self, *, limit: int) -> list[dict[str, Any]]:
        """The most frequent queries, grouped over all ways of writing them."""
        by_query: Any = self.values("folded").annotate(query=Max("text"), last_asked=Max("last_at"), **COUNTS)
        return list(by_query.order_by("-searches", "folded")[:limit])


class SearchIntent(models.Model):
    """One thing that somebody looked for, over however many requests. It says what was asked, not by whom."""

    class Source(models.TextChoices):
        PAGE = "page"
        API = "api"

    source = models.CharField(max_length=4, choices=Source)
    visit = models.UUIDField(null=True, help_text="Ties the requests of one visit together; deleted once it ends.")
    asker = models.BigIntegerField(
        help_text="A keyed hash of who asked and what; tells people who ask the same text apart."
    )
    text = models.CharField(max_length=TEXT_KEPT, help_text="As last typed.")
    folded = models.CharField(max_length=TEXT_KEPT, help_text="In lower case, without accents, spaces collapsed.")
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    open = models.BooleanField(
        default=True, help_text="It may still continue, and does not count towards popular searches yet."
    )
    requests = models.PositiveIntegerField(default=1)
    request_ids = ArrayField(models.UUIDField(), help_text="The latest ids, by which clicks are attributed.")
    shown = ArrayField(
        models.BigIntegerField(), help_text="The first items of the last listing; 0 where none was seen."
    )
    total = models.PositiveIntegerField()
    close_total = models.PositiveIntegerField()
    filtered = models.BooleanField()
    semantic_ratio = models.FloatField()
    degraded = models.BooleanField()
    corrected = models.BooleanField(default=False, help_text="The query was corrected.")
    processing_ms = models.FloatField()
    clicks = models.JSONField(default=list, help_text="The results that were opened: [item id, place].")
    best_click = models.PositiveSmallIntegerField(null=True, help_text="The best place among the clicks.")

    objects: ClassVar[SearchIntentQuerySet] = SearchIntentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            # The first two include everything counted through them, so that counts read the index alone.
            models.Index(
                fields=["started_at"],
                include=["folded", "text", "last_at", "close_total", "best_click", "degraded", "processing_ms"],
                name="intent_started",
            ),
            models.Index(
                fields=["folded"],
                include=["text", "asker"],
                condition=Q(open=False, corrected=False, close_total__gt=0),
                name="intent_found",
            ),
            models.Index(fields=["last_at"], condition=Q(open=True), name="intent_open"),
            models.Index(fields=["visit"], condition=Q(visit__isnull=False), name="intent_visit"),
            GinIndex(fields=["request_ids"], name="intent_requests"),
        ]

    def __str__(self) -> str:
        return self.text


class PopularQuery(models.Model):
    """A query that several people made and that found something close uncorrected; the source of suggestions."""

    folded = models.CharField(max_length=TEXT_KEPT, primary_key=True)
    text = models.CharField(max_length=TEXT_KEPT, help_text="In the most common spelling.")
    searches = models.PositiveIntegerField()
    askers = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "popular queries"
        indexes = [models.Index(fields=["-searches", "folded"], name="popular_first")]

    def __str__(self) -> str:
        return f"{self.text}: {self.searches}"
