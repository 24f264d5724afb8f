"""Measures of a ranking against graded judgements, as in Järvelin & Kekäläinen (2002) and trec_eval.

`ranking` lists document ids, best first; `judged` maps ids to grades, 0 meaning not relevant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def dcg(grades: Sequence[float]) -> float:
    """Discounted cumulative gain with linear gains."""
    return sum(grade / math.log2(position + 2) for position, grade in enumerate(grades))


def ndcg(ranking: Sequence[str], judged: Mapping[str, float], *, k: int) -> float:
    """DCG of the first k divided by that of the best possible ranking; 0 if nothing is relevant."""
    ideal = dcg(sorted(judged.values(), reverse=True)[:k])
    return dcg([judged.get(document, 0) for document in ranking[:k]]) / ideal if ideal else 0.0


def recall(ranking: Sequence[str], judged: Mapping[str, float], *, k: int) -> float:
    """Share of the relevant documents that are among the first k."""
    relevant = {document for document, grade in judged.items() if grade > 0}
    return len(relevant.intersection(ranking[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], judged: Mapping[str, float], *, k: int) -> float:
    """One over the rank of the first relevant document, 0 if it is not among the first k."""
    return next((1 / place for place, document in enumerate(ranking[:k], 1) if judged.get(document, 0) > 0), 0.0)
