"""What every recommendation promises, in a space worked out by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Item
from catalog.search.filters import FilterError
from recommender import profiles
from recommender.models import UserEmbedding
from recommender.past import past_of
from recommender.recommend import recommend
from recommender.subjects import Subject
from tests.factories import add_passages, make_item, make_items
from tests.recommender.spaces import NOW, VISITOR, active, along, did, make_space

NOBODY = Subject()


@pytest.fixture
def ids(db) -> dict[str, int]:
    return make_space()


@pytest.fixture
def user(db) -> Subject:
    return Subject(user_id=User.objects.create_user("ada").pk)


def shown(subject: Subject, **options) -> list[str]:
    return [recommendation.item.external_id for recommendation in recommend(subject, **options)]


@pytest.mark.parametrize("who", ["user", "visitor"])
def test_what_is_like_the_liked_comes_first(ids, user, who):
    subject = user if who == "user" else VISITOR
    did(subject, "like", ids["space-0"], ids["space-1"])
    assert sorted(shown(subject, limit=2, diversity=0)) == ["space-2", "space-3"]


def test_what_is_like_the_disliked_comes_last(ids):
    did(VISITOR, "like", ids["space-0"])
    did(VISITOR, "dislike", ids["rain-0"])
    order = [name.split("-")[0] for name in shown(VISITOR, limit=20, diversity=0)]
    assert order == ["space"] * 3 + ["love"] * 4 + ["rain"] * 3


@pytest.mark.parametrize("kind", ["view", "like", "hide", "dislike", "save"])
def test_what_was_met_is_left_out_whatever_was_done_with_it(ids, kind):
    did(VISITOR, kind, ids["space-0"])
    assert "space-0" not in shown(VISITOR, limit=100)


def test_excluded_items_are_left_out(ids):
    did(VISITOR, "like", ids["space-0"])
    assert "space-1" not in shown(VISITOR, limit=100, exclude=[ids["space-1"]])


def test_a_query_keeps_to_what_is_close_to_it(ids):
    make_items([{"external_id": title, "title": title} for title in ("Storm at sea", "Storm", "Sea")])
    assert shown(NOBODY, limit=100, query="storm sea") == ["Storm at sea"]


def test_a_query_that_nothing_is_close_to_still_has_its_hits(ids):
    make_items([{"external_id": title, "title": title} for title in ("Storm", "Sea", "Wind")])
    assert sorted(shown(NOBODY, limit=100, query="storm sea wind")) == ["Sea", "Storm", "Wind"]


def test_unpublished_items_are_left_out(ids):
    make_item("space-1", category="Space", published=False)
    did(VISITOR, "like", ids["space-0"])
    assert "space-1" not in shown(VISITOR, limit=100)
    assert "space-1" not in shown(NOBODY, limit=100)


@pytest.mark.parametrize("limit", [1, 5, 11, 100])
def test_as_many_come_as_are_asked_for_or_there_are(ids, limit):
    did(VISITOR, "like", ids["space-0"])
    recommended = shown(VISITOR, limit=limit)
    assert len(recommended) == len(set(recommended)) == min(limit, 11)


@pytest.mark.parametrize("subject", [NOBODY, VISITOR])
def test_a_filter_never_underfills(ids, subject):
    did(VISITOR, "like", ids["space-0"])
    assert shown(subject, limit=5, filter='external_id = "rain-3"') == ["rain-3"]
    assert len(shown(subject, limit=20, filter="number >= 2")) == 6


def test_a_filter_that_leaves_more_than_an_exact_scan_takes_is_met_as_well(ids, monkeypatch):
    monkeypatch.setattr("catalog.search.scope.EXACT_UP_TO_ITEMS", 0)
    did(VISITOR, "like", ids["space-0"])
    assert len(shown(VISITOR, limit=20, filter="number >= 2")) == 6


def test_a_category_and_a_filter_hold_together(ids):
    did(VISITOR, "like", ids["space-0"])
    assert sorted(shown(VISITOR, category="Love", filter="number >= 2")) == ["love-2", "love-3"]
    assert shown(VISITOR, category="There is none") == []


def test_a_filter_that_cannot_be_read_is_an_error(ids):
    with pytest.raises(FilterError):
        recommend(NOBODY, filter="password__startswith = a")


def test_somebody_unknown_gets_what_is_popular_then_what_is_new(ids, user):
    did(user, "like", ids["rain-1"])
    did(VISITOR, "like", ids["rain-1"], ids["love-1"])
    first, second, *others = recommend(NOBODY, limit=12)
    assert [first.item.external_id, second.item.external_id] == ["rain-1", "love-1"]
    assert (first.source, first.reason) == ("popular", "Popular with everybody")
    assert {other.source for other in others} == {"new"}


def test_somebody_unknown_gets_what_is_popular_in_a_category(ids):
    did(VISITOR, "like", ids["rain-1"], ids["love-1"])
    assert shown(NOBODY, category="Love", limit=1) == ["love-1"]


def test_a_subject_without_a_history_gets_what_is_popular(ids, user):
    did(VISITOR, "like", ids["rain-1"])
    assert shown(user, limit=1) == ["rain-1"]


def test_every_recommendation_has_reasons_that_sum_to_one(ids):
    did(VISITOR, "like", ids["space-0"], ids["love-0"])
    for recommendation in [*recommend(VISITOR, limit=100), *recommend(NOBODY, limit=100)]:
        assert recommendation.reason
        assert sum(reason.share for reason in recommendation.reasons) == pytest.approx(1)
        assert all(0 < reason.share <= 1 for reason in recommendation.reasons)
        assert 0 <= recommendation.score <= 1


def test_the_reason_is_the_item_that_it_is_like(ids):
    did(VISITOR, "like", ids["space-0"], ids["love-0"])
    found = {recommendation.item.external_id: recommendation for recommendation in recommend(VISITOR, limit=100)}
    assert found["space-1"].reasons[0].item == Item.objects.get(external_id="space-0")
    assert found["love-1"].reasons[0].item == Item.objects.get(external_id="love-0")


def test_reasons_are_left_out_where_nobody_asks(ids):
    assert all(recommendation.reasons == () for recommendation in recommend(VISITOR, explain=False))


def test_a_diverse_list_does_not_repeat_itself(ids):
    did(VISITOR, "like", ids["space-0"], ids["space-1"], ids["love-0"])
    uniform = [name.split("-")[0] for name in shown(VISITOR, limit=2, diversity=0)]
    diverse = [name.split("-")[0] for name in shown(VISITOR, limit=2, diversity=0.8)]
    assert uniform == ["space", "space"]
    assert len(set(diverse)) == 2


def test_equal_scores_always_stand_in_the_same_order(ids):
    did(VISITOR, "like", ids["space-0"])
    assert shown(VISITOR, limit=100) == shown(VISITOR, limit=100)


def test_as_of_a_moment_only_the_history_before_it_counts(ids):
    did(VISITOR, "like", ids["space-0"], days_ago=10)
    before = shown(VISITOR, limit=3, diversity=0, past=past_of(NOW, VISITOR))
    did(VISITOR, "like", *(ids[f"love-{number}"] for number in range(3)), days_ago=-1)
    assert (
        shown(VISITOR, limit=3, diversity=0, past=past_of(NOW, VISITOR)) == before == ["space-1", "space-2", "space-3"]
    )
    assert shown(VISITOR, limit=3, past=past_of(NOW - timedelta(days=20), VISITOR))[0] != "space-1"


def test_an_interest_that_is_not_stored_yet_is_worked_out_on_the_spot(ids):
    did(VISITOR, "like", ids["space-0"])
    stored = shown(VISITOR, limit=11, diversity=0)
    UserEmbedding.objects.all().delete()
    assert shown(VISITOR, limit=11, diversity=0) == stored


def test_an_interest_of_another_version_is_not_mixed_in(ids):
    did(VISITOR, "like", ids["space-0"])
    UserEmbedding.objects.update(version_id=active().pk + 1)
    assert shown(VISITOR, limit=3, diversity=0) == ["space-1", "space-2", "space-3"]


def test_an_item_without_vectors_is_found_as_new(ids):
    make_item("fresh")
    did(VISITOR, "like", ids["space-0"])
    assert "fresh" in shown(VISITOR, limit=100)


def test_without_an_index_there_are_still_recommendations(db):
    make_items([{"external_id": "one"}, {"external_id": "two"}])
    did(VISITOR, "like", Item.objects.get(external_id="one").pk)
    assert shown(VISITOR) == ["two"]
    assert len(shown(NOBODY)) == 2


def test_an_empty_catalogue_recommends_nothing(db):
    assert recommend(NOBODY) == ()


def test_more_items_and_a_longer_history_cost_no_more_queries(ids):
    did(VISITOR, "like", ids["space-0"])
    recommend(VISITOR, limit=2)  # fills the process's caches
    with CaptureQueriesContext(
        connection,
    ) as few:
        recommend(VISITOR, limit=2)
    more = make_items([{"external_id": f"more-{number}"} for number in range(30)])
    add_passages(active(), {pk: [along(5)] for pk in more.values()})
    did(VISITOR, "like", *list(more.values())[:10])
    with CaptureQueriesContext(connection) as many:
        recommend(VISITOR, limit=30)
    assert len(many) == len(few) == 10


def test_somebody_unknown_costs_fewer_queries(ids, django_assert_num_queries):
    profiles.stale_subjects()
    with django_assert_num_queries(6):
        recommend(NOBODY)
