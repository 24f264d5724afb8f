"""The item page, and covers."""

from __future__ import annotations

import re
from html import unescape
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Item
from catalog.views.covers import is_allowed
from tests.factories import make_item

FACT_LINK = re.compile(r'<a href="(/search\?[^"]*)">')
HITS = 'class="hit__title"'


def item_called(title: str) -> Item:
    return Item.objects.get(title=title)


def test_the_page_tells_what_is_known_and_leads_to_what_is_like_it(films, client):
    item = item_called("Alien")
    page = client.get(item.get_absolute_url()).content.decode()
    assert "<h1>Alien" in page
    assert item.body[:40] in unescape(page)
    rail = page.split('id="similar-h"')[1].split("</section>")[0]
    similar = re.findall(r'<h3 class="card__title"><a href="/items/(\d+)/">', rail)
    assert len(similar) == 12
    assert str(item.pk) not in similar


def test_each_fact_leads_to_a_search_that_finds_the_item(films, client):
    item = item_called("Alien")
    links = [unescape(link) for link in FACT_LINK.findall(client.get(item.get_absolute_url()).content.decode())]
    assert any("director=" in link for link in links) and any("year_from=1979" in link for link in links)
    for link in links:
        narrowed = client.get(f"{link}&q=alien").content.decode()
        assert item.get_absolute_url() in narrowed.split('class="cut"')[0], link


@pytest.mark.parametrize("address", ["/items/0/", "/items/99999999999999999999/", "/covers/0.svg"])
def test_items_that_are_not_there_are_not_found(db, client, address):
    response = client.get(address)
    assert response.status_code == 404
    assert "<h1>Not found</h1>" in response.content.decode()


def test_unpublished_items_are_not_found(db, client):
    item = make_item("x", "Hidden", published=False)
    assert client.get(item.get_absolute_url()).status_code == 404
    assert client.get(f"/covers/{item.pk}.svg").status_code == 404


def test_texts_of_an_item_are_escaped(db, client):
    attack = '<script>alert("1")</script>'
    item = make_item("x", attack, body=attack, category=attack, attributes={"tags": [attack], "maker": attack})
    page = client.get(item.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(" in page


def test_an_item_of_odd_attributes_has_a_page(db, client):
    item = make_item(
        "x", "Odd", attributes={"restored": True, "price_eur": 12500.5, "pages": 0, "empty": [], "year": 1999}
    )
    page = client.get(item.get_absolute_url()).content.decode()
    assert "12,500.5\u00a0€" in page
    assert ">1999</a>" in page


def test_a_page_costs_the_same_queries_for_every_item(films, client):
    def queries(title: str) -> int:
        address = item_called(title).get_absolute_url()
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        return len(captured)

    queries("Alien")  # a process caches the serving version
    assert queries("Alien") == queries("Groundhog Day") == 14


def test_a_cover_is_a_picture_that_browsers_may_keep(films, client):
    page = client.get(item_called("Alien").get_absolute_url()).content.decode()
    address = re.search(r'src="(/covers/\d+\.svg\?v=\w+)"', page)
    assert address is not None
    response = client.get(address.group(1))
    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in response.get("Vary", "")
    assert ElementTree.fromstring(response.content).tag.endswith("svg")  # noqa: S314


def test_a_cover_asked_for_without_its_version_is_kept_for_an_hour(films, client):
    response = client.get(f"/covers/{item_called('Alien').pk}.svg?v=other")
    assert response["Cache-Control"] == "public, max-age=3600"


def test_a_picture_is_shown_where_the_policy_allows_it(db, client, settings):
    item = make_item("x", "Picture", image="https://images.example.org/a.jpg")
    assert "images.example.org" not in client.get(item.get_absolute_url()).content.decode()
    policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    sources = [*policy["img-src"], "https://images.example.org"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**policy, "img-src": sources}}
    page = client.get(item.get_absolute_url()).content.decode()
    assert re.search(r'src="https://images.example.org/a.jpg"[^>]* data-fallback="/covers/\d+.svg\?v=', page)


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("'self'", False),
        ("data:", False),
        ("*", True),
        ("https:", True),
        ("http:", False),
        ("images.example.org", True),
        ("*.example.org", True),
        ("*.images.example.org", False),
        ("example.org", False),
        ("https://images.example.org", True),
        ("http://images.example.org", False),
        ("https://images.example.org:8443", False),
    ],
)
def test_sources_of_a_policy_allow_what_a_browser_would_load(source, allowed):
    assert is_allowed("https://images.example.org/a.jpg", ["'none'", source]) is allowed


@pytest.mark.parametrize("address", ["//images.example.org/a.jpg", "javascript:alert(1)", "https://[bad/a.jpg", ""])
def test_addresses_that_are_none_are_never_allowed(address):
    assert not is_allowed(address, ["*", "https:"])
