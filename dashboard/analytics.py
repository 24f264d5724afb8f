"""What people search for and what comes of it, over a number of days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from catalog.models import SearchIntent
from dashboard.charts import Sparkline, sparkline

PERIODS = (7, 30, 90)
DEFAULT_DAYS = 30
QUERIES_SHOWN = 20
CHART_WIDTH, CHART_HEIGHT = 900, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Searches, each intent counted once."""

    searches: int
    nothing_close: int
    clicked: int
    """Searches with an opened result."""
    reciprocal_place: float | None
    """The mean of 1 / place of the best-placed opened result, over the searches that had one; 1 means always first."""

    @property
    def nothing_close_rate(self) -> float:
        return self.nothing_close / self.searches if self.searches else 0.0

    @property
    def click_rate(self) -> float:
        return self.clicked / self.searches if self.searches else 0.0

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Counts:
        names = ("searches", "nothing_close", "clicked", "reciprocal_place")
        return cls(**{name: row[name] for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRow:
    query: str
    counts: Counts
    last_asked: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Searches per day, and how many were clicked or found nothing close: three lines on one scale."""

    first_day: datetime
    searches: Sparkline
    clicked: Sparkline
    nothing_close: Sparkline


@dataclass(frozen=True, slots=True, kw_only=True)
class Analytics:
    days: int
    totals: Counts
    degraded: int
    """Searches answered by words alone."""
    mean_ms: float | None
    chart: Chart
    top: Sequence[QueryRow]
    without_results: Sequence[QueryRow]


def analytics(days: int) -> Analytics:
    """The last `days` days, today included. Four queries, each of which reads the period once."""
    first_day = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    intents = SearchIntent.objects.begun_since(first_day)
    totals = intents.counts()
    return Analytics(
        days=days,
        totals=Counts.of(totals),
        degraded=totals["degraded"],
        mean_ms=totals["mean_ms"],
        chart=_chart(intents.counts_by_day(), first_day, days),
        top=_rows(intents.counts_by_query(limit=QUERIES_SHOWN)),
        without_results=_rows(intents.with_nothing_close().counts_by_query(limit=QUERIES_SHOWN)),
    )


def _rows(rows: Sequence[Mapping[str, Any]]) -> list[QueryRow]:
    return [QueryRow(query=row["query"], counts=Counts.of(row), last_asked=row["last_asked"]) for row in rows]


def _chart(rows: Sequence[Mapping[str, Any]], first_day: datetime, days: int) -> Chart:
    by_day = {row["day"]: Counts.of(row) for row in rows}
    nothing = Counts(searches=0, nothing_close=0, clicked=0, reciprocal_place=None)
    counts = [by_day.get(first_day + timedelta(days=day), nothing) for day in range(days)]
    peak = max(count.searches for count in counts)

    def line(values: list[int]) -> Sparkline:
        return sparkline(values, width=CHART_WIDTH, height=CHART_HEIGHT, peak=peak)

    return Chart(
        first_day=first_day,
        searches=line([count.searches for count in counts]),
        clicked=line([count.clicked for count in counts]),
        nothing_close=line([count.nothing_close for count in counts]),
    )
