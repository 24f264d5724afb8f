"""The switches on items, and recording that one was opened."""

from __future__ import annotations

import re

import pytest
from django.utils.encoding import iri_to_uri

from recommender.models import Interaction
from tests.callers import signed_in
from tests.factories import make_item
from tests.recommender.pages.visits import kinds_of, press, visitor_of


def test_a_visitor_likes_and_takes_it_back(item, client):
    press(client, item, on="like")
    assert kinds_of(visitor_of(client)) == ["like"]
    assert 'aria-pressed="true" aria-label="Like Rain"' in client.get("/search?q=rain").content.decode()
    press(client, item, off="like")
    assert kinds_of(visitor_of(client)) == []
    assert 'aria-pressed="true"' not in client.get("/search?q=rain").content.decode()


def test_pressing_twice_is_pressing_once(item, client):
    for _ in range(2):
        press(client, item, on="save")
    assert kinds_of(visitor_of(client)) == ["save"]


def test_htmx_gets_the_switches_as_they_now_are(item, client):
    page = press(client, item, on="save", headers={"HX-Request": "true"}, next="/search?q=rain").content.decode()
    assert page.startswith(f'<form class="hit__acts" id="switches-{item.pk}" method="post" action="/reactions/"')
    assert re.search(r'name="off" value="save" aria-pressed="true"', page)
    assert re.search(r'name="on" value="like" aria-pressed="false"', page)
    assert 'name="next" value="/search?q=rain"' in page


def test_without_javascript_the_visitor_comes_back_to_the_page(item, client):
    assert press(client, item, on="like", next="/search?q=rain").url == "/search?q=rain"


@pytest.mark.parametrize("address", ["search", "home", "a\0", "?q=rain"])
def test_an_address_is_an_address_whatever_page_has_that_name(item, client, address):
    assert press(client, item, on="like", next=address).url == iri_to_uri(address)


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "", "/\\evil"])
def test_nobody_is_sent_to_another_site(item, client, address):
    assert press(client, item, on="like", next=address).url == "/"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"on": "like", "off": "like"},
        {"on": "buy"},
        {"on": "like", "item": "x"},
        {"on": "like", "item": "9" * 40},
        {"on": "like", "look": "<script>"},
        {"on": "like", "place": "<script>"},
        {"on": "like", "look": "rail", "place": "x" * 20_000},
    ],
)
def test_what_is_no_switch_is_refused(item, client, form):
    response = client.post("/reactions/", {"item": item.pk, "look": "hit", **form})
    assert response.status_code == 400
    assert Interaction.objects.count() == 0


def test_items_that_are_not_published_cannot_be_liked(db, client):
    assert press(client, make_item("x", "X", published=False), on="like").status_code == 404


def test_opening_an_item_is_recorded_once_a_day_and_only_by_its_own_request(item, client):
    client.get(item.get_absolute_url())
    assert "visitor" not in client.session
    for _ in range(2):
        assert client.post(f"/items/{item.pk}/seen").status_code == 204
    assert kinds_of(visitor_of(client)) == ["view"]


@pytest.mark.parametrize(
    "address",
    ["/reactions/", "/items/1/seen", "/history/1/delete", "/history/delete", "/sign-in/", "/sign-up/", "/sign-out/"],
)
def test_forms_without_a_token_are_refused(item, address):
    response = signed_in(enforce_csrf_checks=True).post(address, {"item": item.pk, "look": "hit", "on": "like"})
    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()
    assert Interaction.objects.count() == 0


@pytest.mark.parametrize(
    "address", ["/reactions/", "/items/1/seen", "/history/1/delete", "/history/delete", "/sign-out/"]
)
def test_nothing_is_changed_by_following_a_link(db, address, client):
    assert client.get(address).status_code == 405
