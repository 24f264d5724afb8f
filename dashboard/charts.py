"""Turns numbers into coordinates for small SVG charts. Pure functions; the templates only place the result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """A line and the area under it, in a box of `width` by `height`."""

    width: float
    height: float
    line: str
    area: str
    peak: float


def sparkline(
    values: Sequence[float], *, width: float = 300, height: float = 44, peak: float | None = None
) -> Sparkline:
    """Spread `values` evenly over the width; the largest, or `peak`, touches the top, 0 the bottom."""
    if peak is None:
        peak = max(values, default=0.0)
    step = width / max(len(values) - 1, 1)
    points = [
        f"{index * step:.1f} {height - (value / peak if peak else 0) * (height - 2) - 1:.1f}"
        for index, value in enumerate(values)
    ]
    line = "M" + " L".join(points) if points else ""
    area = f"{line} L{width:.1f} {height:.1f} L0 {height:.1f} Z" if points else ""
    return Sparkline(width=width, height=height, line=line, area=area, peak=peak)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of a stacked bar: where it starts and how wide it is, in per cent."""

    name: str
    start: float
    width: float
    count: int


def stacked_bar(counts: dict[str, int]) -> list[Segment]:
    """Lay the counts end to end over 100 per cent; zero counts are left out."""
    total = sum(counts.values())
    segments: list[Segment] = []
    start = 0.0
    for name, count in counts.items():
        if count:
            width = 100 * count / total
            segments.append(Segment(name=name, start=round(start, 2), width=round(width, 2), count=count))
            start += width
    return segments


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """An estimate with its interval, in a box of 220 by 26 whose middle is zero."""

    low: float
    high: float
    point: float


def forest_row(estimate: float, low: float, high: float, *, reach: float) -> ForestRow:
    """Place an interval on a scale from -`reach` to `reach`."""
    width, margin = 220.0, 6.0

    def at(value: float) -> float:
        share = value / reach if reach else 0.0
        return round(width / 2 + share * (width / 2 - margin), 1)

    return ForestRow(low=at(low), high=at(high), point=at(estimate))


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A line of estimates and the area of their intervals, in a box of `width` by `height`, with gaps where nothing was
    measured. `dots` are isolated points, which no line can be drawn to."""

    width: float
    height: float
    line: str
    area: str
    dots: list[tuple[float, float]]
    peak: float


def band(points: Sequence[tuple[float, float, float] | None], *, width: float, height: float) -> Band:
    """Spread estimates with their low and high ends evenly over the width; the largest end touches the top."""
    peak = max((point[2] for point in points if point), default=0.0)
    step = width / max(len(points) - 1, 1)

    def y(value: float) -> str:
        return f"{height - (value / peak if peak else 0) * (height - 2) - 1:.1f}"

    line, area, dots = [], [], []
    for run in _runs(points):
        if len(run) == 1:
            place, (estimate, _, _) = run[0]
            dots.append((round(place * step, 1), float(y(estimate))))
            continue
        line.append("M" + " L".join(f"{place * step:.1f} {y(found[0])}" for place, found in run))
        there = [f"{place * step:.1f} {y(found[2])}" for place, found in run]
        back = [f"{place * step:.1f} {y(found[1])}" for place, found in reversed(run)]
        area.append("M" + " L".join([*there, *back]) + " Z")
    return Band(width=width, height=height, line=" ".join(line), area=" ".join(area), dots=dots, peak=peak)


def _runs(
    points: Sequence[tuple[float, float, float] | None],
) -> list[list[tuple[int, tuple[float, float, float]]]]:
    """The stretches without a gap, each point with its place."""
    runs: list[list[tuple[int, tuple[float, float, float]]]] = [[]]
    for place, point in enumerate(points):
        if point is None:
            runs.append([])
        else:
            runs[-1].append((place, point))
    return [run for run in runs if run]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar starting at the left, with its width in per cent of the longest bar."""

    width: float
    value: float


def bars(values: Sequence[float]) -> list[Bar]:
    """Bars for comparing non-negative values; the largest fills the width."""
    longest = max(values, default=0.0)
    return [Bar(width=round(100 * value / longest, 2) if longest else 0.0, value=value) for value in values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A line through points in a box of `width` by `height` that goes from `low` at the bottom to `high` at the top.

    `area` lies between the ends of their intervals; empty without intervals.
    """

    width: float
    height: float
    low: float
    high: float
    line: str
    area: str
    dots: list[tuple[float, float]]


def plot(
    points: Sequence[tuple[float, float]],
    *,
    scale: tuple[float, float],
    width: float,
    height: float,
    bounds: Sequence[tuple[float, float]] = (),
) -> Plot:
    """Place points by their share of the width and their value; `bounds` are the ends of each point's interval."""
    low, high = scale

    def at(share: float, value: float) -> tuple[float, float]:
        inside = min(max(value, low), high)
        return round(share * width, 1), round(height - (inside - low) / (high - low) * (height - 4) - 2, 1)

    dots = [at(share, value) for share, value in points]
    there = [at(share, end) for (share, _), (_, end) in zip(points, bounds, strict=False)]
    back = [at(share, end) for (share, _), (end, _) in zip(points, bounds, strict=False)]
    return Plot(
        width=width,
        height=height,
        low=low,
        high=high,
        line=_path(dots) if len(dots) > 1 else "",
        area=f"{_path([*there, *reversed(back)])} Z" if len(there) > 1 else "",
        dots=dots,
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def share_scale(values: Sequence[float]) -> tuple[float, float]:
    """A scale in tenths that contains the shares with some room, so that small differences do not look like none."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    return max(0.0, math.floor(10 * low - 0.25) / 10), min(1.0, math.ceil(10 * high + 0.25) / 10)
