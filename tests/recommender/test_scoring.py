"""Scores and reasons, with figures worked out by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from catalog.models import Item
from recommender.interests import Interest
from recommender.reasons import lifts_of, reasons_of
from recommender.scoring import EVIDENCE, NEAREST, TASTE, normalised, score_candidates

ALONG_X, ALONG_Y = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
# Two past items at right angles: the interest lies between them, nearer to the first.
INTEREST = Interest(vector=np.array([0.8, 0.6], np.float32), sources={1: 0.8, 2: 0.6})
SOURCES = {1: ALONG_X, 2: ALONG_Y}


def scored(vectors, popularity=None, *, interest=INTEREST, spread=0.1):
    popularity = np.zeros(len(vectors)) if popularity is None else np.array(popularity, float)
    return score_candidates(
        np.array(vectors, float), popularity, interest=interest, source_vectors=SOURCES, spread=spread
    )


def lift_of(scores, position):
    return lifts_of(scores, np.array([position]))[0]


def test_a_score_is_closeness_in_spreads_and_the_logarithm_of_popularity():
    scores = scored([[1, 0], [0, 1]], [0, EVIDENCE])
    # Closest past items: the first has the largest weight; the second counts .6 / .8 of it.
    assert scores.totals[0] == pytest.approx(TASTE / 0.1 * 0.8 + NEAREST / 0.1 * 1.0)
    assert scores.totals[1] == pytest.approx(TASTE / 0.1 * 0.6 + NEAREST / 0.1 * 0.75 + log(2))


def test_the_parts_add_up_to_the_score():
    scores = scored([[0.3, 0.4], [-0.5, 0.1], [0, 0]], [3, 0, 7])
    parts = scores.parts_of(np.arange(3))
    np.testing.assert_allclose(scores.totals, parts.sum(axis=1) + scores.rest + scores.popular)


def test_an_item_without_a_vector_goes_by_its_popularity():
    assert scored([[0, 0]], [EVIDENCE]).totals[0] == pytest.approx(log(2))


def test_what_is_known_of_nobody_is_popularity_alone():
    scores = scored([[1, 0], [0, 1]], [0, 5], interest=None)
    np.testing.assert_allclose(scores.totals, np.log1p(np.array([0, 5]) / EVIDENCE))
    assert scores.parts_of(np.arange(2)).shape == (2, 0)


def test_a_hidden_item_pushes_what_is_like_it_down():
    interest = Interest(vector=np.array([0.8, -0.6], np.float32), sources={1: 0.8, 2: -0.6})
    scores = scored([[0, 1]], interest=interest)
    assert scores.totals[0] == pytest.approx(TASTE / 0.1 * -0.6)


def test_sources_whose_vector_is_gone_count_as_the_rest():
    scores = score_candidates(
        np.array([[1.0, 0.0]]), np.zeros(1), interest=INTEREST, source_vectors={2: ALONG_Y}, spread=0.1
    )
    assert list(scores.sources) == [2]
    assert scores.rest[0] == pytest.approx(TASTE / 0.1 * 0.8)


def test_a_wider_spread_makes_closeness_count_less():
    assert scored([[1, 0]], spread=0.2).totals[0] == pytest.approx(scored([[1, 0]]).totals[0] / 2)


def test_rows_of_zeros_stay_as_they_are():
    np.testing.assert_allclose(normalised(np.array([[3.0, 4.0], [0.0, 0.0]])), np.array([[0.6, 0.8], [0.0, 0.0]]))


def test_shares_follow_the_parts_and_sum_to_one():
    lift = lift_of(scored([[1, 0], [0.28, 0.96]]), 1)
    # The second past item is the closest: .96 * .75 is more than .28.
    first, second = TASTE * 0.8 * 0.28, TASTE * 0.6 * 0.96 + NEAREST * 0.72
    assert lift.items == {
        2: pytest.approx(second / (first + second), rel=1e-5),
        1: pytest.approx(first / (first + second), rel=1e-5),
    }
    assert lift.source == "taste"


def test_what_was_not_liked_is_never_named_and_counts_as_the_rest_of_the_history():
    liked, disliked = {1: ALONG_X, 2: -ALONG_Y}, Interest(vector=ALONG_X, sources={1: 0.5, 2: -0.5})
    scores = score_candidates(np.array([[0.6, 0.8]]), np.zeros(1), interest=disliked, source_vectors=liked, spread=0.1)
    lift = lift_of(scores, 0)
    assert scores.parts_of(np.array([0]))[0, 1] > 0
    assert set(lift.items) == {1}
    reasons = reasons_of(lift, {1: Item(pk=1, title="Alien")}, liked={1})
    assert [reason.text for reason in reasons] == ["Because you liked Alien", "Fits the rest of your history"]
    assert sum(reason.share for reason in reasons) == pytest.approx(1)


def test_popularity_lifts_as_far_as_it_is_above_the_usual():
    scores = scored([[1, 0]] * 3, [0, EVIDENCE, 3 * EVIDENCE])
    own = TASTE / 0.1 * 0.8 + NEAREST / 0.1
    assert lift_of(scores, 1).popular == 0
    assert lift_of(scores, 2).popular == pytest.approx(log(2) / (own + log(2)), rel=1e-5)


def test_an_item_that_nothing_lifts_is_there_for_being_liked_at_all_or_new():
    scores = scored([[-1, 0], [-1, 0], [-1, 0]], [0, 1, 1])
    assert lift_of(scores, 1).popular == 1
    assert lift_of(scores, 0).new == 1
    assert lift_of(scores, 0).source == "new"


def test_an_item_that_is_no_longer_shown_counts_with_the_rest_of_the_history():
    lift = lift_of(scored([[1, 0], [0.6, 0.8]]), 1)
    shown, gone = Item(pk=2, title="Shown"), Item(pk=1, title="Gone", published=False)
    reasons = reasons_of(lift, {1: gone, 2: shown}, liked={2})
    assert [reason.text for reason in reasons] == ["Because you liked Shown", "Fits the rest of your history"]
    assert sum(reason.share for reason in reasons) == pytest.approx(1)


def test_a_reason_does_not_claim_that_a_mere_look_was_a_like():
    lift = lift_of(scored([[1, 0]]), 0)
    (reason,) = reasons_of(lift, {1: Item(pk=1, title="Alien")}, liked=())
    assert reason.text == "Because you looked at Alien"
