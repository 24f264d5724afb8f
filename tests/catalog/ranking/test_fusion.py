"""One score from two, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ranking.fusion import (
    CUTOFF_LEVEL,
    NEIGHBOURS_SHARE,
    TITLE_LEVEL,
    WHOLE_SHARE,
    fuse,
    keyword_level,
    ranked,
    semantic_level,
)

COSINES = st.one_of(st.floats(-1, 1), st.just(float("nan")))


def test_the_cutoff_always_lies_at_the_same_level():
    for cutoff in (0.1, 0.25, 0.8):
        assert semantic_level(np.array([cutoff]), cutoff=cutoff)[0] == pytest.approx(CUTOFF_LEVEL)


def test_levels_are_two_straight_lines_that_meet_at_the_cutoff():
    # Halfway from .5 to 1 is .75, and halfway from .25 to 1 is .625. Below, half the cutoff is half its level.
    levels = semantic_level(np.array([1.0, 0.75, 0.5, 0.25, 0.0, -1.0, np.nan]), cutoff=0.5)
    assert levels.tolist() == pytest.approx([1.0, 0.625, 0.25, 0.125, 0.0, 0.0, 0.0])


def test_the_level_of_words_is_the_share_of_the_bound_and_the_titles_part():
    # 2/8 and .2 * .5; 8/8, capped at 1; nothing at all.
    levels = keyword_level(
        np.array([2.0, 8.0, 0.0]),
        bound=8.0,
        title_overlaps=np.array([0.5, 1.0, 0.0]),
        whole=np.zeros(3, dtype=bool),
        neighbour_shares=np.zeros(3),
    )
    assert TITLE_LEVEL == 0.2
    assert levels.tolist() == pytest.approx([0.35, 1.0, 0.0])


def test_an_item_that_holds_all_words_is_a_level_higher():
    # 2/8 and a quarter of 6/8; 4/8 is still more; .9 and a quarter of .1.
    scores, whole = np.array([2.0, 4.0, 7.2]), np.array([True, False, True])
    none = np.zeros(3)
    levels = keyword_level(scores, bound=8.0, title_overlaps=none, whole=whole, neighbour_shares=none)
    assert WHOLE_SHARE == 0.25
    assert levels.tolist() == pytest.approx([0.4375, 0.5, 0.925])


def test_an_item_that_has_neighbouring_words_side_by_side_is_a_level_higher():
    # 2/8 and .35 of 6/8; 4/8 and half of .35 of 4/8; 2/8 and .25 + .35 of 6/8.
    scores, whole, none = np.array([2.0, 4.0, 2.0]), np.array([False, False, True]), np.zeros(3)
    shares = np.array([1.0, 0.5, 1.0])
    levels = keyword_level(scores, bound=8.0, title_overlaps=none, whole=whole, neighbour_shares=shares)
    assert NEIGHBOURS_SHARE == 0.35
    assert levels.tolist() == pytest.approx([0.5125, 0.5875, 0.7])


def test_a_query_without_words_has_no_level_of_words():
    none = np.array([0.0])
    levels = keyword_level(none, bound=0.0, title_overlaps=none, whole=np.array([False]), neighbour_shares=none)
    assert levels.tolist() == [0.0]


def test_a_score_is_the_mix_of_both_levels():
    fused = fuse(keyword_levels=np.array([0.25, 0.5, 0.0]), semantic_levels=np.array([0.625, 0.0, 1.0]), ratio=0.25)
    # .75 * .25 = .1875 and .25 * .625 = .15625; .75 * .5 = .375 and nothing; nothing and .25 * 1.
    assert fused.keyword_parts.tolist() == pytest.approx([0.1875, 0.375, 0.0])
    assert fused.semantic_parts.tolist() == pytest.approx([0.15625, 0.0, 0.25])
    assert fused.scores.tolist() == pytest.approx([0.34375, 0.375, 0.25])


@pytest.mark.parametrize(("ratio", "expected"), [(0, [0.25, 0.5]), (1, [0.625, 0.0])])
def test_at_either_end_of_the_ratio_one_leg_counts_alone(ratio, expected):
    fused = fuse(keyword_levels=np.array([0.25, 0.5]), semantic_levels=np.array([0.625, 0.0]), ratio=ratio)
    assert fused.scores.tolist() == pytest.approx(expected)


@given(
    st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1), st.booleans(), st.floats(0, 1), COSINES), max_size=20),
    st.floats(0, 1),
    st.floats(-0.5, 0.9),
)
def test_scores_lie_between_0_and_1_and_are_the_sum_of_their_parts(rows, ratio, cutoff):
    scores, overlaps, whole, shares, cosines = np.array(rows, dtype=np.float64).reshape(-1, 5).T
    fused = fuse(
        keyword_levels=keyword_level(
            scores, bound=10.0, title_overlaps=overlaps, whole=whole > 0, neighbour_shares=shares
        ),
        semantic_levels=semantic_level(cosines, cutoff=cutoff),
        ratio=ratio,
    )
    assert ((fused.scores >= 0) & (fused.scores <= 1 + 1e-12)).all()
    assert np.allclose(fused.scores, fused.keyword_parts + fused.semantic_parts)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20), st.floats(-0.5, 0.99))
def test_a_higher_cosine_never_has_a_lower_level(cosines, cutoff):
    levels = semantic_level(np.array(sorted(cosines)), cutoff=cutoff)
    assert (np.diff(levels) >= 0).all()


def test_the_best_score_is_first_and_equal_scores_stand_in_the_order_of_their_ids():
    assert ranked(np.array([0.5, 0.9, 0.5]), np.array([30, 20, 10])).tolist() == [1, 2, 0]
