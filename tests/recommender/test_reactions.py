"""The switches on an item."""

from __future__ import annotations

from uuid import UUID

import pytest

from recommender import profiles
from recommender.interactions import NewInteraction, record_interactions
from recommender.models import Interaction
from recommender.reactions import react, reactions_of, saved_items
from recommender.subjects import Subject
from tests.factories import make_item, make_items, make_version
from tests.recommender.spaces import VISITOR

OTHER = Subject(visitor=UUID(int=8))


@pytest.fixture
def ids(db) -> dict[str, int]:
    return make_items([{"external_id": name} for name in ("rain", "snow", "wind")])


def test_a_switch_goes_on_and_off(ids):
    react(VISITOR, ids["rain"], "like", True)
    assert reactions_of(VISITOR) == {ids["rain"]: {"like"}}
    react(VISITOR, ids["rain"], "like", False)
    assert reactions_of(VISITOR) == {}
    assert not Interaction.objects.exists()


def test_switching_on_twice_records_it_once(ids):
    react(VISITOR, ids["rain"], "save", True)
    react(VISITOR, ids["rain"], "save", True)
    assert Interaction.objects.count() == 1


def test_switching_off_deletes_likes_that_came_in_another_way(ids):
    record_interactions(VISITOR, [NewInteraction(item_id=ids["rain"], kind="like", event_id="from a program")])
    react(VISITOR, ids["rain"], "like", False)
    assert not Interaction.objects.exists()


def test_liking_takes_a_dislike_back_and_leaves_the_other_switches(ids):
    react(VISITOR, ids["rain"], "save", True)
    react(VISITOR, ids["rain"], "dislike", True)
    react(VISITOR, ids["rain"], "like", True)
    assert reactions_of(VISITOR) == {ids["rain"]: {"like", "save"}}


def test_looks_and_other_items_stay(ids):
    record_interactions(VISITOR, [NewInteraction(item_id=ids["rain"], kind="view")])
    react(VISITOR, ids["snow"], "like", True)
    react(VISITOR, ids["rain"], "like", False)
    assert reactions_of(VISITOR) == {ids["snow"]: {"like"}}
    assert Interaction.objects.count() == 2


def test_nobody_sees_or_changes_anothers_switches(ids):
    react(VISITOR, ids["rain"], "like", True)
    react(OTHER, ids["rain"], "like", False)
    assert reactions_of(OTHER) == {}
    assert reactions_of(VISITOR) == {ids["rain"]: {"like"}}


def test_only_reactions_are_switches(ids):
    with pytest.raises(ValueError, match="not a reaction"):
        react(VISITOR, ids["rain"], "buy", True)


def test_all_switches_are_one_query_and_none_for_nobody(ids, django_assert_num_queries):
    for item_id in ids.values():
        react(VISITOR, item_id, "hide", True)
    with django_assert_num_queries(1):
        assert len(reactions_of(VISITOR)) == 3
    with django_assert_num_queries(1):
        assert set(reactions_of(VISITOR, among=[ids["rain"]])) == {ids["rain"]}
    with django_assert_num_queries(0):
        assert reactions_of(Subject()) == {}


def test_saved_items_come_the_last_saved_first(ids, django_assert_num_queries):
    for name in ("snow", "rain", "wind"):
        react(VISITOR, ids[name], "save", True)
    make_item("rain", published=False)
    with django_assert_num_queries(1):
        assert [item.external_id for item in saved_items(VISITOR)] == ["wind", "snow"]
    assert [item.external_id for item in saved_items(VISITOR, limit=1)] == ["wind"]
    assert saved_items(OTHER) == saved_items(Subject()) == []


def test_a_switch_makes_the_profile_due(ids):
    make_version()
    react(VISITOR, ids["rain"], "like", True)
    assert profiles.stale_subjects() == [VISITOR]
