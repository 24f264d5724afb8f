"""What search is measured against: plain BM25, plain nearest vectors, and reciprocal rank fusion of the two.

They find documents through the same index and the same encoder, so that the ranking is all that differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from catalog.judged.evaluation import Found, Ranker, SearchEvaluation, evaluate, found, hits_of
from catalog.judged.figures import RANKING_DEPTH
from catalog.search.queries import Hit, SearchQuery

#: The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009, https://doi.org/10.1145/1571941.1572114).
RRF_K = 60


def evaluate_baselines(directory: Path) -> list[SearchEvaluation]:
    """Measure each of them on the collection's judged queries. Raises DegradedEvaluation and ValueError."""
    rankers: dict[str, Ranker] = {"bm25": bm25, "dense": dense, "rrf": rrf}
    return [evaluate(method, ranker, directory) for method, ranker in rankers.items()]


def bm25(text: str) -> list[Found]:
    """By BM25 alone: no spelling correction, nothing for a title's match or for words side by side."""
    return _best(text, semantic_ratio=0, score=_keyword_score)


def dense(text: str) -> list[Found]:
    """By the cosine of the best passage alone, without moving the query towards its best hits."""
    return _best(text, semantic_ratio=1, score=_cosine)


def rrf(text: str) -> list[Found]:
    """By the sum of 1 / (RRF_K + rank) over both."""
    return fused_by_rank([bm25(text)[:RANKING_DEPTH], dense(text)[:RANKING_DEPTH]])


def fused_by_rank(rankings: Sequence[Sequence[Found]]) -> list[Found]:
    """Reciprocal rank fusion; ties in the order of the rankings."""
    scores: defaultdict[Found, float] = defaultdict(float)
    for ranking in rankings:
        for rank, document in enumerate(ranking, start=1):
            scores[document] += 1 / (RRF_K + rank)
    return sorted(scores, key=lambda document: -scores[document])


def _best(text: str, *, semantic_ratio: float, score: Callable[[Hit], float]) -> list[Found]:
    """All that a leg finds, ordered by its own score."""
    query = SearchQuery(text=text, semantic_ratio=semantic_ratio, correct=False, prefix=False)
    hits = [*hits_of(query), *hits_of(replace(query, offset=RANKING_DEPTH))]
    return [found(hit) for hit in sorted(hits, key=score, reverse=True) if score(hit) > 0]


def _keyword_score(hit: Hit) -> float:
    return hit.keyword_score


def _cosine(hit: Hit) -> float:
    return hit.cosine or 0.0
