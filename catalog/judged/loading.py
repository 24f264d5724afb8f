"""Judgements from files: a CSV or TSV with a row for each, or a folder in the BEIR format."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from django.contrib.auth.models import User
from django.db import transaction

from catalog.importing.csv_reader import read_csv, unescaped
from catalog.importing.rows import FileUnreadable, Problem
from catalog.judged.beir import judgements_in, queries_in
from catalog.judged.sets import MOST_QUERIES, SetRefused, add_queries, clean_text, keep_judgements, queries_by_text
from catalog.models import Item, JudgedSet, Judgement
from catalog.models.judged import HIGHEST_GRADE

#: The most rows read from a file, including those without an item.
MOST_ROWS = 100 * MOST_QUERIES
FAULTS_KEPT = 100
#: The names that a column may have in a file.
COLUMNS = {
    "query": ("query", "text"),
    "item": ("item", "external_id", "corpus-id", "document"),
    "grade": ("grade", "score", "relevance", "rating"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRow:
    """A row of a file: a query and, unless `item` is empty, the grade of an item, by its external id."""

    line: int
    query: str
    item: str = ""
    grade: int = 0


@dataclass(slots=True, kw_only=True)
class Loaded:
    """The result of loading a file."""

    queries: int = 0
    """How many are new to the set."""
    judgements: int = 0
    rejected: int = 0
    faults: list[Problem] = field(default_factory=list)
    """The first reasons why rows were left out."""

    def leave_out(self, line: int, reason: str) -> None:
        self.rejected += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(Problem(line=line, reason=reason))


def load_file(judged_set: JudgedSet, file: BinaryIO, *, judged_by: User | None = None) -> Loaded:
    """Load a CSV or TSV with the columns query, item and grade. A row without an item adds its query.

    A faulty row is left out and reported; the others are saved. Raises FileUnreadable and SetRefused, and then saves
    nothing.
    """
    loaded = Loaded()
    return _keep(judged_set, _csv_rows(file, loaded), loaded, judged_by=judged_by)


def load_folder(judged_set: JudgedSet, directory: Path) -> Loaded:
    """Load `queries.jsonl` and the judgements beside it, whose documents are items by external id.

    Raises OSError, ValueError, KeyError and SetRefused.
    """
    loaded = Loaded()
    return _keep(judged_set, _folder_rows(directory, loaded), loaded, judged_by=None)


def _csv_rows(file: BinaryIO, loaded: Loaded) -> Iterator[JudgedRow]:
    names: Mapping[str, str] | None = None
    for count, row in enumerate(read_csv(file)):
        if count >= MOST_ROWS:
            raise FileUnreadable(f"The file has more than {MOST_ROWS:,} rows.")
        if row.fault or not row.values:
            loaded.leave_out(row.line, row.fault or "The row is empty.")
            continue
        names = names or _columns(row.values)
        cells = {column: unescaped(str(row.values.get(name, "")).strip()) for column, name in names.items()}
        yield from _judged_row(row.line, cells, loaded)


def _columns(values: Mapping[str, object]) -> Mapping[str, str]:
    """The file's own column names. Raises FileUnreadable."""
    given = {name.strip().lower(): name for name in values}
    found = {column: next((given[name] for name in names if name in given), "") for column, names in COLUMNS.items()}
    if not found["query"]:
        by_id = (
            " It names queries by id: load the folder with its queries.jsonl instead." if "query-id" in given else ""
        )
        raise FileUnreadable(f"A column named “query” must hold the text of each query.{by_id}")
    if found["item"] and not found["grade"]:
        raise FileUnreadable("A column of items also needs a column named “grade”.")
    return {column: name for column, name in found.items() if name}


def _folder_rows(directory: Path, loaded: Loaded) -> Iterator[JudgedRow]:
    texts = queries_in(directory)
    with judgements_in(directory).open(newline="", encoding="utf-8") as file:
        for line, row in enumerate(islice(csv.DictReader(file, delimiter="\t"), MOST_ROWS), start=2):
            if row["query-id"] not in texts:
                loaded.leave_out(line, f"There is no query {row['query-id']!r} in queries.jsonl.")
                continue
            cells = {"query": texts[row["query-id"]], "item": row["corpus-id"], "grade": row["score"]}
            yield from _judged_row(line, cells, loaded)


def _judged_row(line: int, cells: Mapping[str, str], loaded: Loaded) -> Iterator[JudgedRow]:
    try:
        text = clean_text(cells["query"])
        item = cells.get("item", "")
        yield JudgedRow(line=line, query=text, item=item, grade=_grade(cells.get("grade", "")) if item else 0)
    except SetRefused as error:
        loaded.leave_out(line, str(error))


def _grade(text: str) -> int:
    """Raises SetRefused."""
    try:
        grade = float(text)
    except ValueError:
        grade = -1.0
    if not 0 <= grade <= HIGHEST_GRADE or not grade.is_integer():
        raise SetRefused(f"A grade must be 0, 1, 2 or {HIGHEST_GRADE}, not “{text[:20]}”.", field="grade")
    return int(grade)


def _keep(judged_set: JudgedSet, rows: Iterable[JudgedRow], loaded: Loaded, *, judged_by: User | None) -> Loaded:
    """Save all rows or none. Of two rows with the same query and item the later one counts."""
    read = list(rows)
    with transaction.atomic():
        loaded.queries = add_queries(judged_set, [row.query for row in read])
        queries = queries_by_text(judged_set)
        ids = Item.objects.ids_by_external_id({row.item for row in read if row.item})
        judgements = {}
        for row in read:
            if row.item and row.item not in ids:
                loaded.leave_out(row.line, f"There is no item “{row.item[:60]}”.")
            elif row.item:
                query = queries[row.query.lower()]
                judgements[query.pk, ids[row.item]] = Judgement(
                    query=query, item_id=ids[row.item], grade=row.grade, judged_by=judged_by
                )
        loaded.judgements = keep_judgements(judgements.values())
    loaded.faults.sort(key=lambda fault: fault.line)
    return loaded
