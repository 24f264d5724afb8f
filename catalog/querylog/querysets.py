"""The query language of the query log."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models
from django.db.models import Avg, Count, Max, Q
from django.db.models.functions import TruncDay

if TYPE_CHECKING:
    from catalog.models import SearchIntent

NOTHING_CLOSE = Q(close_total=0)
#: How intents are counted, whatever they are grouped by. Clicks are those of the best-placed result of each intent.
COUNTS: dict[str, Any] = {
    "searches": Count("*"),
    "nothing_close": Count("started_at", filter=NOTHING_CLOSE),
    "clicked": Count("best_click"),
    "reciprocal_place": Avg(1.0 / models.F("best_click")),
}


class SearchIntentQuerySet(models.QuerySet["SearchIntent"]):
    def concerning(self, visits: Collection[UUID], request_ids: Collection[UUID], *, since: datetime) -> Any:
        """The intents of visits that may still go on, and those that requests belong to; the last at the end."""
        wanted = Q(visit__in=visits, last_at__gte=since)
        if request_ids:
            wanted |= Q(request_ids__overlap=list(request_ids))
        return self.filter(wanted).order_by("last_at", "id")

    def begun_since(self, moment: datetime) -> SearchIntentQuerySet:
        return self.filter(started_at__gte=moment)

    def with_nothing_close(self) -> SearchIntentQuerySet:
        return self.filter(NOTHING_CLOSE)

    def clicked(self) -> SearchIntentQuerySet:
        """Those of which a result was opened."""
        return self.filter(best_click__isnull=False)

    def counts(self) -> dict[str, Any]:
        """All of them together, and how long the answers took."""
        return self.aggregate(
            **COUNTS, degraded=Count("started_at", filter=Q(degraded=True)), mean_ms=Avg("processing_ms")
        )

    def counts_by_day(self) -> list[dict[str, Any]]:
        """Each day that had any."""
        by_day: Any = self.annotate(day=TruncDay("started_at")).values("day").annotate(**COUNTS)
        return list(by_day.order_by("day"))

    def counts_by_query(self, *, limit: int) -> list[dict[str, Any]]:
        """The queries asked most, one for all ways of writing it."""
        by_query: Any = self.values("folded").annotate(query=Max("text"), last_asked=Max("last_at"), **COUNTS)
        return list(by_query.order_by("-searches", "folded")[:limit])
