"""Everything the first staff page shows, gathered in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from catalog.progress import IndexProgress, index_progress
from django.utils import timezone

from catalog.models import EmbeddingBatch, EmbeddingState, ImportRun, IndexVersion, Item, ReindexRun
from dashboard.charts import Segment, Sparkline, sparkline, stacked_bar

CHART_MINUTES = 30
FAILURES_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One index version with how far it is."""

    version: IndexVersion
    progress: IndexProgress
    segments: Sequence[Segment]

    @property
    def stale(self) -> int:
        """Items whose vectors are missing or older than the item."""
        return self.progress.pending + self.progress.leased


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An item that could not be embedded, and why."""

    item_id: int
    title: str
    error: str
    attempts: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of a reindex run: its state is done, now or later."""

    name: str
    label: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A snapshot of the index."""

    items: int
    unpublished: int
    active: VersionRow | None
    versions: Sequence[VersionRow]
    run: ReindexRun | None
    run_row: VersionRow | None
    steps: Sequence[StepView]
    throughput: Sparkline
    failures: Sequence[Failure]
    failed: int
    recent_runs: Sequence[ReindexRun]
    recent_imports: Sequence[ImportRun]

    @property
    def working(self) -> VersionRow | None:
        """The version that items are being embedded for."""
        return next((row for row in self.versions if row.stale), None)


def overview() -> Overview:
    rows = [_row(version) for version in IndexVersion.objects.live()]
    run = ReindexRun.objects.unfinished().select_related("version", "started_by").first()
    published = Item.objects.published().count()
    return Overview(
        items=published,
        unpublished=Item.objects.count() - published,
        active=next((row for row in rows if row.version.state == IndexVersion.State.ACTIVE), None),
        versions=rows,
        run=run,
        run_row=next((row for row in rows if run and row.version.pk == run.version_id), None),
        steps=_steps(run) if run else [],
        throughput=_throughput(),
        failures=_failures([row.version for row in rows]),
        failed=sum(row.progress.failed for row in rows),
        recent_runs=ReindexRun.objects.finished().select_related("version", "started_by")[:5],
        recent_imports=ImportRun.objects.select_related("started_by")[:3],
    )


def _row(version: IndexVersion) -> VersionRow:
    progress = index_progress(version)
    segments = stacked_bar({"ok": progress.done, "pending": progress.pending + progress.leased, "bad": progress.failed})
    return VersionRow(version=version, progress=progress, segments=segments)


def _steps(run: ReindexRun) -> list[StepView]:
    order = list(ReindexRun.Step)
    now = order.index(ReindexRun.Step(run.step))
    notes = {"embed": "Embed every item", "build": "Build the graph", "verify": "Check it", "activate": "Switch over"}
    states = ["done" if place < now else "now" if place == now else "later" for place in range(len(order))]
    return [
        StepView(name=step.value, label=notes[step.value], state=state)
        for step, state in zip(order, states, strict=True)
    ]


def _throughput() -> Sparkline:
    """Items embedded in each of the last minutes."""
    this_minute = timezone.now().replace(second=0, microsecond=0)
    counts = EmbeddingBatch.objects.items_per_minute(since=this_minute - timedelta(minutes=CHART_MINUTES))
    minutes = [this_minute - timedelta(minutes=back) for back in range(CHART_MINUTES, -1, -1)]
    return sparkline([counts.get(minute, 0) for minute in minutes])


def _failures(versions: Sequence[IndexVersion]) -> list[Failure]:
    rows: list[dict[str, Any]] = list(
        EmbeddingState.objects.failed_in(versions).values("item_id", "error", "attempts", "updated_at")[:FAILURES_SHOWN]
    )
    titles = dict(Item.objects.titles(row["item_id"] for row in rows))
    return [
        Failure(
            item_id=row["item_id"],
            title=titles.get(row["item_id"], f"#{row['item_id']}"),
            error=row["error"],
            attempts=row["attempts"],
            at=row["updated_at"],
        )
        for row in rows
    ]
