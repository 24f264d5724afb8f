"""The first page and the page of recommendations."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Item
from recommender import popularity, profiles
from recommender.reactions import react
from recommender.subjects import Subject
from tests.callers import signed_in
from tests.recommender.pages.visits import CARD, press, visitor_of


@pytest.fixture
def members(films) -> None:
    """Members who liked some films, which makes these popular."""
    liked = list(Item.objects.filter(title__in=["Inception", "The Matrix", "Tokyo Story"]))
    for member in ("mira", "jonas"):
        subject = Subject(user_id=User.objects.create_user(member).pk)
        for film in liked:
            react(subject, film.pk, "like", True)
    popularity.refresh()


def test_the_first_page_has_one_search_box_and_rails_for_anybody(members, client):
    page = client.get("/").content.decode()
    assert page.count('name="q"') == 1
    assert re.findall(r'id="rail-(\w+)-h"', page) == ["popular", "new"]
    assert "a lonely robot learns to love" in page
    assert "visitor" not in client.session


def test_without_examples_the_commonest_categories_are_offered(members, client, settings):
    settings.EXAMPLE_SEARCHES = ()
    assert '<a class="chip" href="/search?category=Drama">Drama</a>' in client.get("/").content.decode()


def test_for_you_follows_what_was_liked_and_says_so(members, client):
    before = CARD.findall(client.get("/for-you/").content.decode())
    liked = Item.objects.get(title="Alien")
    press(client, liked, on="like")
    profiles.refresh(visitor_of(client))
    page = client.get("/for-you/").content.decode()
    assert CARD.findall(page) != before
    assert "Alien" not in CARD.findall(page)
    assert f'Because you liked <a href="{liked.get_absolute_url()}">Alien</a>' in page
    assert re.search(r'<span class="share">\d+%</span>', page)


def test_an_empty_catalogue_recommends_nothing(db, client):
    assert "The catalogue is empty" in client.get("/").content.decode()
    assert "Nothing to recommend yet" in client.get("/for-you/").content.decode()


def test_pages_read_the_switches_once_however_many_items_they_show(members):
    client = signed_in("mira")
    press(client, Item.objects.get(title="Alien"), on="save")
    for address in ("/for-you/", "/search", "/saved/"):
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        reading = [query for query in captured if "\"kind_id\" IN ('like', 'dislike'" in query["sql"]]
        assert len(reading) == 1, address
