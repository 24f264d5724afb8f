"""Lists from the page or the API to the log, and clicks attributed to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.querylog.visits import COOKIE
from recommender.models import ShownList
from recommender.serving.assignment import assignment_for
from recommender.serving.lists import buffer
from recommender.subjects import Subject
from tests.callers import with_key
from tests.logs import read_log
from tests.recommender.serving.test_experiments import running
from tests.recommender.spaces import make_space

Logged = Callable[[], list[ShownList]]


@pytest.fixture
def log(committed_db: str, settings: Any) -> Iterator[Logged]:
    """Call it for all lists, in the order they were shown."""
    settings.RECOMMENDATION_LOG = True
    with read_log(buffer, ShownList.objects.order_by("shown_at", "id")) as lists:
        yield lists


def test_the_api_says_the_variant_and_clicks_are_counted_by_request(log):
    ids = make_space()
    experiment = running()
    user = User.objects.create_user("ada")
    program = with_key("write")
    answer = program.get("/api/v1/recommendations", {"user": user.username}).json()
    variant = assignment_for("for-you", Subject(user_id=user.pk)).variant
    assert answer["variant"] == {"experiment": "Length", "variant": variant}
    assert answer["scenario"] == "for-you"
    assert program.get("/api/v1/recommendations", {"user": user.username, "scenario": "cart"}).json()["variant"] is None
    listed = [row["item"]["id"] for row in answer["recommendations"]]
    event = {"user": user.username, "request_id": answer["request_id"], "item": listed[1]}
    log()
    program.post("/api/v1/interactions", event | {"kind": "click"}, format="json")
    program.post("/api/v1/interactions", event | {"kind": "buy"}, format="json")
    program.post("/api/v1/interactions", event | {"kind": "dislike", "item": listed[0]}, format="json")
    first, second = log()
    assert (first.item_ids, first.clicked, first.acted) == (listed, [2], [2])
    assert (first.experiment_id, first.variant, first.source) == (experiment.pk, variant, "api")
    assert first.unit is not None
    assert (second.scenario, second.experiment_id, second.unit) == ("cart", None, None)
    assert set(listed) <= set(ids.values())


def test_on_pages_a_click_is_told_by_the_visit_and_by_where_the_browser_comes_from(log):
    ids = make_space()
    browser = Client()
    page = browser.get("/")
    visit = page.cookies[COOKIE].value
    first = log()[0]
    assert (first.scenario, first.source, first.visit) == ("home", "page", UUID(hex=visit))
    assert set(first.item_ids) <= set(ids.values())
    opened, liked, other = first.item_ids[2], first.item_ids[1], first.item_ids[0]
    browser.get(f"/items/{opened}/", headers={"Referer": "http://testserver/"})
    browser.get(f"/items/{other}/", headers={"Referer": "http://testserver/history/"})
    browser.get(f"/items/{other}/", headers={"Referer": "http://elsewhere.example/"})
    browser.get(f"/items/{other}/", headers={"Referer": "http://testserver/", "Sec-Purpose": "prefetch"})
    Client().get(f"/items/{other}/", headers={"Referer": "http://testserver/"})
    browser.post(
        "/reactions/", {"item": liked, "on": "like", "look": "card"}, headers={"Referer": "http://testserver/"}
    )
    shown = log()[0]
    assert (shown.clicked, shown.acted) == ([3], [2])


def test_what_a_browser_fetches_ahead_is_not_shown_yet(log):
    make_space()
    Client().get("/", headers={"Sec-Purpose": "prefetch"})
    assert log() == []


def test_nothing_is_logged_where_the_log_is_off(log, settings):
    settings.RECOMMENDATION_LOG = False
    ids = make_space()
    page = Client().get("/")
    Client().get(f"/items/{ids['space-0']}/", headers={"Referer": "http://testserver/"})
    assert COOKIE not in page.cookies
    assert log() == []


def test_somebody_unknown_keeps_a_variant_through_the_visit_and_the_first_event(log, settings):
    settings.ANONYMOUS_API_READ = True
    ids = make_space()
    running(scenario="home")
    browser = Client()
    for _ in range(3):
        browser.get("/")
    browser.post(f"/items/{ids['space-0']}/seen")
    browser.get("/")
    browser.get("/api/v1/recommendations", {"scenario": "home"})
    shown = log()
    assert [row.source for row in shown] == ["page"] * 4 + ["api"]
    variants = {(row.variant, row.unit) for row in shown}
    assert len(variants) == 1
    assert variants.pop()[1] is not None
