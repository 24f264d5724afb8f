"""What a ranking comes to by the judgements of a query, and several of them together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from catalog.ranking import metrics

#: Hits that a search is asked for to be measured.
RANKING_DEPTH = 100
TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one query, or their means over several."""

    ndcg_at_10: float
    mrr_at_10: float
    recall_at_100: float
    judged_at_10: float
    """The share of the first ten hits that are judged at all; what is not counts as not relevant."""


def figures_of(ranking: Sequence[str], judged: Mapping[str, float]) -> Figures:
    """Of a ranking of up to RANKING_DEPTH documents, by the grades of a query with a relevant one."""
    top = ranking[:TOP]
    return Figures(
        ndcg_at_10=metrics.ndcg(ranking, judged, k=TOP),
        mrr_at_10=metrics.reciprocal_rank(ranking, judged, k=TOP),
        recall_at_100=metrics.recall(ranking, judged, k=RANKING_DEPTH),
        judged_at_10=sum(document in judged for document in top) / len(top) if top else 0.0,
    )


def mean_figures(figures: Collection[Figures]) -> Figures:
    """Their means. Raises StatisticsError without any."""
    return Figures(
        ndcg_at_10=fmean(own.ndcg_at_10 for own in figures),
        mrr_at_10=fmean(own.mrr_at_10 for own in figures),
        recall_at_100=fmean(own.recall_at_100 for own in figures),
        judged_at_10=fmean(own.judged_at_10 for own in figures),
    )
