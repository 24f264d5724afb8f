"""What pages and the API log, from the request to the row."""

from __future__ import annotations

from http.cookies import Morsel
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from catalog.querylog.visits import COOKIE
from tests.callers import signed_in, with_key
from tests.factories import make_items

SEARCH, API = "/search", "/api/v1/search"


@pytest.fixture
def items(logged) -> dict[str, int]:
    return make_items([{"external_id": f"robot-{n}", "title": f"Robot {'love ' * n}"} for n in range(1, 4)])


def live(client: Client, text: str, *, before: str = "") -> Any:
    """A request as htmx makes it while somebody types."""
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{SEARCH}?q={before}"}
    return client.get(SEARCH, {"q": text}, headers=headers)


def open_item(client: Client, item_id: int, *, came_from: str = f"http://testserver{SEARCH}?q=robot") -> None:
    assert client.get(f"/items/{item_id}/", headers={"Referer": came_from}).status_code == 200


def test_a_search_of_the_page_is_logged_with_what_it_showed(logged, items, client):
    response = client.get(SEARCH, {"q": "Robot", "semantic_ratio": "0"})
    (intent,) = logged()
    assert (intent.source, intent.text, intent.folded) == ("page", "Robot", "robot")
    assert (intent.total, intent.close_total, intent.filtered, intent.degraded) == (3, 3, False, False)
    assert (intent.semantic_ratio, intent.requests) == (0.0, 1)
    assert sorted(intent.shown) == sorted(items.values())
    assert intent.request_ids == [UUID(response["X-Request-ID"])]
    assert 0 < intent.processing_ms < 60_000


def test_typing_paging_sorting_and_filtering_are_one_intent(logged, items, client):
    for before, text in (("", "rob"), ("rob", "robo"), ("robo", "robot")):
        live(client, text, before=before)
    client.get(SEARCH, {"q": "robot", "page": "2"})
    client.get(SEARCH, {"q": "robot", "sort": "title"})
    client.get(SEARCH, {"q": "robot", "language": "en"})
    (intent,) = logged()
    assert (intent.text, intent.requests, intent.filtered) == ("robot", 6, True)


def test_two_visitors_have_two_intents_and_nothing_says_who_they_are(logged, items):
    for client in (Client(), signed_in("ada"), signed_in("ada")):
        client.get(SEARCH, {"q": "robot"})
    intents = logged()
    assert len({intent.visit for intent in intents}) == 3
    assert len({intent.asker for intent in intents}) == 2
    assert "ada" not in str([vars(intent) for intent in intents])


def test_the_cookie_of_a_visit_is_random_short_lived_and_out_of_reach_of_scripts(logged, items, client):
    cookie: Morsel[str] = client.get(SEARCH, {"q": "robot"}).cookies[COOKIE]
    (intent,) = logged()
    assert cookie.value == intent.visit.hex
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == (1800, True, "Lax")
    assert Client().get(SEARCH).cookies[COOKIE].value != cookie.value


def test_browsing_is_not_logged(logged, items, client):
    client.get(SEARCH)
    client.get(SEARCH, {"q": "  ", "language": "en"})
    assert logged() == []


def test_nothing_is_logged_and_no_cookie_set_once_the_log_is_off(logged, items, client, settings):
    settings.QUERY_LOG = False
    response = client.get(SEARCH, {"q": "robot"})
    with_key("search").get(API, {"q": "robot"})
    assert COOKIE not in response.cookies
    assert logged() == []


def test_a_search_whose_words_were_corrected_is_logged_as_typed(logged, items, client):
    client.get(SEARCH, {"q": "roboot"})
    client.get(SEARCH, {"q": "love"})
    assert {intent.text: intent.corrected for intent in logged()} == {"roboot": True, "love": False}


def test_a_search_that_is_refused_is_not_logged(logged, items, client):
    assert client.get(SEARCH, {"q": "x" * 2_001}).status_code == 400
    assert with_key("search").get(API, {"q": "robot", "filter": "("}).status_code == 400
    assert logged() == []


