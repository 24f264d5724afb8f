"""Phrases and exclusion in the API."""

import pytest

from tests.callers import with_key
from tests.factories import make_items

pytestmark = pytest.mark.django_db
SEARCH = "/api/v1/search"


@pytest.fixture
def items():
    return make_items(
        [
            {"external_id": "phrase", "title": "Iron heart", "body": "A robot."},
            {"external_id": "apart", "title": "A heart of iron", "body": "A robot at war."},
        ]
    )


def test_the_answer_tells_what_every_hit_holds_and_what_none_does(items):
    found = with_key("search").get(SEARCH, {"q": 'robot "Iron heart" -war', "semantic_ratio": "0"}).json()
    assert [hit["external_id"] for hit in found["hits"]] == ["phrase"]
    assert (found["query"], found["phrases"], found["excluded"]) == ('robot "Iron heart" -war', ["Iron heart"], ["war"])
    assert found["total"] == found["close_total"] == 1


def test_texts_can_be_searched_with_as_they_are(items):
    parameters = {"q": 'robot "Iron heart" -war', "semantic_ratio": "0", "operators": "false"}
    found = with_key("search").get(SEARCH, parameters).json()
    assert {hit["external_id"] for hit in found["hits"]} == {"phrase", "apart"}
    assert (found["phrases"], found["excluded"]) == ([], [])
