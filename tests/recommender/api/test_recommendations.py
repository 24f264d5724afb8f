"""The API for recommendations."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.settings import api_settings

from recommender.models import Interaction, ShownList
from recommender.serving.lists import buffer
from recommender.subjects import Subject
from tests.callers import problem, signed_in, with_key
from tests.recommender.spaces import VISITOR, VISITOR_ID, did, make_space

PATH = "/api/v1/recommendations"


@pytest.fixture
def ids(db) -> dict[str, int]:
    return make_space()


@pytest.fixture
def ada(ids) -> Client:
    client = signed_in("ada")
    did(Subject(user_id=User.objects.get(username="ada").pk), "like", ids["space-0"])
    return client


def names(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["item"]["external_id"] for row in response.json()["recommendations"]]


def test_a_user_gets_what_is_like_the_liked_and_why(ada, ids):
    response = ada.get(PATH, {"limit": 3, "diversity": 0})
    assert names(response) == ["space-1", "space-2", "space-3"]
    first = response.json()["recommendations"][0]
    assert first["source"] == "taste"
    assert first["reasons"][0]["item"]["id"] == ids["space-0"]
    assert first["reasons"][0]["text"] == "Because you liked space-0"
    assert sum(reason["share"] for reason in first["reasons"]) == pytest.approx(1, abs=1e-3)
    assert response.json()["request_id"] == response["X-Request-ID"]


def test_nobody_known_gets_what_is_popular(ada, client):
    assert names(client.get(PATH, {"limit": 1})) == ["space-0"]
    assert names(with_key("search").get(PATH, {"limit": 1})) == ["space-0"]


def test_every_parameter_counts(ada, ids):
    assert names(ada.get(PATH, {"category": "Love", "filter": "number >= 3"})) == ["love-3"]
    shown = names(ada.get(PATH, {"exclude": f"{ids['space-1']}, {ids['space-2']}", "limit": 100}))
    assert len(shown) == 9
    assert not {"space-1", "space-2"} & set(shown)
    assert all(row["reasons"] == [] for row in ada.get(PATH, {"explain": "false"}).json()["recommendations"])


def test_a_program_asks_for_users_and_visitors(ada, ids):
    did(VISITOR, "like", ids["love-0"])
    program = with_key("write")
    best = f"{PATH}?limit=3&diversity=0"
    assert names(program.get(f"{best}&user=ada")) == ["space-1", "space-2", "space-3"]
    assert names(program.get(f"{best}&visitor={VISITOR_ID}")) == ["love-1", "love-2", "love-3"]
    new = {"limit": "3", "user": "nobody of this name"}
    assert names(program.get(PATH, new)) == names(program.get(PATH, {"limit": 3}))
    assert not User.objects.filter(username=new["user"]).exists()
    told = problem(program.get("/api/v1/history", {"user": new["user"]}), 404, "not_found")
    assert told["detail"] == "No account has this name."
    problem(with_key("search").get(PATH, {"user": "ada"}), 403)


@pytest.mark.parametrize("other", [{"user": "bob"}, {"visitor": str(UUID(int=7))}])
def test_what_another_would_like_is_not_told(ada, other):
    User.objects.create_user("bob")
    problem(ada.get(PATH, other), 404, "not_found")
    problem(signed_in("head", is_staff=True).get(PATH, other), 404, "not_found")
    problem(Client().get(PATH, other), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1e9", "limit"),
        ("limit=-1", "limit"),
        ("diversity=2", "diversity"),
        ("diversity=nan", "diversity"),
        ("exclude=a", "exclude.0"),
        ("exclude=1,-1", "exclude.1"),
        ("exclude=9223372036854775808", "exclude.0"),
        ("exclude=" + ",".join(["1"] * 1_001), "exclude"),
        ("filter=year", "filter"),
        ("filter=password__startswith%20%3D%20a", "filter"),
        ("category=" + "x" * 201, "category"),
        ("visitor=7", "visitor"),
        ("explain=perhaps", "explain"),
        ("limt=3", "limt"),
        ("limit=3&limit=4", "limit"),
    ],
)
def test_parameters_that_are_wrong_are_refused(ids, client, query, field):
    problem(client.get(f"{PATH}?{query}"), 400, None, field)


def test_parameters_that_are_no_text_are_refused(ids, client):
    problem(client.get(f"{PATH}?category=a%00b"), 400, "null_characters_not_allowed")


def test_without_credentials_it_is_closed_where_reading_is_not_open(ids, client, settings):
    settings.ANONYMOUS_API_READ = False
    problem(client.get(PATH), 401)
    assert with_key("search").get(PATH).status_code == 200


def test_nothing_is_written_by_reading(ids, client):
    client.get(PATH)
    assert "visitor" not in client.session
    problem(with_key("admin").post(PATH), 405)


def test_a_list_is_made_again_by_what_its_answer_says(ada, ids):
    first = ada.get(PATH, {"limit": 4, "exploration": 0.5})
    made_by = first.json()["made_by"]
    assert (made_by["not_kept"], made_by["model"], made_by["same"]) == ([], None, None)
    did(Subject(user_id=User.objects.get(username="ada").pk), "like", ids["love-0"])
    Interaction.objects.filter(item_id=ids["love-0"]).update(created_at=timezone.now())
    again = {"limit": 4, "exploration": 0.5, "as_of": made_by["as_of"], "seed": made_by["seed"]}
    assert names(ada.get(PATH, again)) == names(first)
    assert names(ada.get(PATH, {"limit": 4, "exploration": 0.5, "seed": made_by["seed"]})) != names(first)


def test_an_answer_is_made_again_by_its_request_id(ada, ids, settings):
    settings.RECOMMENDATION_LOG = True
    first = ada.get(PATH, {"limit": 4, "scenario": "email"})
    buffer.flush()
    assert ShownList.objects.count() == 1
    again = ada.get(PATH, {"limit": 4, "request_id": first.json()["request_id"]})
    assert (names(again), again.json()["scenario"]) == (names(first), "email")
    assert again.json()["made_by"]["same"] is True
    shorter = ada.get(PATH, {"limit": 3, "request_id": first.json()["request_id"]})
    assert shorter.json()["made_by"]["same"] is False
    buffer.flush()
    assert ShownList.objects.count() == 1
    problem(ada.get(PATH, {"request_id": str(UUID(int=1))}), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("as_of=2999-01-01T00:00:00Z", "as_of"),
        ("as_of=0001-01-01T00:00:00%2B14:00", "as_of"),
        (f"as_of=2026-01-01T00:00:00Z&request_id={UUID(int=1)}", "as_of"),
        ("request_id=7", "request_id"),
        ("items=a", "items.0"),
        ("items=" + ",".join(["1"] * 101), "items"),
    ],
)
def test_moments_and_items_that_cannot_be_are_refused(ids, client, query, field):
    problem(client.get(f"{PATH}?{query}"), 400, None, field)


def test_lists_of_the_past_have_a_limit_of_their_own(ada, ids, monkeypatch):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "past", "2/day")
    past = {"as_of": "2026-01-01T00:00:00Z"}
    assert [ada.get(PATH, past).status_code for _ in range(2)] == [200, 200]
    problem(ada.get(PATH, past), 429, "throttled")
    problem(ada.get(PATH, {"request_id": str(UUID(int=1))}), 429, "throttled")
    assert ada.get(PATH).status_code == 200


def test_a_cart_is_matched_for_somebody_and_for_nobody_known(ada, ids):
    cart = {"scenario": "cart", "items": f"{ids['rain-0']},{ids['rain-1']}", "limit": "2", "diversity": "0"}
    unknown = with_key("search").get(PATH, cart)
    assert names(unknown) == ["rain-2", "rain-3"]
    assert unknown.json()["recommendations"][0]["reasons"][0]["text"] == "Goes with rain-0"
    known = ada.get(PATH, cart | {"limit": "8"})
    assert set(names(known)[:2]) == {"rain-2", "rain-3"}
    assert {"space-1", "space-2"} < set(names(known))
    assert not {"rain-0", "rain-1", "space-0"} & set(names(known))
    assert Interaction.objects.count() == 1
