"""Search by picture on the search page, without JavaScript."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.settings import api_settings

from catalog.embedding.base import EncoderSpec
from catalog.embedding.registry import encoder_for
from catalog.items.saving import save_items
from catalog.models import Item
from catalog.pictures.turns import picture_turn
from catalog.views.pictures import FORGOTTEN, NONE_CHOSEN
from tests.callers import UNREADABLE
from tests.clip_checkpoints import COLOURS, picture, write_colours
from tests.factories import add_passages, make_item, make_version
from tests.picture_server import file_of


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colours(tmp_path_factory.mktemp("models") / "colours")


@pytest.fixture
def pictured(db: None, colours: Path) -> None:
    """One item per colour, with the vector of a text that names it."""
    cache.clear()
    rows = [{"external_id": name, "title": f"The {name} thing", "category": f"{name}ish"} for name in COLOURS]
    save_items(rows)
    encoder = encoder_for(EncoderSpec(backend="clip", model=str(colours)))
    # So that all are close and appear on the page.
    version = make_version(dimensions=encoder.dimensions, backend="clip", model=str(colours), relevance_cutoff=-1.0)
    vectors = encoder.encode_documents(COLOURS)
    ids = Item.objects.ids_by_external_id(COLOURS)
    add_passages(version, {ids[name]: [vector.tolist()] for name, vector in zip(COLOURS, vectors, strict=True)})


def send(client: Client, content: bytes | None = None, address: str = "/search") -> Any:
    given: dict[str, Any] = {"address": address}
    if content is not None:
        given["image"] = SimpleUploadedFile("x.png", content)
    return client.post("/search/picture", given)


def titles(page: str) -> list[str]:
    return re.findall(r'hit__title"><a [^>]*>(?:<mark[^>]*>|</mark>|)*([^<]+)', page)


def test_the_page_offers_it_only_where_the_index_reads_pictures(pictured, client):
    for address in ("/search", "/"):
        page = client.get(address).content.decode()
        assert 'enctype="multipart/form-data"' in page
        assert 'name="image"' in page


def test_an_index_of_texts_has_no_such_button_and_refuses_a_picture_all_the_same(db, client):
    make_version()
    for address in ("/search", "/"):
        assert 'name="image"' not in client.get(address).content.decode()
    response = send(client, file_of(picture("blue")))
    assert response["Location"] == "/search"
    assert "reads only texts" in client.get("/search").content.decode()


def test_a_picture_leads_to_a_page_of_what_it_finds_that_shows_it(pictured, client):
    response = send(client, file_of(picture("blue")))
    assert response.status_code == 303
    page = client.get(response["Location"]).content.decode()
    assert titles(page)[0] == "The blue thing"
    assert "Search by picture" in page
    shown = re.search(r'src="(/search/picture/[^"]+)"', page)
    assert shown is not None
    image = client.get(shown[1])
    assert (image["Content-Type"], image.content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert "private" in image["Cache-Control"]


def test_filters_text_and_pages_keep_the_picture(pictured, client):
    address = send(client, file_of(picture("blue")), "/search?q=thing&category=redish&category=blueish")["Location"]
    assert "q=thing" in address
    assert "category=redish" in address
    page = client.get(address).content.decode()
    assert titles(page)[0].startswith("The blue")
    assert "The green" not in page
    token = re.search(r"picture=([\w-]+)", address)
    assert token is not None
    assert f'name="picture" value="{token[1]}"' in page, "the form of the box keeps it"
    links = re.findall(r'href="(/search\?[^"]+)"', page)
    assert any("picture=" in link and "category" in link for link in links)
    without = [link for link in links if "picture=" not in link and "q=thing" in link]
    assert without, "it can be taken away"


def test_a_picture_that_is_kept_no_longer_is_told_and_the_rest_is_searched(pictured, client):
    page = client.get("/search", {"q": "red", "picture": "x" * 22}).content.decode()
    assert FORGOTTEN in page
    assert titles(page), "the text is searched for all the same"
    assert client.get(f"/search/picture/{'x' * 22}").status_code == 404


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"This is no picture.", "not a picture"), (None, NONE_CHOSEN), (file_of(picture("red"))[:60], "broken")],
)
def test_a_bad_picture_leads_back_with_the_reason(pictured, client, content, message):
    response = send(client, content, "/search?q=red")
    assert response["Location"] == "/search?q=red"
    assert message in client.get(response["Location"]).content.decode()


@pytest.mark.parametrize(
    "address", ["https://evil.example/x?q=red", "//evil.example", "//[", "javascript:alert(1)", ""]
)
def test_it_leads_nowhere_but_to_the_search_page(pictured, client, address):
    location = send(client, file_of(picture("blue")), address)["Location"]
    assert location.startswith("/search?")


def test_too_many_pictures_are_told_to_wait(pictured, client, monkeypatch):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "pictures", "1/hour")
    assert send(client, file_of(picture("blue"))).status_code == 303
    response = send(client, file_of(picture("blue")))
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_the_body_of_somebody_over_the_limit_is_not_read(pictured, monkeypatch):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "pictures", "1/hour")
    browser = Client(enforce_csrf_checks=True)
    assert send(browser, file_of(picture("blue"))).status_code == 403, "it is counted before the token is looked for"
    assert browser.generic("POST", "/search/picture", **UNREADABLE).status_code == 429


def test_without_the_token_no_picture_is_taken(pictured):
    cache.clear()
    browser = Client(enforce_csrf_checks=True)
    assert send(browser, file_of(picture("blue"))).status_code == 403
    browser.get("/")
    given = {"address": "/search", "csrfmiddlewaretoken": browser.cookies["csrftoken"].value}
    assert browser.post("/search/picture", given).status_code == 303


def test_where_all_turns_are_taken_it_says_when_to_come_back(pictured, client, settings, tmp_path):
    settings.PICTURE_ROOT = settings.MEDIA_ROOT = tmp_path
    (tmp_path / "a.png").write_bytes(file_of(picture("blue")))
    item = make_item("a", image="a.png")
    address = send(client, file_of(picture("red")))["Location"]
    settings.PICTURE_CONCURRENCY, settings.PICTURE_WAIT_S = 1, 0.01
    with picture_turn():
        refused = [send(client, file_of(picture("blue"))), client.get(f"/covers/{item.pk}.jpg")]
        page = client.get(address)
    for response in refused:
        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0
    assert "Too many pictures are being read" in page.content.decode()
    assert titles(client.get(address).content.decode())[0] == "The red thing", "to load the page again is enough"


def test_a_file_of_an_item_is_shown_as_a_jpeg_made_from_it(db, client, settings, tmp_path):
    settings.PICTURE_ROOT = settings.MEDIA_ROOT = tmp_path
    (tmp_path / "a.png").write_bytes(file_of(picture("blue")))
    (tmp_path / "b.png").write_bytes(b"<script>alert(1)</script>")
    item, bad = make_item("a", image="a.png"), make_item("b", image="b.png")
    away, hidden = make_item("c", image="https://example.com/a.png"), make_item("d", image="a.png", published=False)
    address = re.search(r'src="(/covers/\d+\.jpg[^"]+)"', client.get(item.get_absolute_url()).content.decode())
    assert address is not None
    response = client.get(address[1])
    assert (response["Content-Type"], response.content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert "immutable" in response["Cache-Control"]
    for other in (bad, away, hidden):
        assert client.get(f"/covers/{other.pk}.jpg").status_code == 404
