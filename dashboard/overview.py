"""Everything the first staff page shows, gathered in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.registry import encoder_for
from catalog.index.progress import Failure, IndexProgress, failures, index_progress_of
from catalog.models import EmbeddingBatch, EmbeddingState, IndexVersion, Item, ReindexRun
from dashboard.charts import Segment, Sparkline, sparkline, stacked_bar

CHART_MINUTES = 30
FAILURES_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One index version with its progress."""

    version: IndexVersion
    progress: IndexProgress
    segments: Sequence[Segment]
    run: ReindexRun | None
    """The run that built it; the first version has none."""

    @property
    def stale(self) -> int:
        """Items whose vectors are missing or older than the item."""
        return self.progress.unfinished

    @property
    def state(self) -> str:
        """The state shown to staff: a version whose run has ended unfinished is no longer building, but failed."""
        unfinished = self.version.state in (IndexVersion.State.LOADING, IndexVersion.State.BUILDING)
        is_left = unfinished and self.run and self.run.finished_at
        return "failed" if is_left else self.version.state

    @property
    def retirable(self) -> bool:
        return self.state in ("failed", IndexVersion.State.READY)


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
    unseen: int
    """Pictures that could not be fetched or read; the texts of their items are embedded."""
    recent_runs: Sequence[ReindexRun]
    encoder_problem: str
    """Why searches use words alone; empty when they do not."""
    runtime_problem: str
    """Why the encoder is slower than it could be."""

    @property
    def failures_total(self) -> int:
        return self.failed + self.unseen

    @property
    def working(self) -> VersionRow | None:
        """The version that items are being embedded for."""
        return next((row for row in self.versions if row.stale and row.state != "failed"), None)

    @property
    def is_paused(self) -> bool:
        """Whether the only work there is belongs to a reindex that staff paused."""
        paused = self.run is not None and self.run.state == ReindexRun.State.PAUSED
        return paused and self.working in (None, self.run_row)


def overview() -> Overview:
    rows = _rows()
    run = ReindexRun.objects.unfinished().select_related("version", "started_by").first()
    active = next((row for row in rows if row.version.state == IndexVersion.State.ACTIVE), None)
    published = Item.objects.published().count()
    encoder_problem, runtime_problem = _encoder_problems(active.version) if active else ("", "")
    return Overview(
        items=published,
        unpublished=Item.objects.count() - published,
        active=active,
        versions=rows,
        run=run,
        run_row=next((row for row in rows if run and row.version.pk == run.version_id), None),
        steps=_steps(run) if run else [],
        throughput=_throughput(),
        failures=failures([row.version for row in rows], limit=FAILURES_SHOWN),
        failed=sum(row.progress.failed for row in rows),
        unseen=sum(EmbeddingState.objects.unseen_by_version([row.version for row in rows]).values()),
        recent_runs=list(ReindexRun.objects.finished().select_related("version", "started_by")[:5]),
        encoder_problem=encoder_problem,
        runtime_problem=runtime_problem,
    )


def _rows() -> list[VersionRow]:
    versions = list(IndexVersion.objects.kept())
    progress = index_progress_of(versions)
    runs = ReindexRun.objects.by_version(versions)
    return [
        VersionRow(
            version=version,
            progress=progress[version.pk],
            segments=_segments(progress[version.pk]),
            run=runs.get(version.pk),
        )
        for version in versions
    ]


def _segments(progress: IndexProgress) -> list[Segment]:
    return stacked_bar({"ok": progress.done, "pending": progress.unfinished, "bad": progress.failed})


def _encoder_problems(version: IndexVersion) -> tuple[str, str]:
    """What keeps this web process from encoding queries, and what from doing so at full speed.

    Starts loading the encoder if necessary.
    """
    try:
        encoder = encoder_for(version.encoder_spec, wait_s=0)
    except EncoderUnavailable as error:
        return str(error), ""
    return "", getattr(encoder, "runtime_problem", "")


def _steps(run: ReindexRun) -> list[StepView]:
    order = list(ReindexRun.Step)
    now = order.index(ReindexRun.Step(run.step))
    notes = {
        "load": "Load the model",
        "embed": "Embed every item",
        "build": "Build the graph",
        "verify": "Verify",
        "activate": "Switch over",
    }
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
