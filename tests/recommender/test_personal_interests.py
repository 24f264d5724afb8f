"""The several interests of one person, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.interests import Interest, interest_of, sum_of
from recommender.personal_interests import PersonalInterest, interests_of, names_of

X, Y = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
NEAR_X = np.array([0.8, 0.6], np.float32)


def test_liked_items_fall_into_interests_with_shares_that_sum_to_one():
    found = interests_of({1: 3.0, 2: 2.0, 3: 1.0, 4: 2.0}, {1: X, 2: X, 3: NEAR_X, 4: Y})
    assert [set(own.interest.sources) for own in found] == [{1, 2, 3}, {4}]
    assert [own.share for own in found] == pytest.approx([6 / 8, 2 / 8])
    assert [own.medoid for own in found] == [1, 4]


def test_what_somebody_turns_away_from_stands_apart_and_has_no_share():
    liked, aversion = interests_of({1: 2.0, 2: -1.0}, {1: X, 2: Y})
    assert liked.share == 1
    assert (aversion.is_aversion, aversion.share, aversion.medoid) == (True, 0, None)
    assert aversion.interest.vector == pytest.approx([0, -1])


def test_the_sum_of_all_interests_is_the_taste_as_a_whole():
    weights = {1: 3.0, 2: -2.0, 3: 1.0, 4: 2.0}
    vectors = {1: X, 2: X, 3: NEAR_X, 4: Y}
    whole = interest_of(weights, vectors)
    summed = sum_of(own.interest for own in interests_of(weights, vectors))
    assert whole is not None and summed is not None
    assert summed.vector == pytest.approx(whole.vector, abs=1e-6)
    assert summed.sources == pytest.approx(whole.sources)
    assert summed.length == pytest.approx(whole.length)


def test_a_long_history_is_grouped_by_its_weightiest_items_and_the_rest_joins(monkeypatch):
    monkeypatch.setattr("recommender.personal_interests.MAX_SOURCES", 2)
    found = interests_of({1: 3.0, 2: 2.0, 3: 1.0}, {1: X, 2: Y, 3: NEAR_X})
    assert [set(own.interest.sources) for own in found] == [{1, 3}, {2}]


def test_nothing_liked_is_no_interest():
    assert interests_of({}, {}) == []
    assert interests_of({1: 2.0}, {}) == []
    assert sum_of([]) is None


def interest(share: float, medoid: int | None, **weights: float) -> PersonalInterest:
    sources = {int(name[1:]): weight for name, weight in weights.items()}
    return PersonalInterest(interest=Interest(vector=X, sources=sources), share=share, medoid=medoid)


TITLES = {1: "Alien", 2: "Solaris", 3: "Notting Hill"}


def test_an_interest_is_named_by_the_tags_that_tell_it_from_the_others():
    interests = [interest(0.6, 1, i1=1.0, i2=1.0), interest(0.4, 3, i3=1.0, i4=1.0)]
    tags = {
        1: frozenset({"Space", "Drama"}),
        2: frozenset({"Space", "Drama"}),
        3: frozenset({"Love", "Drama"}),
        4: frozenset({"Love", "Drama"}),
    }
    assert names_of(interests, tags=tags, titles=TITLES) == ["Space", "Love"]


def test_what_few_of_its_items_bear_does_not_name_it():
    tags = {1: frozenset({"Space"}), 2: frozenset({"Slow"}), 5: frozenset({"Slow"})}
    (name,) = names_of([interest(1.0, 1, i1=1.0, i2=1.0, i5=1.0)], tags=tags, titles=TITLES)
    assert name == "Slow"


def test_a_tag_of_one_item_does_not_name_an_interest_however_much_that_weighs():
    tags = {1: frozenset({"Jim Carrey"})}
    (name,) = names_of([interest(1.0, 1, i1=5.0, i2=1.0)], tags=tags, titles=TITLES)
    assert name == "Alien"


def test_without_a_common_tag_its_medoid_names_it_and_an_aversion_has_no_name():
    interests = [interest(0.5, 1, i1=1.0), interest(0.0, None, i2=-1.0)]
    assert names_of(interests, tags={1: frozenset({"Space"})}, titles=TITLES) == ["Alien", ""]


def test_a_tag_that_all_interests_bear_names_none_of_them():
    tags = dict.fromkeys((1, 2, 3, 4), frozenset({"Drama"}))
    interests = [interest(0.6, 1, i1=1.0, i2=1.0), interest(0.4, 3, i3=1.0, i4=1.0)]
    assert names_of(interests, tags=tags, titles=TITLES) == ["Alien", "Notting Hill"]
