"""Query sets as CSV files, which `loading` can read back."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from catalog.importing.csv_reader import escaped
from catalog.models import JudgedQuery, JudgedSet


def csv_lines(judged_set: JudgedSet) -> Iterator[str]:
    """The lines of a CSV with the columns query, item and grade; a query without judgements has a row of its own."""
    yield _line(("query", "item", "grade"))
    rows = JudgedQuery.objects.filter(judged_set=judged_set).order_by("pk", "judgements__pk")
    for text, item, grade in rows.values_list("text", "judgements__item__external_id", "judgements__grade"):
        judged = item is not None and grade is not None
        yield _line((escaped(text), escaped(item) if judged else "", grade if judged else ""))


def _line(cells: Iterable[object]) -> str:
    written = StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
