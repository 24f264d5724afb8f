"""Search measured on a judged collection in the BEIR format, by the same `search` that serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from catalog.judged.beir import asks_for_itself, documents_in, judged_queries
from catalog.judged.figures import RANKING_DEPTH, Figures, figures_of, mean_figures
from catalog.models import Item
from catalog.ranking.gains import Gain, gain_of
from catalog.search import search
from catalog.search.queries import Hit, SearchQuery

LOAD_BATCH_ITEMS = 1_000


class DegradedEvaluation(RuntimeError):
    """Search used words alone, so its figures would not be those of hybrid search."""


class Found(NamedTuple):
    """A document that a query found."""

    id: str
    content: str


#: Finds the documents of a query's text, best first; those after the first RANKING_DEPTH do not count.
Ranker = Callable[[str], Sequence[Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchEvaluation:
    """The figures of one method, for each query that has a relevant document."""

    method: str
    collection: str
    by_query: tuple[Figures, ...]

    @property
    def ndcg_by_query(self) -> tuple[float, ...]:
        return tuple(figures.ndcg_at_10 for figures in self.by_query)

    @property
    def means(self) -> Figures:
        return mean_figures(self.by_query)

    def behind(self, served: SearchEvaluation) -> Gain:
        """How far this method's nDCG@10 is behind that of the serving one, on the same queries."""
        return gain_of(np.array(served.ndcg_by_query), np.array(self.ndcg_by_query))

    def as_json(self) -> dict[str, Any]:
        means = self.means
        return {
            "method": self.method,
            "collection": self.collection,
            "queries": len(self.by_query),
            "ndcg@10": round(means.ndcg_at_10, 4),
            "recall@100": round(means.recall_at_100, 4),
            "mrr@10": round(means.mrr_at_10, 4),
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

    def serving(text: str) -> list[Found]:
        return [found(hit) for hit in hits_of(SearchQuery(text=text, semantic_ratio=semantic_ratio))]

    return evaluate("serving", serving, directory)


def evaluate(method: str, ranker: Ranker, directory: Path) -> SearchEvaluation:
    """Measure a ranker on the collection's judged queries. Raises ValueError."""
    queries, judgements = judged_queries(directory)
    measured = []
    for query, text in queries:
        judged = judgements[query]
        ranking = [
            document
            for document, content in ranker(text)
            if not asks_for_itself(query, text, document=document, content=content, judged=judged)
        ]
        measured.append(figures_of(ranking[:RANKING_DEPTH], judged))
    return SearchEvaluation(method=method, collection=directory.name, by_query=tuple(measured))


def hits_of(query: SearchQuery) -> tuple[Hit, ...]:
    """The first RANKING_DEPTH hits from the query's offset on. Raises DegradedEvaluation.

    Quotes and minus signs in a collection are not operators.
    """
    results = search(replace(query, limit=RANKING_DEPTH, highlight=False, operators=False))
    if results.degraded:
        raise DegradedEvaluation(results.degraded_reason)
    return results.hits


def found(hit: Hit) -> Found:
    return Found(hit.item.external_id, f"{hit.item.title}\n{hit.item.body}")
