"""The API for one's own interests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from recommender.subjects import Subject
from tests.callers import signed_in
from tests.recommender.spaces import did, make_space


@pytest.fixture
def ids(db) -> dict[str, int]:
    return make_space(of_each=6)


@pytest.fixture
def member(ids) -> Client:
    """A member who likes two space items and one love item."""
    user = User.objects.create_user("ada")
    did(Subject(user_id=user.pk), "like", ids["space-0"], ids["space-1"], ids["love-0"])
    return signed_in("ada")


def patch(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.patch(path, json.dumps(body), content_type="application/json")


def interests(client: Client) -> list[dict[str, Any]]:
    return client.get("/api/v1/me/interests").json()["interests"]


def test_interests_are_listed_with_shares_that_sum_to_one(ids, member):
    space, love = interests(member)
    assert (space["name"], space["id"], space["item_count"], space["event_count"]) == ("Space", ids["space-0"], 2, 2)
    assert love["items"][0]["external_id"] == "love-0"
    assert space["share"] + love["share"] == pytest.approx(1)


def test_one_is_muted_and_unmuted(ids, member):
    path = f"/api/v1/me/interests/{ids['space-1']}"
    assert [own["muted"] for own in patch(member, path, {"muted": True}).json()["interests"]] == [True, False]
    assert [own["muted"] for own in patch(member, path, {"muted": False}).json()["interests"]] == [False, False]


def test_one_is_deleted_and_the_receipt_can_be_seen_again_by_its_owner_alone(ids, member):
    receipt = member.delete(f"/api/v1/me/interests/{ids['space-1']}").json()
    assert (receipt["scope"], receipt["interactions"], receipt["embeddings"]) == ("interest", 2, 1)
    assert [own["id"] for own in interests(member)] == [ids["love-0"]]
    path = f"/api/v1/me/receipts/{receipt['id']}"
    assert member.get(path).json() == receipt
    assert member.get("/api/v1/me/receipts").json() == [receipt]
    User.objects.create_user("eve")
    assert signed_in("eve").get(path).status_code == 404
    assert signed_in("eve").get("/api/v1/me/receipts").json() == []


def test_an_outsider_finds_nothing_of_another(ids, member):
    User.objects.create_user("eve")
    outsider, path = signed_in("eve"), f"/api/v1/me/interests/{ids['space-0']}"
    assert interests(outsider) == []
    assert patch(outsider, path, {"muted": True}).status_code == 404
    assert outsider.delete(path).status_code == 404
    assert outsider.get("/api/v1/me/interests?user=ada").status_code == 404
    assert outsider.get("/api/v1/me/export?user=ada").status_code == 404
    assert [own["muted"] for own in interests(member)] == [False, False]


def test_personalisation_is_turned_off_and_on(member):
    off = patch(member, "/api/v1/me/interests", {"personalised": False}).json()
    assert off == {"personalised": False, "interests": []}
    assert patch(member, "/api/v1/me/interests", {"personalised": True}).json()["personalised"]
    assert len(interests(member)) == 2


def test_the_export_is_one_object(member):
    response: Any = member.get("/api/v1/me/export")
    kept = json.loads(b"".join(response.streaming_content))
    assert {event["item"] for event in kept["events"]} == {"space-0", "space-1", "love-0"}
    assert len(kept["interests"]) == 2
