"""Tables for people, and one JSON line per figure for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least this percentage of the values do not exceed (nearest rank)."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]


def table(head: Sequence[str], rows: Sequence[Sequence[str | float]]) -> None:
    """Print rows under a header: the first column left-aligned, the others right-aligned."""
    lines = [[*head], *([str(row[0]), *map(_number, row[1:])] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        first, *others = line
        print("  ".join([first.ljust(widths[0]), *(map(str.rjust, others, widths[1:]))]))
    print()


def figure(name: str, value: float, **about: Any) -> None:
    """Print a figure as a JSON line, with what it was measured on."""
    print(json.dumps({"figure": name, "value": float(f"{value:.4g}"), **about}), flush=True)


def _number(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
