"""Reading judged collections in the BEIR format (Thakur et al., 2021, https://arxiv.org/abs/2104.08663).

A collection is a folder with `corpus.jsonl`, `queries.jsonl` and judgements. Public files vary, so documents without a
title or a text, numeric ids, NUL characters, and queries longer than a search accepts are all handled.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from catalog.search.queries import MAX_TEXT_CHARACTERS

#: The files that may hold judgements, in order of preference. MS MARCO has none for its test queries.
JUDGEMENTS = ("qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv")
COLUMNS = ("query-id", "corpus-id", "score")


class JudgedDocument(NamedTuple):
    id: str
    title: str
    text: str


def documents_in(directory: Path) -> Iterator[JudgedDocument]:
    """Every document of `corpus.jsonl`. Raises OSError and ValueError."""
    for row in _rows(directory / "corpus.jsonl"):
        yield JudgedDocument(str(row["_id"]), _text(row.get("title")), _text(row.get("text")))


def queries_in(directory: Path) -> dict[str, str]:
    """The texts of `queries.jsonl` by id, cut to MAX_TEXT_CHARACTERS. Raises OSError and ValueError."""
    return {str(row["_id"]): _text(row.get("text"))[:MAX_TEXT_CHARACTERS] for row in _rows(directory / "queries.jsonl")}


def judged_queries(directory: Path) -> tuple[list[tuple[str, str]], Mapping[str, dict[str, float]]]:
    """The id and text of each query that has a relevant document, and all judgements. Raises OSError and ValueError."""
    judgements = read_judgements(judgements_in(directory))
    queries = [(query, text) for query, text in queries_in(directory).items() if any(judgements[query].values())]
    if not queries:
        raise ValueError(f"{directory.name}: no query has a relevant document.")
    return queries, judgements


def asks_for_itself(query: str, text: str, *, document: str, content: str, judged: Mapping[str, float]) -> bool:
    """Whether a document is the query itself.

    Some collections use their own documents as queries, each of which would be the best answer to itself. BEIR leaves
    out documents with the query's id. Here the document must also contain the query's text, since some collections
    number queries and documents alike.
    """
    return document == query and document not in judged and text in content


def judgements_in(directory: Path) -> Path:
    """The file of the collection's judgements. Raises FileNotFoundError."""
    for name in JUDGEMENTS:
        if (path := directory / name).is_file():
            return path
    raise FileNotFoundError(f"{directory} has none of {', '.join(JUDGEMENTS)}.")


def read_judgements(path: Path) -> Mapping[str, dict[str, float]]:
    """Grades by the id of the query, then of the document; empty for other queries. Raises OSError and ValueError."""
    judgements: defaultdict[str, dict[str, float]] = defaultdict(dict)
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t")
        if missing := set(COLUMNS) - set(rows.fieldnames or ()):
            raise ValueError(f"{path.name} has no header line with {', '.join(sorted(missing))}.")
        for row in rows:
            judgements[row["query-id"]][row["corpus-id"]] = float(row["score"])
    return judgements


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path.name}, line {number} is not JSON: {error}") from error
            if not isinstance(row, dict) or "_id" not in row:
                raise ValueError(f"{path.name}, line {number} is not an object with an _id.")
            yield row


def _text(value: str | None) -> str:
    """The text as PostgreSQL can store it; empty for None."""
    return (value or "").replace("\0", " ").encode(errors="replace").decode()