def test_a_result_that_is_opened_counts_with_its_place(logged, items, client):
    client.get(SEARCH, {"q": "robot"})
    (intent,) = logged()
    open_item(client, intent.shown[1])
    (intent,) = logged()
    assert intent.clicks == [[intent.shown[1], 2]]
    assert intent.best_click == 2


@pytest.mark.parametrize(
    "came_from",
    ["", "http://testserver/saved/", "http://elsewhere.example/search?q=robot", f"http://testserver{SEARCH}?q=whale"],
)
def test_an_item_opened_from_elsewhere_is_no_click(logged, items, client, came_from):
    client.get(SEARCH, {"q": "robot"})
    open_item(client, items["robot-1"], came_from=came_from)
    assert [intent.clicks for intent in logged()] == [[]]


@pytest.mark.parametrize("cookie", ["", "nonsense", "0" * 33, uuid4().hex])
def test_a_forged_visit_is_ignored(logged, items, client, cookie):
    client.get(SEARCH, {"q": "robot"})
    client.cookies[COOKIE] = cookie
    open_item(client, items["robot-1"])
    assert [intent.clicks for intent in logged()] == [[]]
    assert client.get(SEARCH, {"q": "robot"}).status_code == 200


def test_what_a_browser_fetches_ahead_is_no_click(logged, items, client):
    client.get(SEARCH, {"q": "robot"})
    headers = {"Referer": f"http://testserver{SEARCH}?q=robot"}
    client.get(f"/items/{items['robot-1']}/", headers=headers | {"Sec-Purpose": "prefetch"})
    client.head(f"/items/{items['robot-1']}/", headers=headers)
    assert [intent.clicks for intent in logged()] == [[]]


def test_every_search_of_the_api_is_an_intent_unless_it_names_a_visit(logged, items):
    client, visit = with_key("search"), uuid4()
    for text in ("robot", "robot"):
        client.get(API, {"q": text, "semantic_ratio": "0"})
    for text in ("rob", "robot"):
        client.post(API, {"q": text, "visit": str(visit), "filter": 'language = "en"'}, format="json")
    intents = logged()
    assert [(intent.text, intent.requests, intent.visit) for intent in intents] == [
        *[("robot", 1, None)] * 2,
        ("robot", 2, visit),
    ]
    assert [intent.filtered for intent in intents] == [False, False, True]
    assert {intent.source for intent in intents} == {"api"}


def test_a_program_asks_for_one_person_a_visit(logged, items):
    client = with_key("search")
    visits: list[dict[str, str]] = [{}, {}, {"visit": uuid4().hex}, {"visit": uuid4().hex}]
    for named in visits:
        client.get(API, {"q": "robot", **named})
    assert len({intent.asker for intent in logged()}) == 3


def test_a_visit_that_is_no_id_is_refused(logged, items):
    response = with_key("search").get(API, {"q": "robot", "visit": "mine"})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "visit")


def test_a_vector_without_text_is_no_query_to_log(logged, items):
    from tests.factories import make_version

    make_version()
    response = with_key("search").post(API, {"vector": [1, 0, 0]}, format="json")
    assert response.status_code == 200
    assert logged() == []


def test_an_interaction_with_the_request_id_of_a_search_is_a_click(logged, items):
    client = with_key("write")
    found = client.get(API, {"q": "robot"}).json()
    third = found["hits"][2]["id"]
    unknown = [uuid4().hex, "no id at all", ""]
    for item, request_id in [(third, found["request_id"]), *((found["hits"][0]["id"], name) for name in unknown)]:
        event = {"item": item, "kind": "view", "visitor": str(uuid4()), "request_id": request_id}
        assert client.post("/api/v1/interactions", event, format="json").status_code == 201
    (intent,) = logged()
    assert intent.clicks == [[third, 3]]


def test_an_interaction_sent_twice_is_one_click(logged, items):
    client = with_key("write")
    found = client.get(API, {"q": "robot"}).json()
    event = {
        "item": found["hits"][0]["id"],
        "kind": "click",
        "visitor": str(uuid4()),
        "request_id": found["request_id"],
    }
    for _ in range(2):
        client.post("/api/v1/interactions", event, format="json")
    (intent,) = logged()
    assert intent.clicks == [[found["hits"][0]["id"], 1]]
