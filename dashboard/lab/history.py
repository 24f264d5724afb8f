"""What was measured on a query set, over time and by ratio, as rows and charts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.models import JudgedQuery, JudgedSet, MeasuredSetting, Measurement
from dashboard.charts import ForestRow, Plot, forest_row, plot, share_scale

MEASUREMENTS_SHOWN = 60
CHART_WIDTH, CHART_HEIGHT = 900, 160
QUERIES_TOLD = 8
#: Smaller differences on one query do not count.
LEAST_MOVE = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The first settings of finished measurements, oldest first, with their figures drawn on one scale."""

    settings: Sequence[MeasuredSetting]
    ndcg: Plot
    mrr: Plot
    recall: Plot
    unfinished: Measurement | None
    sweep: Measurement | None
    """The latest one."""

    @property
    def newest_first(self) -> list[MeasuredSetting]:
        return list(reversed(self.settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRow:
    judged_set: JudgedSet
    latest: MeasuredSetting | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRow:
    query: JudgedQuery
    ndcg: float | None
    """From the latest measurement, if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """A setting compared with the first: `kind` of its gain is better, worse or unclear, and empty for the first."""

    setting: MeasuredSetting
    forest: ForestRow | None
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """nDCG@10 by ratio, with the bounds of each ratio's difference from the present one."""

    chart: Plot
    present: MeasuredSetting
    best: MeasuredSetting
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A query that another setting finds better or worse."""

    query: JudgedQuery
    before: float
    after: float

    @property
    def gain(self) -> float:
        return self.after - self.before


def set_rows() -> list[SetRow]:
    """All sets with their latest measurement. Two queries."""
    done = MeasuredSetting.objects.filter(position=0, measurement__state=Measurement.State.DONE)
    newest = done.order_by("measurement__judged_set_id", "-measurement_id").distinct("measurement__judged_set_id")
    latest = {setting.measurement.judged_set_id: setting for setting in newest.select_related("measurement")}
    return [SetRow(judged_set=own, latest=latest.get(own.pk)) for own in JudgedSet.objects.with_counts()]


def history(judged_set: JudgedSet) -> History:
    """The measurements of a set. Three queries."""
    measurements = Measurement.objects.filter(judged_set=judged_set)
    done = MeasuredSetting.objects.filter(
        position=0, measurement__judged_set=judged_set, measurement__state=Measurement.State.DONE
    ).select_related("measurement", "version")
    settings = list(done.order_by("-measurement_id")[:MEASUREMENTS_SHOWN])[::-1]
    lines = {
        name: [getattr(setting, name) for setting in settings] for name in ("ndcg_at_10", "mrr_at_10", "recall_at_100")
    }
    scale = share_scale([value for values in lines.values() for value in values])

    def drawn(values: Sequence[float]) -> Plot:
        step = 1 / max(len(values) - 1, 1)
        points = [(place * step, value) for place, value in enumerate(values)]
        return plot(points, scale=scale, width=CHART_WIDTH, height=CHART_HEIGHT)

    sweeps = measurements.filter(kind=Measurement.Kind.SWEEP, state=Measurement.State.DONE)
    return History(
        settings=settings,
        ndcg=drawn(lines["ndcg_at_10"]),
        mrr=drawn(lines["mrr_at_10"]),
        recall=drawn(lines["recall_at_100"]),
        unfinished=measurements.unfinished().first(),
        sweep=sweeps.first(),
    )


def latest(past: History) -> MeasuredSetting | None:
    return past.settings[-1] if past.settings else None


def with_ndcg(queries: Iterable[JudgedQuery], past: History) -> list[QueryRow]:
    """Queries with the nDCG@10 of each in the latest measurement."""
    newest = latest(past)
    known = newest.ndcg_by_query if newest else {}
    return [QueryRow(query=query, ndcg=known.get(str(query.pk))) for query in queries]


def setting_rows(settings: Sequence[MeasuredSetting]) -> list[SettingRow]:
    """Settings ordered by ratio, with their gains on one scale."""
    gains = [setting.gain for setting in settings if setting.gain]
    reach = max((abs(gain[end]) for gain in gains for end in ("low", "high")), default=0.0)
    rows = []
    for setting in sorted(settings, key=lambda setting: (setting.semantic_ratio, setting.position)):
        gain = setting.gain
        rows.append(
            SettingRow(
                setting=setting,
                forest=forest_row(gain["mean"], gain["low"], gain["high"], reach=reach) if gain else None,
                kind="" if not gain else "better" if gain["low"] > 0 else "worse" if gain["high"] < 0 else "unclear",
            )
        )
    return rows


def sweep_of(settings: Sequence[MeasuredSetting]) -> Sweep | None:
    """The sweep over ratios; None if at most one ratio was measured."""
    measured = [setting for setting in settings if setting.ndcg_at_10 is not None]
    if len({setting.semantic_ratio for setting in measured}) < 2:
        return None
    present = measured[0]
    by_ratio = sorted(measured, key=lambda setting: setting.semantic_ratio)
    best = max(measured, key=lambda setting: (setting.ndcg_at_10 or 0.0, setting is present))
    base = present.ndcg_at_10 or 0.0
    points = [(setting.semantic_ratio, setting.ndcg_at_10 or 0.0) for setting in by_ratio]
    none = {"low": 0.0, "high": 0.0}
    bounds = [(base + gain["low"], base + gain["high"]) for gain in (setting.gain or none for setting in by_ratio)]
    scale = share_scale([value for pair in bounds for value in pair] + [value for _, value in points])
    return Sweep(
        chart=plot(points, scale=scale, width=CHART_WIDTH, height=CHART_HEIGHT, bounds=bounds),
        present=present,
        best=best,
        verdict=_verdict(present, best),
    )


def _verdict(present: MeasuredSetting, best: MeasuredSetting) -> str:
    now = f"{present.semantic_ratio:g}"
    if best is present or not best.gain:
        return f"The current ratio, {now}, is the best of those tried."
    gain = best.gain
    told = f"{best.semantic_ratio:g} is the best ratio: {gain['mean']:+.3f} nDCG@10 over {now}"
    bounds = f"{gain['low']:+.3f} to {gain['high']:+.3f} with 95% confidence"
    if gain["low"] > 0:
        return f"{told}, {bounds}."
    return f"{told}, but {bounds}: these queries cannot tell that from chance."


def moved(one: MeasuredSetting, other: MeasuredSetting) -> tuple[list[Moved], list[Moved]]:
    """The queries that the other setting finds worse and those it finds better, largest change first. One query."""
    gains = {pk: own - one.ndcg_by_query[pk] for pk, own in other.ndcg_by_query.items() if pk in one.ndcg_by_query}
    ordered = sorted((pk for pk, gain in gains.items() if abs(gain) > LEAST_MOVE), key=lambda pk: gains[pk])
    told = (
        [pk for pk in ordered if gains[pk] < 0][:QUERIES_TOLD],
        [pk for pk in ordered[::-1] if gains[pk] > 0][:QUERIES_TOLD],
    )
    queries = JudgedQuery.objects.in_bulk([int(pk) for side in told for pk in side])
    worse, better = (
        [
            Moved(query=queries[int(pk)], before=one.ndcg_by_query[pk], after=other.ndcg_by_query[pk])
            for pk in side
            if int(pk) in queries
        ]
        for side in told
    )
    return worse, better
