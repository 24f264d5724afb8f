"""The page of one's own interests, and answers to recommendations."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from catalog.models import Item
from recommender.models import DeletionReceipt, Interaction
from tests.recommender.pages.visits import kinds_of, press, visitor_of
from tests.recommender.spaces import make_space

HTMX = {"HX-Request": "true"}


@pytest.fixture
def film(db) -> Item:
    ids = make_space(of_each=6)
    return Item.objects.get(pk=ids["space-0"])


def page_of(client: Client, address: str = "/interests/") -> str:
    return unescape(client.get(address).content.decode())


def test_an_interest_is_seen_muted_deleted_and_its_receipt_kept(film, client):
    press(client, film, on="like")
    assert "space-0" in page_of(client)
    client.post(f"/interests/{film.pk}/mute", {"muted": "true"})
    assert "is-muted" in page_of(client)
    client.post(f"/interests/{film.pk}/mute", {"muted": "false"})
    assert "is-muted" not in page_of(client)
    response = client.post(f"/interests/{film.pk}/delete", follow=True)
    assert re.findall(r'<dd class="num">(\d+)</dd>', response.content.decode()) == ["1", "1", "0"]
    assert not Interaction.objects.exists()
    assert "No interests yet" in page_of(client)


def test_an_outsider_finds_no_interest_and_no_receipt(film, client):
    press(client, film, on="like")
    outsider = Client()
    assert outsider.post(f"/interests/{film.pk}/mute", {"muted": "true"}).status_code == 404
    assert outsider.post(f"/interests/{film.pk}/delete").status_code == 404
    client.post(f"/interests/{film.pk}/delete")
    receipt = DeletionReceipt.objects.get()
    assert client.get(f"/receipts/{receipt.pk}/").status_code == 200
    assert outsider.get(f"/receipts/{receipt.pk}/").status_code == 404


def test_with_personalisation_off_nothing_is_recorded_and_that_is_said(film, client):
    client.post("/interests/personalisation", {"on": "false"})
    page = press(client, film, on="like", headers=HTMX).content.decode()
    assert "nothing was recorded" in page
    assert kinds_of(visitor_of(client)) == []
    client.post("/interests/personalisation", {"on": "true"})
    press(client, film, on="like")
    assert kinds_of(visitor_of(client)) == ["like"]


def test_an_answer_tells_the_lists_to_follow_and_offers_to_undo(film, client):
    response = press(client, film, on="dislike", look="rail", place="for-you", headers=HTMX)
    assert response["HX-Trigger"] == "recommendations-changed"
    assert re.search(r'name="off" value="dislike">Undo', response.content.decode())


def test_undoing_what_took_the_place_of_its_opposite_brings_that_back(film, client):
    press(client, film, on="like", look="rail", place="new")
    page = press(client, film, on="dislike", look="rail", place="new", headers=HTMX).content.decode()
    assert re.search(r'name="on" value="like">Undo', page)


def test_without_scripts_an_answer_comes_back_to_its_row_and_can_be_undone(film, client):
    response = press(client, film, on="hide", look="rail", place="new", next="/for-you/")
    assert response.url == "/for-you/#rail-new"
    assert re.search(r'name="off" value="hide">Undo', client.get("/for-you/").content.decode())


def test_the_lists_alone_are_sent_where_they_are_asked_for(film, client):
    press(client, film, on="like")
    part = client.get("/for-you/", headers=HTMX | {"HX-Target": "lists"}).content.decode()
    assert part.lstrip().startswith('<div id="lists"')
    assert "<html" not in part
    assert "HX-Target" in client.get("/for-you/")["Vary"]
