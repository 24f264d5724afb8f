"""Figures of a ranking, worked out by hand."""

from __future__ import annotations

import pytest

from catalog.judged.figures import figures_of, mean_figures


def test_a_ranking_is_measured_by_its_grades():
    """Found: not judged, grade 1, grade 3. Ideal: 3, 1, 1.

    DCG = 0 / log2(2) + 1 / log2(3) + 3 / log2(4) = .6309 + 1.5 = 2.1309
    ideal = 3 / log2(2) + 1 / log2(3) + 1 / log2(4) = 3 + .6309 + .5 = 4.1309
    """
    found = figures_of(["x", "a", "b"], {"a": 1.0, "b": 3.0, "c": 1.0, "d": 0.0})
    assert found.ndcg_at_10 == pytest.approx(2.1309 / 4.1309, abs=1e-4)
    assert found.mrr_at_10 == pytest.approx(1 / 2)
    assert found.recall_at_100 == pytest.approx(2 / 3)
    assert found.judged_at_10 == pytest.approx(2 / 3)


def test_what_lies_beyond_the_first_ten_counts_for_recall_alone():
    ranking = [f"x{place}" for place in range(10)] + ["a"]
    found = figures_of(ranking, {"a": 2.0, "x1": 0.0})
    assert (found.ndcg_at_10, found.mrr_at_10, found.recall_at_100, found.judged_at_10) == (0.0, 0.0, 1.0, 0.1)


def test_nothing_found_is_nothing_judged():
    assert figures_of([], {"a": 1.0}).judged_at_10 == 0.0


def test_means_are_over_queries():
    means = mean_figures([figures_of(["a"], {"a": 1.0}), figures_of(["b"], {"a": 1.0})])
    assert (means.ndcg_at_10, means.mrr_at_10, means.recall_at_100, means.judged_at_10) == (0.5, 0.5, 0.5, 0.5)
