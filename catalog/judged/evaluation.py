"""Search measured on a judged collection in the BEIR format, by the same `search` that serves."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from catalog.judged.beir import asks_for_itself, documents_in, judged_queries
from catalog.judged.figures import RANKING_DEPTH, figures_of, mean_figures
from catalog.models import Item
from catalog.search import search
from catalog.search.queries import SearchQuery

LOAD_BATCH_ITEMS = 1_000


class DegradedEvaluation(RuntimeError):
    """Search used words alone, so its figures would not be those of hybrid search."""


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
    documents = documents_in(directory)
    while batch := list(islice(documents, LOAD_BATCH_ITEMS)):
        items = [Item(external_id=document.id, title=document.title, body=document.text) for document in batch]
        count += len(Item.objects.bulk_create(items))
    return count


def evaluate_search(directory: Path, *, semantic_ratio: float = 0.5) -> SearchEvaluation:
    """Run the collection's judged queries over the loaded items. Raises DegradedEvaluation and ValueError."""
    queries, judgements = judged_queries(directory)
    found = []
    for query, text in queries:
        judged = judgements[query]
        ranking = [
            document
            for document, content in _ranking(text, semantic_ratio)
            if not asks_for_itself(query, text, document=document, content=content, judged=judged)
        ]
        found.append(figures_of(ranking, judged))
    means = mean_figures(found)
    return SearchEvaluation(
        collection=directory.name,
        queries=len(found),
        ndcg_at_10=means.ndcg_at_10,
        recall_at_100=means.recall_at_100,
        mrr_at_10=means.mrr_at_10,
    )


def _ranking(text: str, semantic_ratio: float) -> list[tuple[str, str]]:
    """Ids and texts of the documents found, best first. Quotes and minus signs in a collection are not operators."""
    results = search(
        SearchQuery(text=text, limit=RANKING_DEPTH, semantic_ratio=semantic_ratio, highlight=False, operators=False)
    )
    if results.degraded:
        raise DegradedEvaluation(results.degraded_reason)
    return [(hit.item.external_id, f"{hit.item.title}\n{hit.item.body}") for hit in results.hits]
