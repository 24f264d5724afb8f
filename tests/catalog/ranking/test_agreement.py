"""How far two rankings agree, worked out by hand."""

from __future__ import annotations

import pytest

from catalog.ranking.agreement import overlap, rank_biased_overlap


def test_overlap_is_the_share_of_the_longer_list():
    assert overlap("abc", "cbx", k=3) == pytest.approx(2 / 3)
    assert overlap("abcd", "ab", k=10) == pytest.approx(2 / 4)
    assert overlap("abc", "xab", k=1) == 0
    assert overlap("", "a", k=10) == 0
    assert overlap("", "", k=10) == 1


def test_the_same_ranking_agrees_wholly_and_one_without_a_common_item_not_at_all():
    for ranking in ("a", "abc", "abcdefghijkl"):
        assert rank_biased_overlap(ranking, ranking) == pytest.approx(1)
    assert rank_biased_overlap("abc", "xyz") == 0
    assert rank_biased_overlap("", "") == 1
    assert rank_biased_overlap("abc", "") == rank_biased_overlap("", "abc") == 0


def test_rank_biased_overlap_sums_the_overlap_at_each_depth():
    # Depth 1: 0 of 1 in common, depth 2: 2 of 2, and so on. (1 - p) / p · (0 + 1 · p²) + 1 · p², p = 0.5.
    assert rank_biased_overlap("ab", "ba", persistence=0.5) == pytest.approx(0.5)
    # Depths 1 to 3: 1, 1/2, 2/3 of them in common; (0.5 / 0.5) · (0.5 + 0.125 + 0.08333) + 2/3 · 0.125.
    assert rank_biased_overlap("abc", "acx", persistence=0.5) == pytest.approx(0.5 + 0.125 + 1 / 12 + 1 / 12)


def test_a_shorter_ranking_is_taken_to_go_on_as_it_began():
    # p = 0.5, the shorter ends at 1: X = 1, 1. 1 · 0.5 + (1/2 + 1 · (2 - 1) / (1 · 2)) · 0.25 + (0 / 2 + 1 / 1) · 0.25.
    assert rank_biased_overlap("a", "ab", persistence=0.5) == pytest.approx(1)
    # X = 0, 1: the second of the longer is the shorter's first.
    # Depth 1: 0. Depth 2: 1/2 + 0 = 1/2, times 0.25. Then ((1 - 0) / 2 + 0) · 0.25.
    assert rank_biased_overlap("b", "ab", persistence=0.5) == pytest.approx(0.25)


def test_what_comes_first_counts_most_and_the_order_of_the_two_does_not():
    first_moved, last_moved = "bacdefghij", "abcdefghji"
    assert rank_biased_overlap("abcdefghij", first_moved) < rank_biased_overlap("abcdefghij", last_moved) < 1
    assert rank_biased_overlap("abcx", "dab") == rank_biased_overlap("dab", "abcx")
