"""From a history to a vector, with figures worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pytest

from recommender.interests import MAX_SOURCES, Event, Interest, Kind, decay, interest_of, item_weights, usual_rating

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = {
    "like": Kind(weight=4, half_life_days=30),
    "view": Kind(weight=0.5, half_life_days=10),
    "hide": Kind(weight=-3, half_life_days=30),
    "rating": Kind(weight=2, half_life_days=30),
}
A_PLACE = 0.5 ** (1 / 20)


def event(item_id: int, kind: str = "like", *, days_ago: float = 0, value: float | None = None) -> Event:
    return Event(item_id=item_id, kind=kind, value=value, occurred_at=NOW - timedelta(days=days_ago))


@pytest.mark.parametrize(("days", "left"), [(0, 1.0), (30, 0.5), (60, 0.25), (15, 0.70710678), (-5, 1.0)])
def test_half_is_left_after_a_half_life(days, left):
    assert decay(timedelta(days=days), 30) == pytest.approx(left)


def test_a_single_event_counts_by_its_kind():
    assert item_weights([event(1, "like")], KINDS) == {1: 4}
    assert item_weights([event(1, "view")], KINDS) == {1: 0.5}
    assert item_weights([event(1, "hide")], KINDS) == {1: -3}


def test_age_is_counted_from_the_newest_event():
    weights = item_weights([event(1, days_ago=100), event(2, days_ago=130)], KINDS)
    assert weights == {1: pytest.approx(4), 2: pytest.approx(4 * 0.5 * A_PLACE)}


def test_each_kind_fades_by_its_own_half_life():
    weights = item_weights([event(1), event(2, "view", days_ago=10)], KINDS)
    assert weights[2] == pytest.approx(0.5 * 0.5 * A_PLACE)


def test_events_with_the_same_item_add_up():
    assert item_weights([event(1, "like"), event(1, "view")], KINDS) == {1: pytest.approx(4.5)}
    assert item_weights([event(1, "like"), event(1, "hide")], KINDS) == {1: pytest.approx(1)}


def test_an_item_twenty_items_ago_counts_half():
    newest_first = [event(number, days_ago=number / 1e9) for number in range(21)]
    assert item_weights(newest_first, KINDS)[20] == pytest.approx(2, rel=1e-6)


def test_the_order_of_the_events_given_does_not_matter():
    events = [event(number, days_ago=number) for number in range(5)]
    assert item_weights(events, KINDS) == item_weights(events[::-1], KINDS)


def test_the_usual_rating_is_drawn_to_the_middle_while_there_are_few():
    assert usual_rating([]) == 3
    assert usual_rating([5]) == pytest.approx((5 + 5 * 3) / 6)
    assert usual_rating([4] * 1000) == pytest.approx(4, abs=0.01)


def test_a_rating_counts_by_how_far_it_lies_from_the_usual_one():
    # Usual: (5 + 1 + 5 * 3) / 7 = 3. A rated item was chosen, which counts half a star in its favour.
    weights = item_weights([event(1, "rating", value=5), event(2, "rating", value=1, days_ago=30)], KINDS)
    assert weights[1] == pytest.approx(2 * 2.5)
    assert weights[2] == pytest.approx(2 * -1.5 * 0.5 * A_PLACE)


def test_no_events_have_no_weights():
    assert item_weights([], KINDS) == {}


def test_an_interest_is_the_normalised_sum_of_weighted_vectors():
    interest = interest_of({1: 3.0, 2: 4.0}, {1: np.array([1, 0], np.float32), 2: np.array([0, 1], np.float32)})
    assert interest is not None
    np.testing.assert_allclose(interest.vector, [0.6, 0.8], rtol=1e-6)
    assert interest.sources == {1: pytest.approx(0.6), 2: pytest.approx(0.8)}


def test_what_was_hidden_pushes_away():
    vectors = {1: np.array([1, 0], np.float32), 2: np.array([0, 1], np.float32)}
    interest = interest_of({1: 1.0, 2: -1.0}, vectors)
    assert interest is not None
    np.testing.assert_allclose(interest.vector, [0.70710678, -0.70710678], rtol=1e-6)


def test_items_without_a_vector_are_passed_over():
    interest = interest_of({1: 1.0, 2: 9.0}, {1: np.array([0, 2], np.float32)})
    assert interest is not None
    np.testing.assert_allclose(interest.vector, [0, 1])
    assert interest.sources == {1: pytest.approx(0.5)}


@pytest.mark.parametrize("weights", [{}, {3: 1.0}, {1: 0.0}, {1: 1.0, 2: -1.0}])
def test_nothing_left_is_no_interest(weights):
    same = np.array([1, 0], np.float32)
    assert interest_of(weights, {1: same, 2: same}) is None


def test_the_strongest_items_come_first_whichever_way_they_pull():
    numbers = count(1)
    sources = {next(numbers): weight for weight in (0.1, -0.9, 0.5)}
    assert Interest(vector=np.zeros(2, np.float32), sources=sources).strongest() == [2, 3, 1]
    many = Interest(vector=np.zeros(2, np.float32), sources=dict.fromkeys(range(500), 1.0))
    assert many.strongest() == list(range(MAX_SOURCES))
