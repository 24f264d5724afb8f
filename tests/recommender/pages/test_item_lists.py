"""What is recommended beside an item."""

from __future__ import annotations

import re

import pytest

from catalog.models import Item
from recommender.models import ShownList
from recommender.serving.lists import buffer
from recommender.serving.saving import save_scenario
from recommender.serving.scenarios import SCENARIOS
from tests.factories import make_item
from tests.recommender.pages.visits import press, visitor_of
from tests.recommender.spaces import did, make_space

CARD = re.compile(r'<h3 class="card__title"><a href="/items/(\d+)/">')
#: Twelve of an item's own kind are shown as similar in meaning, which leaves seven of its category.
OF_EACH, LEFT = 20, 7


@pytest.fixture
def ids(db: None) -> dict[str, int]:
    return make_space(of_each=OF_EACH)


def rail_of(page: str) -> str:
    """The list beside an item; empty if there is none."""
    return page.partition('id="rail-beside"')[2].partition("</section>")[0]


def title_of(page: str) -> str:
    found = re.search(r'id="rail-beside-h">(.*?)</h2>', page)
    assert found is not None
    return found[1]


def test_others_of_its_category_stand_beside_an_item_and_none_twice(ids, client):
    page = client.get(f"/items/{ids['space-0']}/").content.decode()
    beside = [int(pk) for pk in CARD.findall(rail_of(page))]
    assert len(beside) == LEFT
    assert {Item.objects.get(pk=pk).category for pk in beside} == {"Space"}
    everywhere = CARD.findall(page)
    assert len(set(everywhere)) == len(everywhere) == 12 + LEFT
    assert str(ids["space-0"]) not in everywhere
    assert title_of(page) == "New in Space"


def test_the_list_follows_the_taste_of_whoever_looks_and_says_why(ids, client):
    love, space = Item.objects.get(pk=ids["love-0"]), ids["space-0"]
    Item.objects.filter(pk__in=[ids["love-1"], space]).update(category="Both")
    press(client, love, on="like")
    did(visitor_of(client), "like", love.pk)
    page = client.get(f"/items/{space}/").content.decode()
    assert title_of(page) == "For you in Both"
    assert CARD.findall(rail_of(page)) == [str(ids["love-1"])]
    assert f'Because you liked <a href="{love.get_absolute_url()}">' in rail_of(page)


def test_it_is_made_by_the_settings_of_its_scenario(ids, client):
    save_scenario("item", SCENARIOS["item"].defaults.with_changes({"length": 3}))
    assert len(CARD.findall(rail_of(client.get(f"/items/{ids['space-0']}/").content.decode()))) == 3


def test_an_item_without_others_beside_it_has_no_list(db, client):
    item = make_item("alone", "Alone", category="Alone")
    page = client.get(item.get_absolute_url())
    assert page.status_code == 200
    assert rail_of(page.content.decode()) == ""


def test_htmx_gets_the_list_alone(ids, client):
    address = f"/items/{ids['space-0']}/"
    part = client.get(address, headers={"HX-Request": "true", "HX-Target": "lists"}).content.decode()
    assert len(CARD.findall(part)) == LEFT
    assert "<h1" not in part
    assert "HX-Target" in client.get(address)["Vary"]


def test_the_list_is_logged_and_what_is_opened_from_it_counts(committed_db, client, settings):
    settings.RECOMMENDATION_LOG = True
    try:
        address = f"/items/{make_space(of_each=OF_EACH)['space-0']}/"
        client.get(address)
        buffer.close()
        second = ShownList.objects.get(scenario="item").item_ids[1]
        client.get(f"/items/{second}/", headers={"Referer": f"http://testserver{address}"})
        buffer.close()
        assert ShownList.objects.order_by("shown_at").values_list("clicked", flat=True)[0] == [2]
    finally:
        buffer.close()
