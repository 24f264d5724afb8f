"""The answer page and the answer panel on the search page, without JavaScript."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from catalog.views.answers import answer_panel
from catalog.views.parameters import Asked
from tests.catalog.answers.conftest import chat_server, items
from tests.chat_server import streamed
from tests.factories import make_item

__all__ = ["chat_server", "items"]
QUESTION = "What does the robot do?"


@pytest.mark.parametrize(
    ("text", "typing", "fills_itself"),
    [
        ("what does the robot do", False, True),
        ("What does the robot do", True, False),
        ("What does the robot do?", True, True),
        ("robots alone in space", False, False),
        ("robots alone in space?", False, True),
        ("wer liebt den Roboter", False, True),
        ("whatever works for robots", False, False),
        ("is it war", False, True),
    ],
)
def test_the_panel_fills_itself_for_questions(text: str, typing: bool, fills_itself: bool):
    panel = answer_panel(Asked(text=text), typing=typing)
    assert panel is not None
    assert panel.fills_itself is fills_itself


@pytest.mark.parametrize("text", ["", "robot", "robot love", "why?"])
def test_short_searches_have_no_panel(text: str):
    assert answer_panel(Asked(text=text), typing=False) is None


def test_the_panel_leads_to_the_answer_with_the_filters_in_force():
    panel = answer_panel(Asked(text="what is it about", chosen={"category": ("Drama",)}, page=3), typing=False)
    assert panel is not None
    assert panel.address == "/answers?q=what+is+it+about&category=Drama"


@pytest.mark.usefixtures("items")
def test_the_search_page_offers_the_answer_by_a_link():
    html = Client().get("/search", {"q": QUESTION}).content.decode()
    assert 'href="/answers?q=What+does+the+robot+do%3F"' in html
    assert "data-fill" in html
    assert "answer__offer" not in Client().get("/search", {"q": "zebra in the zoo"}).content.decode()


@pytest.mark.usefixtures("items")
def test_the_page_shows_sentences_passages_and_where_they_come_from():
    response = Client().get("/answers", {"q": QUESTION})
    html = response.content.decode()
    assert response.status_code == 200
    assert '<h1 class="answer-page__question">What does the robot do?</h1>' in html
    assert "Quoted word for word from the catalogue." in html
    assert '<span class="closest">A robot learns to love.</span>' in html
    assert 'href="/search?q=What+does+the+robot+do%3F">All results</a>' in html
    assert "Accept" in response["Vary"]


@pytest.mark.usefixtures("items")
def test_the_page_says_when_nothing_is_close():
    html = Client().get("/answers", {"q": "zebra quagga okapi"}).content.decode()
    assert "Nothing in the catalogue is close to this question." in html
    assert "word for word" not in html


@pytest.mark.usefixtures("items")
def test_words_are_left_as_typed_on_request():
    nothing = "Nothing in the catalogue is close to this question."
    assert nothing not in Client().get("/answers", {"q": "robbot"}).content.decode()
    assert nothing in Client().get("/answers", {"q": "robbot", "correct": "0"}).content.decode()


@pytest.mark.django_db
def test_without_a_question_the_page_leads_to_the_search():
    response = Client().get("/answers")
    assert (response.status_code, response["Location"]) == (302, "/search")


@pytest.mark.django_db
def test_a_question_too_long_is_a_page_that_says_so():
    response = Client().get("/answers", {"q": "x" * 2_001})
    assert response.status_code == 400
    assert "at most 2,000 characters" in response.content.decode()


@pytest.mark.usefixtures("items")
def test_events_of_the_panel_are_html_that_is_escaped(chat_server):
    make_item("evil", "<b>Robot</b>", body="The <script>alert(1)</script> robot does it.")
    chat_server(streamed("<img src=x onerror=alert(1)> robot [1][2][3]. See [it](http://evil.example) [2]."))
    response: Any = Client().get("/answers", {"q": QUESTION}, headers={"Accept": "text/event-stream"})
    text = b"".join(response.streaming_content).decode()
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    assert [name for name, _ in blocks] == ["event: sentence", "event: sentence", "event: answer"]
    html = "".join(json.loads(data.removeprefix("data: "))["html"] for _, data in blocks)
    assert "&lt;img src=x onerror=alert(1)&gt; robot." in html
    assert "<img" not in html
    assert "<b>Robot</b>" not in html
    assert "evil.example" not in html
    assert all(re.match(r"/answers\?q=|/items/\d+/$", address) for address in re.findall(r'href="([^"]*)"', html))
