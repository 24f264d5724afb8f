"""Personalised search: whose taste counts, and what an outsider gets."""

import uuid

import pytest
from django.contrib.auth.models import User

from recommender.subjects import Subject
from tests.callers import problem, signed_in, with_key
from tests.recommender.spaces import along, did, make_space

SEARCH = "/api/v1/search"


@pytest.fixture
def ids(db):
    return make_space()


@pytest.fixture
def ada(ids):
    user = User.objects.create_user("ada")
    did(Subject(user_id=user.pk), "like", ids["space-0"], ids["space-1"])
    return user


def asked(client, **parameters):
    response = client.get(SEARCH, {"q": "space", "personalize": "true", **parameters})
    assert response.status_code == 200, response.content
    return response.json()


def tastes(body):
    return {hit["external_id"].split("-")[0]: hit["explanation"]["taste"] for hit in body["hits"]}


def with_vector(client):
    """Search by vector, because this index version's encoder does not exist."""
    body = {"vector": along(1), "limit": 50, "explain": True, "personalize": True}
    response = client.post(SEARCH, body, content_type="application/json")
    assert response.status_code == 200, response.content
    return response.json()


def test_a_person_searches_with_their_own_taste(ada):
    body = with_vector(signed_in("ada"))
    assert body["personalized"] is True
    assert tastes(body)["space"] > 0 > tastes(body)["rain"]
    assert with_vector(signed_in("bob"))["personalized"] is False


def test_a_program_says_for_whom_it_searches(ada):
    assert asked(with_key("write"), user="ada")["personalized"] is True
    assert asked(with_key("write"))["personalized"] is False
    assert asked(with_key("write"), visitor=str(uuid.uuid4()))["personalized"] is False


def test_nobody_searches_with_the_taste_of_another(ada):
    assert signed_in("bob").get(SEARCH, {"q": "x", "personalize": "true", "user": "ada"}).status_code == 404
    problem(with_key("search").get(SEARCH, {"q": "x", "personalize": "true", "user": "ada"}), 403)
    problem(with_key("write").get(SEARCH, {"q": "x", "personalize": "true", "user": "nobody"}), 404)


def test_two_people_at_once_are_refused(ada):
    answer = with_key("write").get(SEARCH, {"q": "x", "user": "ada", "visitor": str(uuid.uuid4())})
    problem(answer, 400, field="visitor")


def test_the_page_has_a_switch_and_says_so_when_nothing_is_known(ada):
    ada_page = signed_in("ada").get("/search", {"q": "space", "personalize": "1"}).content.decode()
    assert 'aria-pressed="true"' in ada_page
    assert "Your taste is not known yet" not in ada_page
    bob_page = signed_in("bob").get("/search", {"q": "space", "personalize": "1"}).content.decode()
    assert "Your taste is not known yet" in bob_page
