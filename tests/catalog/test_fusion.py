"""One score from two, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ranking.fusion import CUTOFF_LEVEL, fuse, ranked, semantic_level

COSINES = st.one_of(st.floats(-1, 1), st.just(float("nan")))


def test_the_cutoff_always_lies_at_the_same_level():
    for cutoff in (0.1, 0.25, 0.8):
        assert semantic_level(np.array([cutoff]), cutoff=cutoff)[0] == pytest.approx(CUTOFF_LEVEL)


def test_levels_are_a_straight_line_from_the_cutoff_to_one():
    # Halfway from .5 to 1 is .75, and halfway from .25 to 1 is .625. At 0 the line would be at -.5.
    levels = semantic_level(np.array([1.0, 0.75, 0.5, 0.0, -1.0, np.nan]), cutoff=0.5)
    assert levels.tolist() == pytest.approx([1.0, 0.625, 0.25, 0.0, 0.0, 0.0])


def test_a_score_is_the_mix_of_both_levels():
    fused = fuse(
        keyword_scores=np.array([2.0, 4.0, 0.0]),
        keyword_bound=8.0,
        cosines=np.array([0.75, np.nan, 1.0]),
        cutoff=0.5,
        ratio=0.25,
    )
    # .75 * 2/8 = .1875 and .25 * .625 = .15625; .75 * 4/8 = .375 and nothing; nothing and .25 * 1.
    assert fused.keyword_parts.tolist() == pytest.approx([0.1875, 0.375, 0.0])
    assert fused.semantic_parts.tolist() == pytest.approx([0.15625, 0.0, 0.25])
    assert fused.scores.tolist() == pytest.approx([0.34375, 0.375, 0.25])


@pytest.mark.parametrize(("ratio", "expected"), [(0, [0.25, 0.5]), (1, [0.625, 0.0])])
def test_at_either_end_of_the_ratio_one_leg_counts_alone(ratio, expected):
    fused = fuse(
        keyword_scores=np.array([1.0, 2.0]),
        keyword_bound=4.0,
        cosines=np.array([0.75, np.nan]),
        cutoff=0.5,
        ratio=ratio,
    )
    assert fused.scores.tolist() == pytest.approx(expected)


def test_a_query_without_words_has_no_keyword_part():
    fused = fuse(keyword_scores=np.array([0.0]), keyword_bound=0.0, cosines=np.array([1.0]), cutoff=0.25, ratio=0.5)
    assert fused.scores.tolist() == [0.5]


@given(
    st.lists(st.tuples(st.floats(0, 10), COSINES), max_size=20),
    st.floats(0, 1),
    st.floats(-0.5, 0.9),
)
def test_scores_lie_between_0_and_1_and_are_the_sum_of_their_parts(pairs, ratio, cutoff):
    fused = fuse(
        keyword_scores=np.array([score for score, _ in pairs]),
        keyword_bound=10.0,
        cosines=np.array([cosine for _, cosine in pairs]),
        cutoff=cutoff,
        ratio=ratio,
    )
    assert ((fused.scores >= 0) & (fused.scores <= 1 + 1e-12)).all()
    assert np.allclose(fused.scores, fused.keyword_parts + fused.semantic_parts)


def test_the_best_score_is_first_and_equal_scores_stand_in_the_order_of_their_ids():
    assert ranked(np.array([0.5, 0.9, 0.5]), np.array([30, 20, 10])).tolist() == [1, 2, 0]
