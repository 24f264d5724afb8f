"""The API for interactions and histories."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.http.authentication import create_key
from catalog.models import Item
from recommender.interactions import NewInteraction, record_interactions
from recommender.models import Interaction
from recommender.subjects import Subject
from tests.callers import problem, signed_in, with_key
from tests.factories import make_item, make_items

PATH = "/api/v1/interactions"
OWN = ["/api/v1/history", "/api/v1/history/export"]
JSON = "application/json"
VISITOR = UUID(int=7)


@pytest.fixture
def item(db) -> Item:
    return make_item("rain", "Rain")


@pytest.fixture
def ada(item) -> Client:
    return signed_in("ada")


@pytest.fixture
def program(item) -> Client:
    return with_key("write")


def post(client, body: object, **headers: str):
    return client.post(PATH, json.dumps(body), content_type=JSON, **headers)


def subject(username: str = "ada") -> Subject:
    return Subject(user_id=User.objects.get(username=username).pk)


def test_a_user_records_an_event(ada, item):
    response = post(ada, {"item": "rain", "kind": "like", "event_id": "one", "request_id": "shown"})
    assert response.status_code == 201
    assert response.json() == {"recorded": 1, "known": 0, "refused": []}
    found = Interaction.objects.get()
    assert (found.subject, found.item, found.kind_id) == (subject(), item, "like")
    assert (found.event_id, found.request_id) == ("one", "shown")


def test_an_item_is_named_by_its_id_as_well(ada, item):
    assert post(ada, {"item": item.pk, "kind": "view"}).status_code == 201


def test_an_item_is_named_by_any_external_id_that_it_can_have(ada):
    for external_id in ("a\u00a0b", "\U0001f468\u200d\U0001f680", "../etc", "a\nb"):
        make_item(external_id, "Odd")
        assert post(ada, {"item": external_id, "kind": "view"}).status_code == 201


def test_a_program_that_names_nobody_is_told_whom_it_may_name(program):
    refused = post(program, [{"item": "rain", "kind": "view"}]).json()["refused"]
    assert [(row["field"], row["reason"]) for row in refused] == [("user", "Name a user or a visitor.")]


def test_a_programs_new_users_get_accounts_that_nobody_can_sign_in_to(program):
    rows = [
        {"item": "rain", "kind": "like", "user": "customer 17"},
        {"item": "rain", "kind": "view", "user": "customer 17"},
        {"item": "gone", "kind": "like", "user": "customer 18"},
        {"item": "rain", "kind": "?", "user": "customer 19"},
        {"item": "rain", "kind": "like", "user": "customer\t20"},
    ]
    body = post(program, rows).json()
    assert (body["recorded"], [row["field"] for row in body["refused"]]) == (2, ["item", "kind", "user"])
    account = User.objects.get(username__startswith="customer")
    assert (account.username, account.has_usable_password()) == ("customer 17", False)
    assert {event.user_id for event in Interaction.objects.all()} == {account.pk}


def test_a_repeat_is_known(ada):
    event = {"item": "rain", "kind": "rating", "value": 4.5, "event_id": "one"}
    assert post(ada, event).status_code == 201
    response = post(ada, event)
    assert (response.status_code, response.json()) == (200, {"recorded": 0, "known": 1, "refused": []})
    assert Interaction.objects.get().value == 4.5


def test_an_anonymous_visitor_records_from_the_first_event_on(item, client):
    assert post(client, {"item": "rain", "kind": "like"}).status_code == 201
    assert post(client, {"item": "rain", "kind": "save"}).status_code == 201
    assert set(Interaction.objects.values_list("visitor", flat=True)) == {UUID(client.session["visitor"])}
    assert len(client.get("/api/v1/history").json()["results"]) == 2


def test_a_refused_event_starts_no_session(item, client):
    problem(post(client, {"item": "rain", "kind": "?"}), 400, "unknown_kind", "kind")
    assert "visitor" not in client.session


@pytest.mark.parametrize("who", ["nobody", "ada"])
def test_a_write_by_session_needs_the_token(item, who):
    client = signed_in("ada", enforce_csrf_checks=True) if who == "ada" else Client(enforce_csrf_checks=True)
    assert post(client, {"item": "rain", "kind": "like"}).status_code == 403
    assert client.delete("/api/v1/history").status_code == 403
    assert not Interaction.objects.exists()


def test_a_batch_keeps_the_good_rows_and_reports_the_bad(ada):
    rows = [
        {"item": "rain", "kind": "like"},
        {"item": "gone", "kind": "like"},
        {"item": "rain", "kind": "?"},
        {"item": "rain", "kind": "rating"},
        {"item": "rain", "kind": "view", "stars": 3},
        "text",
        {"item": "rain", "kind": "view"},
    ]
    response = post(ada, rows)
    assert response.status_code == 201
    body = response.json()
    assert (body["recorded"], body["known"]) == (2, 0)
    assert [(row["index"], row["field"]) for row in body["refused"]] == [
        (1, "item"),
        (2, "kind"),
        (3, "value"),
        (4, "stars"),
        (5, ""),
    ]


def test_a_batch_has_a_fixed_number_of_queries(ada, django_assert_max_num_queries):
    make_items([{"external_id": f"item-{number}"} for number in range(200)])
    with django_assert_max_num_queries(12):
        response = post(ada, [{"item": f"item-{number}", "kind": "like"} for number in range(200)])
    assert response.json()["recorded"] == 200


@pytest.mark.parametrize("rows", [[], [{"item": "rain", "kind": "like"}] * 1_001])
def test_a_batch_has_bounds(ada, rows):
    problem(post(ada, rows), 400, "batch_size")


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"item": None}, "item", "null"),
        ({"item": True}, "item", "invalid"),
        ({"item": 0}, "item", "invalid"),
        ({"item": 2**63}, "item", "invalid"),
        ({"item": ""}, "item", "invalid"),
        ({"item": "a\0b"}, "item", "invalid"),
        ({"item": "\ud800"}, "item", "invalid"),
        ({"item": {"id": 1}}, "item", "invalid"),
        ({"item": "gone"}, "item", "not_found"),
        ({"kind": "unheard of"}, "kind", "unknown_kind"),
        ({"kind": ["like"]}, "kind", "invalid"),
        ({"kind": "rating"}, "value", "required"),
        ({"kind": "rating", "value": "five"}, "value", "invalid"),
        ({"kind": "rating", "value": 1e9}, "value", "max_value"),
        ({"value": 3}, "value", "unexpected"),
        ({"occurred_at": "yesterday"}, "occurred_at", "invalid"),
        ({"occurred_at": (datetime.now(UTC) + timedelta(days=3)).isoformat()}, "occurred_at", "in_the_future"),
        ({"event_id": "x" * 65}, "event_id", "max_length"),
        ({"event_id": "a\0b"}, "event_id", "null_characters_not_allowed"),
        ({"request_id": "\ud800"}, "request_id", "surrogate_characters_not_allowed"),
        ({"weight": 9}, "weight", "unknown_parameter"),
    ],
)
def test_an_event_that_is_wrong_is_refused_with_its_field(ada, change, field, code):
    problem(post(ada, {"item": "rain", "kind": "like"} | change), 400, code, field)
    assert not Interaction.objects.exists()


@pytest.mark.parametrize("body", [b"{", b'{"item": NaN}', b"\xff", b"[" * 10_000, b'"text"', b"3", b""])
def test_a_body_that_is_no_event_is_refused(ada, body):
    problem(ada.post(PATH, body, content_type=JSON), 400)


def test_another_content_type_is_refused(ada):
    problem(ada.post(PATH, "item=rain", content_type="text/plain"), 415)


def test_unpublished_items_are_not_there(ada):
    make_item("secret", published=False)
    problem(post(ada, {"item": "secret", "kind": "like"}), 400, "not_found", "item")


def test_a_program_records_for_users_and_visitors(program):
    User.objects.create_user("ada")
    rows = [
        {"item": "rain", "kind": "like", "user": "ada"},
        {"item": "rain", "kind": "like", "visitor": str(VISITOR)},
        {"item": "rain", "kind": "like"},
        {"item": "rain", "kind": "like", "user": "ada", "visitor": str(VISITOR)},
    ]
    body = post(program, rows).json()
    assert (body["recorded"], [row["index"] for row in body["refused"]]) == (2, [2, 3])
    assert {found.subject for found in Interaction.objects.all()} == {subject(), Subject(visitor=VISITOR)}


def test_a_program_with_a_lesser_key_may_not_record(item):
    problem(post(with_key("search"), {"item": "rain", "kind": "like", "visitor": str(VISITOR)}), 403)


def test_a_programs_cookies_are_not_looked_at(item):
    client = signed_in("ada")
    _, key = create_key(name="program", scope="write")
    response = post(client, {"item": "rain", "kind": "like"}, HTTP_AUTHORIZATION=f"Bearer {key}")
    problem(response, 400, "not_found", "user")


@pytest.mark.parametrize("other", [{"user": "bob"}, {"user": "nobody of this name"}, {"visitor": str(VISITOR)}])
def test_nobody_records_for_another(ada, other):
    User.objects.create_user("bob")
    problem(post(ada, {"item": "rain", "kind": "like"} | other), 404, "not_found")
    assert not Interaction.objects.exists()


def test_one_may_name_oneself(ada):
    assert post(ada, {"item": "rain", "kind": "like", "user": "ada"}).status_code == 201
    assert ada.get("/api/v1/history?user=ada").status_code == 200


def test_without_credentials_nothing_is_recorded_where_reading_is_not_open(item, client, settings):
    settings.ANONYMOUS_API_READ = False
    problem(post(client, {"item": "rain", "kind": "like"}), 401)


def test_a_history_comes_newest_first_in_pages(ada, item):
    record_interactions(subject(), [NewInteraction(item_id=item.pk, kind="like") for _ in range(5)])
    first = ada.get("/api/v1/history?limit=3").json()
    rest = ada.get("/api/v1/history", {"limit": 3, "cursor": first["next"]}).json()
    ids = [row["id"] for row in first["results"] + rest["results"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), rest["next"]) == (5, None)
    assert first["results"][0]["title"] == "Rain"


@pytest.mark.parametrize("path", OWN)
@pytest.mark.parametrize("other", ["user=bob", f"visitor={VISITOR}"])
def test_anothers_history_is_not_there(ada, item, path, other):
    bob = Subject(user_id=User.objects.create_user("bob").pk)
    for whose in (bob, Subject(visitor=VISITOR)):
        record_interactions(whose, [NewInteraction(item_id=item.pk, kind="like")])
    problem(ada.get(f"{path}?{other}"), 404, "not_found")
    problem(signed_in("head", is_staff=True).get(f"{path}?{other}"), 404, "not_found")
    problem(Client().get(f"{path}?{other}"), 404, "not_found")
    problem(with_key("search").get(f"{path}?{other}"), 403)
    assert "Rain" in b"".join(with_key("write").get(f"{path}?{other}")).decode()


def test_somebody_without_a_history_sees_an_empty_one(ada, client):
    assert ada.get("/api/v1/history").json() == {"results": [], "next": None}
    assert client.get("/api/v1/history").json() == {"results": [], "next": None}
    assert b"".join(client.get("/api/v1/history/export")) == b""


def test_an_export_is_one_line_of_json_for_each_event(ada, item):
    record_interactions(subject(), [NewInteraction(item_id=item.pk, kind="like") for _ in range(2)])
    response = ada.get("/api/v1/history/export")
    rows = [json.loads(line) for line in b"".join(response).decode().splitlines()]
    assert [row["item"] for row in rows] == ["rain", "rain"]
    assert "attachment" in response["Content-Disposition"]


def test_a_history_is_deleted_with_a_receipt(ada, item, client):
    post(ada, {"item": "rain", "kind": "like"})
    post(client, {"item": "rain", "kind": "like"})
    response = ada.delete("/api/v1/history")
    assert (response.status_code, response.json()["interactions"]) == (200, 1)
    assert ada.get("/api/v1/history").json()["results"] == []
    assert len(client.get("/api/v1/history").json()["results"]) == 1


def test_a_program_deletes_nobodys_history(program, client):
    post(client, {"item": "rain", "kind": "like"})
    assert program.delete("/api/v1/history").json()["interactions"] == 0
    assert Interaction.objects.count() == 1


def test_one_event_is_deleted_by_its_owner_alone(ada, program, client):
    post(ada, {"item": "rain", "kind": "like"})
    path = f"{PATH}/{Interaction.objects.get().pk}"
    for outsider in (client, signed_in("bob"), signed_in("head", is_staff=True), program):
        problem(outsider.delete(path), 404, "not_found")
    assert ada.delete(path).status_code == 204
    problem(ada.delete(path), 404, "not_found")


@pytest.mark.parametrize("query", ["limit=0", "limit=1e9", "limit=x", "cursor=forged", "visitor=7", "page=2"])
def test_parameters_that_are_wrong_are_refused(ada, query):
    problem(ada.get(f"/api/v1/history?{query}"), 400, None, query.split("=")[0])
