"""What staff see of encoder comparisons and adaptations: figures as rows with bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.defaultfilters import filesizeformat

from catalog.models import EncoderAdaptation, EncoderComparison
from dashboard.charts import Bar, bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure of an encoder: its name in the report, how it is shown, and whether less is better."""

    name: str
    label: str
    hint: str
    show: Callable[[Any], str]
    less_is_better: bool = False


def _share(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _bytes(value: float) -> str:
    return filesizeformat(value)


MEASURES = (
    Measure(name="ndcg@10", label="nDCG@10", hint="how high the right items rank", show=_share),
    Measure(name="recall@100", label="Recall@100", hint="share of the right items found", show=_share),
    Measure(name="mrr@10", label="MRR@10", hint="1 if the first is always right", show=_share),
    Measure(name="texts_per_s", label="Texts per second", hint="while indexing", show="{:,.0f}".format),
    Measure(
        name="query_ms", label="One query", hint="encoded on its own", show="{:,.1f} ms".format, less_is_better=True
    ),
    Measure(name="parameters", label="Parameters", hint="of the model", show="{:,}".format, less_is_better=True),
    Measure(name="disk_bytes", label="File size", hint="of the weights", show=_bytes, less_is_better=True),
    Measure(
        name="vector_bytes", label="Vector size", hint="in the index", show="{:,} bytes".format, less_is_better=True
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One encoder's figure: as text, as a bar, and whether it is the better of the two."""

    text: str
    bar: Bar
    is_better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of both encoders, and the second as a multiple of the first."""

    measure: Measure
    base: Cell | None
    candidate: Cell | None
    ratio: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The conclusion from the retrieval figures, in words: `kind` is better, worse or unclear."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptationRow:
    """One adaptation; its figures are empty until it is finished."""

    run: EncoderAdaptation
    held_out: str
    before: str
    after: str
    gain: str
    bounds: str


def adaptation_rows(adaptations: Iterable[EncoderAdaptation]) -> list[AdaptationRow]:
    return [_adaptation_row(adaptation) for adaptation in adaptations]


def _adaptation_row(run: EncoderAdaptation) -> AdaptationRow:
    figures = run.figures
    if "gain" not in figures:
        return AdaptationRow(run=run, held_out="", before="", after="", gain="", bounds="")
    gain = figures["gain"]
    return AdaptationRow(
        run=run,
        held_out=f"{figures['queries']['held_out']:,} of {figures['collection']}",
        before=_share(figures["ndcg@10_before"]),
        after=_share(figures["ndcg@10"]),
        gain=f"{gain['mean']:+.3f}",
        bounds=f"{gain['low']:+.3f} to {gain['high']:+.3f}",
    )


def comparison_rows(comparison: EncoderComparison) -> list[Row]:
    """The figures of a finished comparison; those that neither encoder has are left out."""
    reported = comparison.figures.get("rows", [])
    if len(reported) != 2:
        return []
    rows = [_row(measure, [one.get(measure.name) for one in reported]) for measure in MEASURES]
    return [row for row in rows if row.base or row.candidate]


def comparison_runtimes(comparison: EncoderComparison) -> list[str]:
    """The runtime of each encoder, empty if it has no choice of runtime; an empty list if neither has."""
    runtimes = [one.get("runtime") or "" for one in comparison.figures.get("rows", [])]
    return runtimes if any(runtimes) else []


def comparison_verdict(comparison: EncoderComparison) -> Verdict | None:
    reported = comparison.figures.get("rows", [])
    if len(reported) != 2 or "gain" not in reported[1]:
        return None
    gain = reported[1]["gain"]
    bounds = f"{gain['mean']:+.3f} nDCG@10, {gain['low']:+.3f} to {gain['high']:+.3f} with 95% confidence"
    if gain["low"] > 0:
        return Verdict(kind="better", text=f"The other encoder finds more: {bounds}.")
    if gain["high"] < 0:
        return Verdict(kind="worse", text=f"The other encoder finds less: {bounds}.")
    return Verdict(kind="unclear", text=f"These queries cannot tell which one finds more: {bounds}.")


def _row(measure: Measure, values: Sequence[float | None]) -> Row:
    drawn = bars([value or 0.0 for value in values])
    known = [value for value in values if value is not None]
    best = (min if measure.less_is_better else max)(known, default=None)
    differ = len(set(known)) == 2
    cells = [
        None if value is None else Cell(text=measure.show(value), bar=bar, is_better=differ and value == best)
        for value, bar in zip(values, drawn, strict=True)
    ]
    ratio = f"{values[1] / values[0]:.2f}" if values[0] and values[1] is not None else ""
    return Row(measure=measure, base=cells[0], candidate=cells[1], ratio=ratio)
