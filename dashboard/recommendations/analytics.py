"""What comes of recommendations over a number of days: click-through by day, by scenario and variant, and by model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from dashboard.charts import Band, band
from recommender.models import Experiment, ShownList
from recommender.serving.scenarios import SCENARIOS
from recommender.serving.statistics import Interval, wilson

CHART_WIDTH, CHART_HEIGHT = 900.0, 120.0
ROW_WIDTH, ROW_HEIGHT = 180.0, 36.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCounts:
    """Lists shown, how many had an item opened, and how many had an item liked, saved or bought."""

    lists: int = 0
    clicked: int = 0
    acted: int = 0

    @property
    def click_through(self) -> Interval | None:
        return wilson(self.clicked, self.lists)

    @property
    def action_rate(self) -> Interval | None:
        return wilson(self.acted, self.lists)

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> ListCounts:
        found = list(rows)
        names = ("lists", "clicked_lists", "acted_lists")
        lists, clicked, acted = (sum(row[name] for row in found) for name in names)
        return cls(lists=lists, clicked=clicked, acted=acted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """Lists of one kind, which `name` and `detail` identify."""

    name: str
    detail: str
    counts: ListCounts
    chart: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnalytics:
    totals: ListCounts
    first_day: datetime
    chart: Band
    by_scenario: Sequence[ListRow]
    by_model: Sequence[ListRow]


def list_analytics(days: int) -> ListAnalytics:
    """The last `days` days, including today. One query, and one more if experiments ran."""
    first_day = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    rows = ShownList.objects.since(first_day).counts_by("day", "scenario", "experiment_id", "variant", "model_id")
    dates = [first_day + timedelta(days=day) for day in range(days)]
    experiments = {row["experiment_id"] for row in rows if row["experiment_id"] is not None}
    names = dict(Experiment.objects.filter(pk__in=experiments).values_list("pk", "name")) if experiments else {}

    def scenario_named(row: Mapping[str, Any]) -> tuple[str, str]:
        scenario = SCENARIOS.get(row["scenario"])
        title = scenario.title if scenario else row["scenario"]
        if row["experiment_id"] is None:
            return title, ""
        return title, f"{names.get(row['experiment_id'], 'Deleted experiment')}: {row['variant']}"

    def model_named(row: Mapping[str, Any]) -> tuple[str, str]:
        return ("Untrained" if row["model_id"] is None else f"Taste model {row['model_id']}"), ""

    return ListAnalytics(
        totals=ListCounts.of(rows),
        first_day=first_day,
        chart=_drawn(rows, dates, width=CHART_WIDTH, height=CHART_HEIGHT),
        by_scenario=_grouped(rows, dates, scenario_named),
        by_model=_grouped(rows, dates, model_named),
    )


def _grouped(
    rows: Sequence[Mapping[str, Any]],
    dates: Sequence[datetime],
    name_of: Callable[[Mapping[str, Any]], tuple[str, str]],
) -> list[ListRow]:
    groups: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[name_of(row)].append(row)
    return [
        ListRow(
            name=name,
            detail=detail,
            counts=ListCounts.of(own),
            chart=_drawn(own, dates, width=ROW_WIDTH, height=ROW_HEIGHT),
        )
        for (name, detail), own in sorted(groups.items(), key=lambda group: group[0])
    ]


def _drawn(rows: Sequence[Mapping[str, Any]], dates: Sequence[datetime], *, width: float, height: float) -> Band:
    by_day: defaultdict[datetime, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_day[row["day"]].append(row)
    intervals = [ListCounts.of(by_day.get(day, ())).click_through for day in dates]
    points = [(found.estimate, found.low, found.high) if found else None for found in intervals]
    return band(points, width=width, height=height)
