"""The output of `manage.py evaluate` as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table

Row = Mapping[str, Any]
#: What all methods of a table have in common: shown once, above it.
IN_COMMON = ("collection", "queries", "users", "left_out")
#: Wide enough for every figure of a row.
WIDTH = 120


def by_method(rows: Sequence[Row]) -> str:
    """Tables with one row per method, one table for all that were measured on the same subjects."""
    console = Console(width=WIDTH)
    with console.capture() as printed:
        for common, group in groupby(rows, key=lambda row: [(name, row[name]) for name in IN_COMMON if name in row]):
            console.print(_table([*group], title=", ".join(f"{name} {_shown(value)}" for name, value in common)))
        for row in rows:
            for name, facts in _facts(row).items():
                listed = ", ".join(f"{fact} {_shown(value)}" for fact, value in facts.items() if value is not None)
                console.print(f"{name}: {listed}", soft_wrap=True)
    return printed.get()


def side_by_side(rows: Sequence[Row]) -> str:
    """The rows as a table with one column per encoder; figures that were not measured are left out."""
    table = Table("Figure", *(str(row["model"]) for row in rows))
    names = dict.fromkeys(name for row in rows for name in row if name != "model")
    for name in names:
        values = [row.get(name) for row in rows]
        if any(value not in (None, "") for value in values):
            table.add_row(name, *("" if value is None else _shown(value) for value in values))
    console = Console()
    with console.capture() as printed:
        console.print(table)
    return printed.get()


def _table(rows: Sequence[Row], *, title: str) -> Table:
    names = dict.fromkeys(
        name for row in rows for name in row if name not in IN_COMMON and not any(name in _facts(own) for own in rows)
    )
    table = Table(*(name.replace("_", " ") for name in names), title=title, title_justify="left")
    for row in rows:
        table.add_row(*(_shown(row[name]) if name in row else "" for name in names))
    return table


def _facts(row: Row) -> dict[str, Mapping[str, Any]]:
    """The values of a row that have names of their own, other than an interval."""
    return {name: value for name, value in row.items() if isinstance(value, Mapping) and "mean" not in value}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['mean']:+} ({value['low']:+} to {value['high']:+})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
