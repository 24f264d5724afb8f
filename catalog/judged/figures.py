"""nDCG@10, MRR@10 and recall@100 of rankings against judgements, and their means."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from catalog.ranking import metrics

#: How many hits a measured search requests.
RANKING_DEPTH = 100
TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of one query, or means over several; all from 0 to 1."""

    ndcg_at_10: float
    mrr_at_10: float
    recall_at_100: float
    judged_at_10: float
    """The share of the first ten hits that are judged. Those that are not count as not relevant."""


def figures_of(ranking: Sequence[str], judged: Mapping[str, float]) -> Figures:
    """The figures of a ranking of up to RANKING_DEPTH documents, by a query's grades, at least one of them above 0."""
    top = ranking[:TOP]
    return Figures(
        ndcg_at_10=metrics.ndcg(ranking, judged, k=TOP),
        mrr_at_10=metrics.reciprocal_rank(ranking, judged, k=TOP),
        recall_at_100=metrics.recall(ranking, judged, k=RANKING_DEPTH),
        judged_at_10=sum(document in judged for document in top) / len(top) if top else 0.0,
    )


def mean_figures(figures: Collection[Figures]) -> Figures:
    """Means. Raises StatisticsError without any figures."""
    return Figures(
        ndcg_at_10=fmean(own.ndcg_at_10 for own in figures),
        mrr_at_10=fmean(own.mrr_at_10 for own in figures),
        recall_at_100=fmean(own.recall_at_100 for own in figures),
        judged_at_10=fmean(own.judged_at_10 for own in figures),
    )
