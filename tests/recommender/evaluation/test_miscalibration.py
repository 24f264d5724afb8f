"""How far lists are from what people are used to, worked out by hand."""

from __future__ import annotations

from math import log

import pytest

from catalog.ranking.calibration import SMOOTHING
from recommender.evaluation.miscalibration import miscalibration, tags_by_external_id
from tests.factories import make_items

TAGS = {
    "a": frozenset({"rain"}),
    "b": frozenset({"love"}),
    "c": frozenset({"rain", "love"}),
    "d": frozenset({"war"}),
    "e": frozenset(),
}


@pytest.mark.parametrize("listed", [["c"], ["a", "b"], ["b", "a", "e"]])
def test_the_same_shares_are_no_way_off(listed):
    assert miscalibration({"ada": ["a", "b"]}, {"ada": listed}, TAGS) == pytest.approx(0)


def test_it_is_the_divergence_from_the_shares_of_the_history():
    halves = 0.5 * log(0.5 / ((1 - SMOOTHING) + SMOOTHING * 0.5)) + 0.5 * log(0.5 / (SMOOTHING * 0.5))
    assert miscalibration({"ada": ["a", "b"]}, {"ada": ["a"]}, TAGS) == pytest.approx(halves)
    strange = log(1 / SMOOTHING)
    assert miscalibration({"ada": ["a"]}, {"ada": ["d"]}, TAGS) == pytest.approx(strange)
    assert miscalibration({"ada": ["a", "b"], "bob": ["a"]}, {"ada": ["a"], "bob": ["d"]}, TAGS) == pytest.approx(
        (halves + strange) / 2
    )


def test_only_the_first_ten_count_and_a_history_without_tags_says_nothing():
    assert miscalibration({"ada": ["a"]}, {"ada": ["a"] * 10 + ["d"]}, TAGS) == pytest.approx(0)
    assert miscalibration({"ada": ["e"]}, {"ada": ["a"]}, TAGS) == 0


def test_tags_are_categories_and_texts_that_one_in_a_hundred_bears(db):
    rows = [{"external_id": f"i-{number}", "category": "Drama"} for number in range(199)]
    make_items([*rows, {"external_id": "odd", "category": "Drama", "attributes": {"director": "Nobody else"}}])
    assert tags_by_external_id()["odd"] == {"Drama"}
