"""The rows of the For-you page."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Item
from recommender.rails import rails
from recommender.subjects import Subject
from tests.factories import make_item
from tests.recommender.spaces import VISITOR, did, make_space


@pytest.fixture
def ids(db) -> dict[str, int]:
    return make_space(*(f"other{number}" for number in range(9)), of_each=20)


def rows(subject: Subject, **options) -> dict[str, list[str]]:
    return {
        rail.title: [shown.item.external_id for shown in rail.recommendations] for rail in rails(subject, **options)
    }


def test_a_known_subject_has_its_own_rails(ids):
    did(VISITOR, "like", ids["space-0"])
    found = rows(VISITOR, limit=5)
    assert list(found) == ["For you now", "Because you liked space-0", "New for you"]
    assert {name.split("-")[0] for name in found["Because you liked space-0"]} == {"space"}


def test_no_item_stands_in_two_rails(ids):
    did(VISITOR, "like", ids["space-0"], ids["love-0"])
    did(VISITOR, "view", ids["rain-0"])
    shown = [name for row in rows(VISITOR, limit=6).values() for name in row]
    assert len(shown) == len(set(shown)) > 20
    assert not {"space-0", "love-0", "rain-0"} & set(shown)


def test_an_item_only_looked_at_has_no_rail_that_says_it_was_liked(ids):
    did(VISITOR, "view", ids["space-0"])
    assert [rail.because for rail in rails(VISITOR, limit=5) if rail.because] == []


def test_an_item_that_is_no_longer_shown_has_no_rail(ids):
    did(VISITOR, "like", ids["space-0"])
    make_item("space-0", category="Space", published=False)
    assert [rail.because for rail in rails(VISITOR, limit=5) if rail.because] == []


def test_two_items_at_most_have_a_rail(ids):
    did(VISITOR, "like", ids["space-0"], ids["love-0"], ids["rain-0"])
    assert len([rail for rail in rails(VISITOR, limit=4) if rail.because]) == 2


def test_what_is_unlike_an_item_does_not_stand_beside_it(ids):
    did(VISITOR, "like", ids["space-0"])
    Item.objects.exclude(external_id__in=["space-0", "space-1", "love-1"]).update(published=False)
    assert [rail.because for rail in rails(VISITOR, limit=5) if rail.because] == []


@pytest.mark.parametrize("subject", [Subject(), VISITOR])
def test_somebody_unknown_sees_what_is_popular_and_new(ids, subject):
    did(Subject(visitor=UUID(int=99)), "like", ids["rain-1"])
    found = rails(subject, limit=5)
    assert [rail.name for rail in found] == ["popular", "new"]
    assert [shown.item.external_id for shown in found[0].recommendations] == ["rain-1"]
    assert all(shown.reason for rail in found for shown in rail.recommendations)


def test_an_empty_catalogue_has_no_rails(db):
    assert rails(Subject()) == ()


def test_more_items_cost_no_more_queries(ids):
    did(VISITOR, "like", ids["space-0"], ids["love-0"])
    with CaptureQueriesContext(connection) as few:
        rails(VISITOR, limit=4)
    with CaptureQueriesContext(connection) as many:
        rails(VISITOR, limit=10)
    assert len(many) == len(few) <= 30
