"""How the pages answer wrong or hostile input."""

from __future__ import annotations

import logging
import re

import pytest
from django.db import connection
from django.test import Client

from catalog.http.logs import OneLineFilter
from catalog.items.checks import ItemRefused
from catalog.models import Item
from tests.callers import signed_in
from tests.factories import make_item, make_items, make_rule, make_synonym, make_version

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def visitor(db: None) -> Client:
    return Client()


@pytest.mark.parametrize("header", ["Referer", "HX-Current-URL"])
@pytest.mark.parametrize("address", ["//[", "http://[::1", "http://testserver:x/search", "a\tb", "x" * 9_999])
def test_no_address_that_a_browser_sends_along_breaks_a_page(visitor, header, address):
    (item_id,) = make_items([{"external_id": "a", "title": "Anything"}]).values()
    for page in (f"/items/{item_id}/", "/search?q=anything"):
        assert visitor.get(page, headers={header: address, "HX-Request": "true"}).status_code == 200


@pytest.mark.parametrize("query", ["", "q=", "q=%20%20%09"])
def test_an_empty_search_shows_what_there_is(visitor, query):
    make_items([{"external_id": "a", "title": "Anything"}])
    page = visitor.get(f"/search?{query}")
    assert page.status_code == 200
    assert "Anything" in page.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "q=" + "x" * 2_001,
        "q=a%00b",
        "q=%ED%A0%80",
        "q=a&page=-1",
        "q=a&page=1e9",
        "q=a&page=" + "9" * 400,
        "q=a&sort=password",
        "q=a&ratio=NaN",
        "q=a&year_min=NaN",
        "q=a&year_min=Infinity",
        "q=a&genres=%FF",
        "q=a&_connector=OR&password__startswith=a",
        "q=" + "(a%2B)%2B%24" * 100,
        "q[]=a&q=b&q=c",
        "q=a&correct=2&as_typed=a%00&personalize=yes",
        "q=%0d%0aSet-Cookie:%20a=b",
    ],
    ids=lambda query: query[:24],
)
@pytest.mark.parametrize("path", ["/search", "/suggest", "/answers"])
def test_no_address_breaks_a_page_of_search(visitor, path, query):
    make_items([{"external_id": "a", "attributes": {"year": 1999, "genres": ["Drama"]}}])
    response = visitor.get(f"{path}?{query}")
    assert response.status_code in (200, 302, 400)
    assert "Set-Cookie" not in response.headers


def test_a_query_that_is_too_long_or_no_text_is_refused(visitor):
    assert visitor.get("/search", {"q": "x" * 2_001}).status_code == 400
    assert visitor.get("/search?q=a%00b").status_code == 400
    assert visitor.get("/search?q=%FF").status_code == 400


def test_scripts_in_items_and_queries_are_text_on_every_page(visitor):
    make_version()
    item = make_item(
        "a", f"Heist {SCRIPT}", body=SCRIPT, category=SCRIPT, attributes={"genres": [SCRIPT], "by": SCRIPT}
    )
    make_item("b", "Heist again", body="heist")
    searched = [f"/{page}?q=heist {SCRIPT}" for page in ("search", "answers")] + ["/suggest?q=heist"]
    pages = ["/", "/search", *searched, f"/items/{item.pk}/", f"/covers/{item.pk}.svg", "/for-you/"]
    for path in pages:
        response = visitor.get(path)
        assert response.status_code == 200, path
        text = response.content.decode()
        assert "<script>alert" not in text, path
        assert "default-src 'self'" in response["Content-Security-Policy"]


def test_scripts_in_rules_synonyms_and_past_queries_are_text(db):
    make_items([{"external_id": "a", "title": "Heist"}])
    make_rule(SCRIPT, queries=f"heist, {SCRIPT}", pins=[{"item": "a", "position": 1}])
    make_synonym(["heist", SCRIPT])
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO catalog_popularquery VALUES (%s, %s, 9, 9)", [f"heist {SCRIPT}", f"heist {SCRIPT}"])
    staff = signed_in("staff", is_staff=True)
    for path in ("/search?q=heist", "/suggest?q=heist", "/staff/rules/", "/staff/synonyms/"):
        text = staff.get(path).content.decode()
        assert "&lt;script&gt;alert" in text, path
        assert "<script>alert" not in text, path


@pytest.mark.parametrize("image", ["javascript:alert(1)", "data:text/html,x", "//evil.example/a.png"])
def test_an_address_of_a_picture_is_http_or_nothing(db, image):
    with pytest.raises(ItemRefused, match="Use an http or https URL"):
        make_item("a", image=image)
    assert not Item.objects.exists()


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_signing_in_leads_to_no_other_site(db, target):
    client = signed_in("person")
    response = client.get("/sign-in/", {"next": target})
    assert response.status_code == 302
    assert response["Location"] == "/"


def test_a_page_that_is_not_there_is_told_in_the_pages_own_looks(visitor):
    response = visitor.get(f"/nothing/{SCRIPT}")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
    assert "<script>alert" not in response.content.decode()


def test_the_address_of_a_form_leads_on_when_it_is_looked_at(visitor):
    response = visitor.get("/search/picture")
    assert (response.status_code, response["Allow"]) == (405, "POST, OPTIONS")
    assert int(response["Content-Length"]) == len(response.content)
    page = response.content.decode()
    assert "This address only accepts form submissions. There is no page to show." in page
    assert 'href="/"' in page
    assert "Content-Security-Policy" in response


def test_a_form_without_the_token_is_refused_with_a_page():
    response = Client(enforce_csrf_checks=True).post("/reactions/", {"item": 1, "kind": "like"})
    assert response.status_code == 403
    assert "The form has expired" in response.content.decode()


def test_a_query_with_line_breaks_is_one_log_line(visitor, caplog):
    with caplog.at_level(logging.WARNING, logger="django.request"):
        visitor.get("/nothing%0d%0aforged")
    for record in caplog.records:
        OneLineFilter().filter(record)
        assert not re.search(r"[\r\n]", record.getMessage())
    assert any("forged" in record.getMessage() for record in caplog.records)
