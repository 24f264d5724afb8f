"""How a scenario adjusts scores, worked out by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from recommender.scoring import EVIDENCE, Scores
from recommender.serving.adjusting import ItemFacts, apply, explored, exploring_places
from recommender.serving.scenarios import ScenarioSettings


def scores_of(*totals: float) -> Scores:
    nothing = np.zeros(len(totals))
    none = nothing[:, None][:, :0]
    return Scores(
        totals=np.array(totals),
        popular=nothing,
        rest=nothing,
        sources=(),
        in_favour=np.zeros(0, bool),
        parts_of=none.__getitem__,
    )


def facts(ages: list[float], factors: list[float]) -> ItemFacts:
    return ItemFacts(age_days=np.array(ages), factors=np.array(factors))


def test_popularity_counts_once_more_for_each_whole_above_one():
    popularity = np.array([0.0, EVIDENCE])
    twice = apply(scores_of(1, 1), popularity, ScenarioSettings(popularity=2), facts([0, 0], [1, 1]))
    assert twice.totals == pytest.approx([1, 1 + log(2)])
    assert twice.popular == pytest.approx([0, log(2)])
    none = apply(scores_of(1, 1), popularity, ScenarioSettings(popularity=0), facts([0, 0], [1, 1]))
    assert none.totals == pytest.approx([1, 1 - log(2)])


def test_freshness_halves_with_each_half_life():
    settings = ScenarioSettings(freshness=0.8, freshness_half_life_days=10)
    fresh = apply(scores_of(0, 0, 0, 0), np.zeros(4), settings, facts([0, 10, 20, np.inf], [1, 1, 1, 1]))
    assert fresh.totals == pytest.approx([0.8, 0.4, 0.2, 0])
    assert fresh.fresh == pytest.approx([0.8, 0.4, 0.2, 0])


def test_a_boost_multiplies_what_speaks_for_an_item_and_divides_what_speaks_against_it():
    boosted = apply(scores_of(2, -2, 0), np.zeros(3), ScenarioSettings(), facts([0, 0, 0], [4, 4, 4]))
    assert boosted.totals == pytest.approx([8, -0.5, 0])


@pytest.mark.parametrize(
    ("length", "share", "places"),
    [
        (10, 0, []),
        (10, 0.1, [9]),
        (10, 0.2, [4, 9]),
        (10, 0.3, [2, 5, 9]),
        (10, 0.5, [1, 3, 5, 7, 9]),
        (3, 0.1, []),
        (0, 0.5, []),
    ],
)
def test_places_are_given_away_evenly_and_the_first_is_not(length, share, places):
    assert exploring_places(length, share) == places


def test_a_list_keeps_its_order_around_what_chance_puts_in():
    given, drawn = explored([0, 1, 2, 3], [7, 8, 9], share=0.5, seed=3)
    assert len(drawn) == 2
    assert drawn <= {7, 8, 9}
    assert [given[0], given[2]] == [0, 1]
    assert {given[1], given[3]} == drawn
    assert explored([0, 1, 2, 3], [9, 8, 7], share=0.5, seed=3) == (given, drawn)


def test_nothing_is_lost_where_there_is_nothing_to_draw():
    assert explored([0, 1, 2], [], share=0.5, seed=1) == ([0, 1, 2], frozenset())
