"""Maximal marginal relevance, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ranking.diversity import diversify

# Two items in the same direction, one at a right angle to them, and one in between (cosine .6 and .8).
VECTORS = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
SCORES = np.array([0.9, 0.8, 0.5, 0.6])


def test_without_diversity_the_order_is_that_of_the_scores():
    assert diversify(SCORES, VECTORS, limit=4, diversity=0) == [0, 1, 3, 2]


def test_likeness_to_what_is_chosen_is_taken_off():
    # Half and half. First .45 for item 0. Then .4 - .5 * 1 = -.1, .25 - 0 = .25 and .3 - .5 * .6 = 0: item 2.
    # Then item 1 still has -.1 and item 3 .3 - .5 * .8 = -.1, the greater likeness: settled by position.
    assert diversify(SCORES, VECTORS, limit=4, diversity=0.5) == [0, 2, 1, 3]


def test_with_nothing_but_diversity_the_least_like_comes_next():
    assert diversify(SCORES, VECTORS, limit=3, diversity=1) == [0, 2, 3]


def test_opposite_directions_are_the_most_diverse():
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert diversify(np.array([1.0, 0.5, 0.5]), vectors, limit=2, diversity=0.5) == [0, 2]


@pytest.mark.parametrize("limit", [0, 1, 3, 9])
def test_no_more_are_chosen_than_asked_for_or_there(limit):
    chosen = diversify(SCORES, VECTORS, limit=limit, diversity=0.3)
    assert len(chosen) == len(set(chosen)) == min(limit, 4)


def test_of_nothing_nothing_is_chosen():
    assert diversify(np.empty(0), np.empty((0, 2)), limit=5, diversity=0.5) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_a_longer_choice_begins_as_a_shorter_one(scores, diversity, seed):
    vectors = np.random.default_rng(seed).normal(size=(len(scores), 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    whole = diversify(np.array(scores), vectors, limit=len(scores), diversity=diversity)
    assert sorted(whole) == list(range(len(scores)))
    assert diversify(np.array(scores), vectors, limit=3, diversity=diversity) == whole[:3]
