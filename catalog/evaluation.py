"""How good search is on a judged collection in the BEIR form, measured through the product's own `search`."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from catalog.judged.figures import RANKING_DEPTH, figures_of, mean_figures
from catalog.models import Item
from catalog.search import search
from catalog.search.queries import SearchQuery

LOAD_BATCH_ITEMS = 1_000


class DegradedEvaluation(RuntimeError):
    """Search went by words alone, so its figures would not be those of hybrid search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEvaluation:
    """Means over the queries that have a relevant document."""

    collection: str
    queries: int
    ndcg_at_10: float
    recall_at_100: float
    mrr_at_10: float

    def as_json(self) -> dict[str, Any]:
        return {
            "collection": self.collection,
            "queries": self.queries,
            "ndcg@10": round(self.ndcg_at_10, 4),
            "recall@100": round(self.recall_at_100, 4),
            "mrr@10": round(self.mrr_at_10, 4),
        }


def load_collection(directory: Path) -> int:
    """Create an item for each document of `corpus.jsonl` and return how many there are."""
    count = 0
    rows = json_lines(directory / "corpus.jsonl")
    while batch := list(islice(rows, LOAD_BATCH_ITEMS)):
        items = [Item(external_id=row["_id"], title=row.get("title", ""), body=row["text"]) for row in batch]
        count += len(Item.objects.bulk_create(items))
    return count


def evaluate_search(
    directory: Path, *, limit_queries: int | None = None, semantic_ratio: float = 0.5
) -> SearchEvaluation:
    """Run the collection's judged queries over the loaded items. Raises DegradedEvaluation and ValueError."""
    queries, judgements = judged_queries(directory)
    found = [figures_of(_ranking(text, semantic_ratio), judgements[query]) for query, text in queries[:limit_queries]]
    means = mean_figures(found)
    return SearchEvaluation(
        collection=directory.name,
        queries=len(found),
        ndcg_at_10=means.ndcg_at_10,
        recall_at_100=means.recall_at_100,
        mrr_at_10=means.mrr_at_10,
    )


def judged_queries(directory: Path) -> tuple[list[tuple[str, str]], Mapping[str, dict[str, float]]]:
    """The id and text of each query that has a relevant document, and all judgements. Raises ValueError."""
    judgements = read_judgements(judgements_in(directory))
    queries = [
        (row["_id"], row["text"])
        for row in json_lines(directory / "queries.jsonl")
        if any(judgements[row["_id"]].values())
    ]
    if not queries:
        raise ValueError(f"{directory.name}: no query has a relevant document.")
    return queries, judgements


def judgements_in(directory: Path) -> Path:
    """The collection's judgements: `qrels.tsv`, or `qrels/test.tsv` as BEIR itself has it. Raises FileNotFoundError."""
    for path in (directory / "qrels.tsv", directory / "qrels" / "test.tsv"):
        if path.is_file():
            return path
    raise FileNotFoundError(f"{directory} has neither qrels.tsv nor qrels/test.tsv.")


def read_judgements(path: Path) -> Mapping[str, dict[str, float]]:
    """Grades by query and document; queries without judgements have none."""
    judgements: defaultdict[str, dict[str, float]] = defaultdict(dict)
    with path.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            judgements[row["query-id"]][row["corpus-id"]] = float(row["score"])
    return judgements


def _ranking(text: str, semantic_ratio: float) -> list[str]:
    results = search(SearchQuery(text=text, limit=RANKING_DEPTH, semantic_ratio=semantic_ratio, highlight=False))
    if results.degraded:
        raise DegradedEvaluation(results.degraded_reason)
    return [hit.item.external_id for hit in results.hits]


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
