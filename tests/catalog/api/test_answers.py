"""Answers over the API, as a whole and as events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from catalog.http.events import guarded
from tests.catalog.answers.conftest import chat_server, items
from tests.catalog.api.posting import post
from tests.chat_server import failing, streamed

__all__ = ["chat_server", "items"]
PATH = "/api/v1/answers"
QUESTION = "What does the robot do?"
GOOD = ("A robot learns to love [1]. ", "Another falls into the sea [2].")

pytestmark = pytest.mark.usefixtures("items")


def events(response: Any) -> list[tuple[str, Any]]:
    """The events of a streaming response."""
    text = b"".join(response.streaming_content).decode()
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_an_extractive_answer_names_items_passages_and_quotes():
    response = post(Client(), {"q": QUESTION}, PATH)
    body = response.json()
    assert (response.status_code, body["kind"], body["note"]) == (200, "extractive", "")
    assert body["request_id"] == response["X-Request-ID"]
    assert body["degraded"] is True
    assert body["question"] == QUESTION
    assert body["answer"]
    for citation in body["citations"]:
        assert f"[{citation['marker']}]" in body["answer"]
        assert citation["url"] == f"/items/{citation['id']}/"
        for quote in citation["quotes"]:
            assert citation["passage"][quote["start"] : quote["end"]] in body["answer"]
    assert {passage["external_id"] for passage in body["passages"]} == {"love", "war"}


def test_nothing_close_is_an_empty_answer_that_says_so():
    body = post(Client(), {"q": "zebra"}, PATH).json()
    assert (body["answer"], body["sentences"], body["citations"], body["passages"]) == ("", [], [], [])
    assert body["note"] == "Nothing in the catalogue is close to this question."


def test_a_question_is_answered_as_typed_on_request():
    assert post(Client(), {"q": "robbot"}, PATH).json()["passages"]
    assert post(Client(), {"q": "robbot", "correct": False}, PATH).json()["passages"] == []


def test_a_filter_and_the_number_of_passages_hold():
    body = post(Client(), {"q": QUESTION, "filter": 'external_id = "war"', "passages": 1}, PATH).json()
    assert [passage["external_id"] for passage in body["passages"]] == ["war"]


def test_a_generated_answer(chat_server):
    chat_server(streamed(*GOOD, " Nobody knows this."))
    body = post(Client(), {"q": QUESTION}, PATH).json()
    assert (body["kind"], body["dropped_sentences"]) == ("generated", 1)
    assert body["sentences"] == [
        {"text": "A robot learns to love.", "markers": [1]},
        {"text": "Another falls into the sea.", "markers": [2]},
    ]
    assert [citation["marker"] for citation in body["citations"]] == [1, 2]
    assert post(Client(), {"q": QUESTION, "generate": False}, PATH).json()["kind"] == "extractive"


@pytest.mark.parametrize(("body", "accept"), [({"stream": True}, "*/*"), ({}, "text/event-stream")])
def test_an_answer_comes_as_events(chat_server, body, accept):
    chat_server(streamed(*GOOD))
    response = Client().post(
        PATH, json.dumps({"q": QUESTION, **body}), content_type="application/json", headers={"Accept": accept}
    )
    assert response["Content-Type"] == "text/event-stream"
    assert (response["Cache-Control"], response["X-Accel-Buffering"]) == ("no-store", "no")
    found = events(response)
    assert [name for name, _ in found] == ["sentence", "sentence", "answer"]
    assert found[0][1] == {"text": "A robot learns to love.", "markers": [1]}
    assert found[-1][1]["answer"] == "A robot learns to love. [1] Another falls into the sea. [2]"


def test_what_was_said_is_taken_back_in_an_event(chat_server):
    chat_server(streamed(GOOD[0], "And", done=False))
    found = events(post(Client(), {"q": QUESTION, "stream": True}, PATH))
    names = [name for name, _ in found]
    assert names[:2] == ["sentence", "taken_back"]
    assert names[-1] == "answer"
    assert found[-1][1]["kind"] == "extractive"
    assert "stopped in mid-answer" in found[-1][1]["note"]


def test_a_failing_model_shows_in_the_note_alone(chat_server):
    chat_server(failing(401))
    response = post(Client(), {"q": QUESTION}, PATH)
    assert response.status_code == 200
    assert "refused the key" in response.json()["note"]
    assert "sk-secret" not in response.content.decode()


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "q"),
        ({"q": ""}, "q"),
        ({"q": "  "}, "q"),
        ({"q": "x" * 2_001}, "q"),
        ({"q": "a\u0000b"}, "q"),
        ({"q": "a", "filter": "year >"}, "filter"),
        ({"q": "a", "passages": 0}, "passages"),
        ({"q": "a", "passages": 13}, "passages"),
        ({"q": "a", "stream": "perhaps"}, "stream"),
        ({"q": "a", "version": 999}, "version"),
        ({"q": "a", "model": "gpt"}, "model"),
    ],
)
def test_bad_input_is_a_problem_that_names_the_field(body, field, accept):
    response = Client().post(PATH, json.dumps(body), content_type="application/json", headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert response.json()["errors"][0]["field"] == field


def test_answers_have_a_limit_of_their_own(settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"answers": "2/d"}
    }
    client = Client(REMOTE_ADDR="203.0.113.9")
    statuses = [post(client, {"q": QUESTION}, PATH).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    page = client.get("/answers", {"q": QUESTION})
    assert (page.status_code, int(page["Retry-After"]) > 0) == (429, True)
    assert client.get("/api/v1/search", {"q": "a"}).status_code == 200


def test_a_database_that_goes_away_in_the_middle_is_told_in_an_event():
    def broken():
        yield "sentence", {}
        raise OperationalError("gone")

    def wrong():
        yield "sentence", {}
        raise KeyError("secret")

    assert [(name, data.get("status")) for name, data in guarded(broken())] == [("sentence", None), ("problem", 503)]
    name, data = list(guarded(wrong()))[-1]
    assert (name, data["status"]) == ("problem", 500)
    assert "secret" not in json.dumps(data)
