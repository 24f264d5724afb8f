"""The figures of recommendation methods: nDCG@10, recall@20, hit rate@10 and coverage@10 on held-out items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np

from catalog.ranking import metrics
from catalog.ranking.gains import Gain, gain_of
from recommender.evaluation.protocol import LEFT_OUT


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationEvaluation:
    """The measures of one method: means over the users with held-out positives."""

    method: str
    collection: str
    left_out: str
    """What lists may not contain, in words."""
    ndcg_by_user: tuple[float, ...]
    """Each user's nDCG@10, in the order of their names."""
    recall_at_20: float
    hit_rate_at_10: float
    coverage_at_10: float
    """The share of the catalogue that appears in somebody's first ten."""
    miscalibration_at_10: float | None = None
    """How far the tags of the first ten are from those of the history."""
    samples: tuple[float, ...] = ()
    """The mean nDCG@10 of each sample of withheld items, if there were several."""

    @property
    def users(self) -> int:
        return len(self.ndcg_by_user)

    @property
    def ndcg_at_10(self) -> float:
        return fmean(self.ndcg_by_user) if self.ndcg_by_user else 0.0

    @property
    def interval(self) -> list[float]:
        """The 95% confidence interval of the mean nDCG@10, from a bootstrap over the users."""
        found = gain_of(np.array(self.ndcg_by_user), np.zeros(len(self.ndcg_by_user)))
        return [round(found.low, 4), round(found.high, 4)]

    def behind(self, served: RecommendationEvaluation) -> Gain:
        """How far this method's nDCG@10 is behind that of the serving one, on the same users."""
        return gain_of(np.array(served.ndcg_by_user), np.array(self.ndcg_by_user))

    def as_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "collection": self.collection,
            "users": self.users,
            "ndcg@10": round(self.ndcg_at_10, 4),
            "interval": self.interval,
            **({"samples": [round(sample, 4) for sample in self.samples]} if self.samples else {}),
            "recall@20": round(self.recall_at_20, 4),
            "hit_rate@10": round(self.hit_rate_at_10, 4),
            "coverage@10": round(self.coverage_at_10, 4),
            **({} if self.miscalibration_at_10 is None else {"miscalibration@10": round(self.miscalibration_at_10, 4)}),
            "left_out": self.left_out,
        }


def together(evaluations: Sequence[RecommendationEvaluation]) -> RecommendationEvaluation:
    """Combine one method's measures on several samples: means over the users of all samples."""
    people = [evaluation.users for evaluation in evaluations]

    def mean(values: Sequence[float]) -> float:
        return float(np.average(values, weights=people)) if sum(people) else 0.0

    return replace(
        evaluations[0],
        ndcg_by_user=tuple(value for evaluation in evaluations for value in evaluation.ndcg_by_user),
        recall_at_20=mean([evaluation.recall_at_20 for evaluation in evaluations]),
        hit_rate_at_10=mean([evaluation.hit_rate_at_10 for evaluation in evaluations]),
        coverage_at_10=mean([evaluation.coverage_at_10 for evaluation in evaluations]),
        samples=tuple(evaluation.ndcg_at_10 for evaluation in evaluations),
    )


def summarise(
    rankings: Mapping[str, Sequence[str]],
    held_out: Mapping[str, Set[str]],
    *,
    method: str,
    collection: str,
    items: int,
    left_out: str = LEFT_OUT,
) -> RecommendationEvaluation:
    """Measure rankings of external ids against the held-out items; all figures are 0 if nothing was held out."""
    judged = {username: dict.fromkeys(held_out[username], 1.0) for username in sorted(held_out)}
    shown = {external_id for username in judged for external_id in rankings[username][:10]}

    def each(metric: Any, k: int) -> list[float]:
        return [metric(rankings[username], own, k=k) for username, own in judged.items()]

    hits = [float(rank > 0) for rank in each(metrics.reciprocal_rank, 10)]
    return RecommendationEvaluation(
        method=method,
        collection=collection,
        left_out=left_out,
        ndcg_by_user=tuple(each(metrics.ndcg, 10)),
        recall_at_20=fmean(each(metrics.recall, 20) or [0.0]),
        hit_rate_at_10=fmean(hits or [0.0]),
        coverage_at_10=len(shown) / items if items else 0.0,
    )
