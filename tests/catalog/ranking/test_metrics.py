"""Measures of a ranking, worked out by hand."""

import math

import pytest

from catalog.ranking.metrics import dcg, ndcg, recall, reciprocal_rank

JUDGED = {"a": 3.0, "b": 2.0, "c": 0.0, "d": 1.0}


def test_gains_are_discounted_by_the_logarithm_of_their_place():
    # 3 / log2(2) + 2 / log2(3) + 0 + 1 / log2(5)
    assert dcg([3, 2, 0, 1]) == pytest.approx(3 + 2 / math.log2(3) + 1 / math.log2(5))
    assert dcg([]) == 0


def test_ndcg_is_1_for_the_ideal_ranking_and_a_share_of_it_otherwise():
    assert ndcg(["a", "b", "d", "c"], JUDGED, k=10) == pytest.approx(1)
    ideal = 3 + 2 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(["x", "b", "a"], JUDGED, k=10) == pytest.approx((2 / math.log2(3) + 3 / math.log2(4)) / ideal)


def test_ndcg_looks_at_the_first_k_of_both_rankings():
    assert ndcg(["c", "a"], JUDGED, k=1) == 0
    assert ndcg(["a", "c"], JUDGED, k=1) == 1


def test_recall_is_the_share_of_relevant_documents_found():
    assert recall(["a", "c", "d", "b"], JUDGED, k=3) == pytest.approx(2 / 3)
    assert recall(["c", "x"], JUDGED, k=10) == 0
    assert recall(["a", "a", "a"], JUDGED, k=3) == pytest.approx(1 / 3)


def test_the_reciprocal_rank_is_that_of_the_first_relevant_document():
    assert reciprocal_rank(["c", "x", "d", "a"], JUDGED, k=10) == pytest.approx(1 / 3)
    assert reciprocal_rank(["c", "x", "d"], JUDGED, k=2) == 0


@pytest.mark.parametrize("measure", [ndcg, recall, reciprocal_rank])
@pytest.mark.parametrize("judged", [{}, {"a": 0.0}])
def test_where_nothing_is_relevant_every_measure_is_0(measure, judged):
    assert measure(["a", "b"], judged, k=10) == 0


@pytest.mark.parametrize("measure", [ndcg, recall, reciprocal_rank])
def test_an_empty_ranking_scores_0(measure):
    assert measure([], JUDGED, k=10) == 0
