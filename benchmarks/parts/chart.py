"""A small line chart as SVG that works on light and dark pages alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, ROW, LEFT, RIGHT, TOP = 640, 130, 70, 60, 40
COLOUR = "#7c6cf0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A quantity with one value per label of the chart."""

    name: str
    values: Sequence[float]


def line_chart(title: str, labels: Sequence[str], lines: Sequence[Line]) -> str:
    """One row per line, from 0 to its largest value, with every point's value written beside it."""
    height = TOP + ROW * len(lines) + 30
    step = (WIDTH - LEFT - RIGHT) / max(len(labels) - 1, 1)
    places = [LEFT + step * number for number in range(len(labels))]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' font-family="system-ui, sans-serif" font-size="13" fill="#808690">',
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="20" font-size="15" font-weight="600">{escape(title)}</text>',
    ]
    for number, line in enumerate(lines):
        parts += _row(line, places, floor=TOP + ROW * (number + 1) - 20)
    for place, label in zip(places, labels, strict=True):
        parts.append(f'<text x="{place:.1f}" y="{height - 12}" text-anchor="middle">{escape(label)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def _row(line: Line, places: Sequence[float], *, floor: float) -> list[str]:
    tallest = max(line.values, default=0.0) or 1.0
    tops = [floor - value / tallest * (ROW - 60) for value in line.values]
    points = " ".join(f"{place:.1f},{top:.1f}" for place, top in zip(places, tops, strict=True))
    marks = [
        f'<circle cx="{place:.1f}" cy="{top:.1f}" r="3.5" fill="{COLOUR}"/>'
        f'<text x="{place:.1f}" y="{top - 9:.1f}" text-anchor="middle">{value:.3g}</text>'
        for place, top, value in zip(places, tops, line.values, strict=True)
    ]
    return [
        f'<text x="{LEFT}" y="{floor - ROW + 40:.1f}" font-weight="600">{escape(line.name)}</text>',
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor:.1f}" y2="{floor:.1f}" stroke="#80869055"/>',
        f'<polyline points="{points}" fill="none" stroke="{COLOUR}" stroke-width="2"/>',
        *marks,
    ]
