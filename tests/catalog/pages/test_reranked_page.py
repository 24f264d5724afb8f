"""The search page of a site with a reranker: its order, the following pages, and the order while somebody types."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client

from catalog.search import search
from catalog.search.queries import SearchQuery
from tests.callers import signed_in
from tests.catalog.conftest import STORIES
from tests.catalog.pages.test_search_page import search as page_of
from tests.catalog.pages.test_search_page import titles

pytestmark = pytest.mark.django_db
TYPING = {"HX-Request": "true", "HX-Current-URL": "http://testserver/search?q=stor"}


def in_order(*, rerank: bool) -> list[str]:
    """All titles in the order the page should show them."""
    results = search(SearchQuery(text="story", limit=100, close_first=True, rerank=rerank))
    return [hit.item.title for hit in results.hits]


def walk(client: Client, address: str) -> list[str]:
    """The titles on a page and on the pages its links lead to."""
    found: list[str] = []
    for number in range(1, 4):
        page = client.get(address).content.decode()
        found += titles(page)
        following = re.search(rf'href="([^"]*[?&](?:amp;)?page={number + 1})"', page)
        address = unescape(following.group(1)) if following else address
    return found


def test_visitors_see_the_order_of_the_reranker_on_every_page_and_why(reranker, stories, client):
    reranked = in_order(rerank=True)
    assert reranked != in_order(rerank=False)
    assert walk(client, "/search?q=story") == reranked
    assert len(reranked) == len(set(reranked)) == STORIES
    page = page_of(client, q="story")
    assert "· reranked" in page
    assert re.search(r"Before reranking <b>\d+(st|nd|rd|th)</b>, reranker score <b>0\.\d\d</b>", page)


def test_without_time_every_page_has_the_order_of_the_first_stage(reranker, stories, client, settings):
    settings.RERANK_BUDGET_MS = 0.0
    first = page_of(client, q="story")
    assert "reranked" not in first
    link = unescape(re.search(r'href="([^"]*page=2)"', first).group(1))  # type: ignore[union-attr]
    assert link == "/search?q=story&rerank=0&page=2"
    # By the second page there is time, but it keeps the order of the first.
    settings.RERANK_BUDGET_MS = 60_000.0
    cache.clear()
    assert titles(first) + titles(client.get(link).content.decode()) == in_order(rerank=False)[:40]
    # Another search, or the same one with a filter, starts afresh.
    assert "rerank=0" not in client.get(link).content.decode().split('id="facets"')[1].split("</aside>")[0]


def test_while_somebody_types_the_first_stage_stands_until_they_stop(reranker, stories, client):
    typed = client.get("/search?q=story", headers=TYPING).content.decode()
    assert titles(typed) == in_order(rerank=False)[:20]
    assert '<div id="settled" hx-get="/search?q=story" hx-trigger="load delay:500ms"' in typed
    assert "rerank=0&amp;page=2" in typed
    current = {"HX-Current-URL": "http://testserver/search?q=story", "HX-Trigger": "settled"}
    settled = client.get("/search?q=story", headers=TYPING | current)
    assert titles(settled.content.decode()) == in_order(rerank=True)[:20]
    assert "settled" not in settled.content.decode()
    assert settled["HX-Replace-Url"] == "/search?q=story"


def test_the_unfinished_word_is_one_also_once_they_have_stopped(reranker, stories, client):
    headers = TYPING | {"HX-Current-URL": "http://testserver/search?q=hedgeh", "HX-Trigger": "settled"}
    page = client.get("/search?q=hedgeh", headers=headers).content.decode()
    assert titles(page)[0].startswith("hedgehog")
    assert "· reranked" in page


@pytest.mark.parametrize("address", ["/search?q=story&sort=title", "/search"])
def test_what_has_no_second_stage_is_not_promised_one(reranker, stories, client, address):
    page = client.get(address).content.decode()
    assert "rerank" not in page


def test_a_site_without_a_reranker_says_nothing_of_it(stories, client):
    assert "rerank" not in page_of(client, q="story")


def test_staff_are_told_why_hits_are_not_reranked(reranker, stories, settings):
    settings.RERANK_BUDGET_MS = 0.0
    page = page_of(signed_in("staff", is_staff=True), q="story")
    assert "not reranked: Reranking would take longer than 0 ms." in page
