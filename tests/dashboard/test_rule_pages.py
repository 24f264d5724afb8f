"""The staff pages for rules: the list, the editor with its preview, and what they refuse."""

import re
from typing import Any

import pytest
from django.test import Client

from catalog.models import AuditEntry, SearchRule
from tests.callers import signed_in
from tests.factories import make_items, make_rule, make_version

NEW = "/staff/rules/new/"
FIELDS: dict[str, Any] = {"name": "Whales", "enabled": "on", "condition": "equals", "queries": "whale"}


@pytest.fixture
def staff(db) -> Client:
    return signed_in("staff", is_staff=True)


@pytest.fixture
def items(db) -> dict[str, int]:
    """Found by their words, in this order; the last one is not found."""
    make_version()
    return make_items(
        [
            {"external_id": "one", "title": "Whale whale", "attributes": {"year": 1990}},
            {"external_id": "two", "title": "Whale", "body": "Of some length.", "attributes": {"year": 2000}},
            {"external_id": "three", "title": "A long title with a whale", "attributes": {"year": 2010}},
            {"external_id": "other", "title": "Harbour", "attributes": {"year": 2020}},
        ]
    )


def shown(response: Any) -> str:
    """The text of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def side(response: Any, name: str) -> list[str]:
    """Titles in a column of the preview, each with its marks."""
    column = response.content.decode().split(f"<h3>{name}")[1].split("</ol>")[0]
    rows = column.split("<li>")[1:]
    marks = [re.findall(r'<span class="pill[^>]*>([^<]+)', row) for row in rows]
    titles = [re.search(r'class="ellipsis"[^>]*>([^<]+)', row) for row in rows]
    return [" ".join([title[1].strip(), *mark]) for title, mark in zip(titles, marks, strict=True) if title]


def test_a_rule_is_made_listed_changed_switched_and_deleted(staff, items):
    created = staff.post(NEW, FIELDS | {"pins_item": "other", "pins_position": "1", "save": "yes"}, follow=True)
    assert "“Whales” is saved" in shown(created)
    rule = SearchRule.objects.get()
    assert rule.pins == [{"item": "other", "position": 1}]
    listed = shown(staff.get("/staff/rules/"))
    assert "Whales The query is “whale” 1 pinned On" in listed

    page = staff.get(f"/staff/rules/{rule.pk}/")
    assert 'value="Whales"' in page.content.decode()
    changed = FIELDS | {
        "boosts_filter": "year > 2000",
        "boosts_amount": "0.2",
        "hide_filter": "year = 1990",
        "save": "yes",
    }
    staff.post(f"/staff/rules/{rule.pk}/", changed)
    rule.refresh_from_db()
    assert (rule.pins, rule.hide_filter, rule.boosts) == ([], "year = 1990", [{"filter": "year > 2000", "amount": 0.2}])

    assert "“Whales” is off" in shown(staff.post(f"/staff/rules/{rule.pk}/switch", {"enabled": "false"}, follow=True))
    assert "Off" in shown(staff.get("/staff/rules/"))
    staff.post(f"/staff/rules/{rule.pk}/switch", {"enabled": "true"})
    assert "“Whales” is deleted" in shown(staff.post(f"/staff/rules/{rule.pk}/delete", follow=True))
    assert not SearchRule.objects.exists()
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", "target"))
    names = ["create", "change", "disable", "enable", "delete"]
    assert actions == [(f"rule.{name}", "Whales") for name in names]


def test_the_list_is_searched_by_what_a_rule_mentions(staff, items):
    make_rule("Christmas", queries="xmas, noël", hidden_items=["one"])
    make_rule(
        "Summer", queries="beach", hide_filter="genre = Winter", boosts=[{"filter": "year > 1999", "amount": 0.1}]
    )
    for text, found in [
        ("xmas", "Christmas"),
        ("NOËL", "Christmas"),
        ("winter", "Summer"),
        ("1999", "Summer"),
        ("one", "Christmas"),
    ]:
        page = shown(staff.get("/staff/rules/", {"q": text}))
        assert [name for name in ("Christmas", "Summer") if name in page] == [found], text
    assert "No rule mentions “nothing”" in shown(staff.get("/staff/rules/", {"q": "nothing"}))


def test_the_preview_shows_what_a_rule_would_change_and_saves_nothing(staff, items):
    data = FIELDS | {
        "preview_q": "whale",
        "pins_item": ["other", ""],
        "pins_position": ["1", ""],
        "hidden_items_item": ["one", ""],
        "boosts_filter": ["year = 2010", ""],
        "boosts_amount": ["0.5", ""],
    }
    page = staff.post(NEW, data)
    assert page.status_code == 200
    before, after = side(page, "Without the rule"), side(page, "With the rule")
    assert before == ["Whale whale Hidden", "Whale now 3", "A long title with a whale now 2"]
    assert after[0] == "Harbour Pinned New here"
    assert re.fullmatch(r"A long title with a whale \+0\.\d\d ↑ 1", after[1])
    assert after[2] == "Whale ↓ 1"
    assert not SearchRule.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_preview_of_a_saved_rule_takes_the_place_of_it(staff, items):
    rule = make_rule("Whales", hidden_items=["one"])
    other = make_rule("Other", pins=[{"item": "three", "position": 1}])
    page = staff.post(f"/staff/rules/{rule.pk}/", FIELDS | {"preview_q": "whale", "hidden_items_item": "two"})
    assert side(page, "Without the rule")[0] == "A long title with a whale"
    assert "Whale Hidden" in side(page, "Without the rule")
    assert "Whale whale" in [row.split(" ↑")[0] for row in side(page, "With the rule")]
    rule.refresh_from_db()
    assert rule.hidden_items == ["one"]
    assert other.pins


def test_the_preview_says_when_the_rule_does_not_apply_or_would_do_nothing_now(staff, items):
    hiding = FIELDS | {"hidden_items_item": "one"}
    assert "does not apply to this search" in shown(staff.post(NEW, hiding | {"preview_q": "harbour"}))
    off = {name: value for name, value in hiding.items() if name != "enabled"}
    page = staff.post(NEW, off | {"preview_q": "whale"})
    assert "has no effect right now" in shown(page)
    assert "Whale whale Hidden" in side(page, "Without the rule")
    over = hiding | {"preview_q": "whale", "starts_at": "2020-01-01T00:00", "ends_at": "2020-02-01T00:00"}
    assert "has no effect right now" in shown(staff.post(NEW, over))


def test_an_unfinished_rule_is_previewed_and_an_unreadable_one_says_why_not(staff, items):
    page = staff.post(NEW, {"condition": "always", "preview_q": ""})
    assert "A name must have" not in shown(page)
    assert side(page, "With the rule")[0] == "Whale"
    page = staff.post(NEW, FIELDS | {"preview_q": "whale", "hide_filter": "year >"})
    assert "The filter ends too early." in shown(page)
    assert "Without the rule" not in page.content.decode()
    page = staff.post(NEW, FIELDS | {"preview_q": "x" * 3_000, "hidden_items_item": "one"})
    assert "at most 2,000 characters" in shown(page)


@pytest.mark.parametrize(
    ("button", "pins", "hidden"),
    [
        ({"pin": "three"}, [("one", "1"), ("three", "2")], ["two"]),
        ({"pin": "two"}, [("one", "1"), ("two", "2")], []),
        ({"unpin": "one"}, [], ["two"]),
        ({"hide": "one"}, [], ["two", "one"]),
        ({"unhide": "two"}, [("one", "1")], []),
    ],
)
def test_buttons_pin_hide_and_let_go_without_saving(staff, items, button, pins, hidden):
    data = FIELDS | {
        "preview_q": "whale",
        "pins_item": ["one", ""],
        "pins_position": ["1", ""],
        "hidden_items_item": "two",
    }
    form = staff.post(NEW, data | button).context["form"]
    assert [(row.external_id, row.position) for row in form.pin_rows()] == pins
    assert [row.external_id for row in form.hidden_rows()] == hidden
    assert not SearchRule.objects.exists()


def test_a_boost_is_taken_out_by_its_button(staff, items):
    boosts = {"boosts_filter": ["year > 1", "year > 2", ""], "boosts_amount": ["0.1", "0.2", ""], "unboost": "0"}
    form = staff.post(NEW, FIELDS | boosts).context["form"]
    assert form["boosts"].value() == [{"filter": "year > 2", "amount": "0.2"}]


def test_an_item_without_a_position_gets_the_next_free_one(staff, items):
    data = FIELDS | {"pins_item": ["one", "two"], "pins_position": ["1", ""], "save": "yes"}
    staff.post(NEW, data)
    assert SearchRule.objects.get().pins == [{"item": "one", "position": 1}, {"item": "two", "position": 2}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "Taken"}, "Another rule already has this name"),
        ({"queries": ""}, "Enter the queries it applies to"),
        ({"queries": "whale, !!!"}, "“!!!” contains no word"),
        ({"condition": "sometimes"}, "Select a valid choice"),
        ({"hidden_items_item": ""}, "A rule must pin, hide or boost something"),
        ({"hidden_items_item": "nowhere"}, "There is no item “nowhere”"),
        ({"hidden_items_item": "a\0b"}, "There is no item"),
        ({"pins_item": "one", "pins_position": "1"}, "“one” is both pinned and hidden"),
        ({"pins_item": "two", "pins_position": "first"}, "A position must be a number"),
        ({"pins_item": "two", "pins_position": "0"}, "A position must be from 1"),
        ({"pins_item": "", "pins_position": "4"}, "There is no item “”"),
        ({"pins_item": ["two", "three"], "pins_position": ["4", "4"]}, "Two items are pinned to position 4"),
        ({"hide_filter": "colour = red"}, "Unknown field “colour”"),
        ({"boosts_filter": "year > ", "boosts_amount": "0.1"}, "The filter ends too early."),
        ({"boosts_filter": "", "boosts_amount": "0.1"}, "Enter a filter for the items to boost"),
        ({"boosts_filter": "year > 1", "boosts_amount": "2"}, "A boost must be between"),
        ({"boosts_filter": "year > 1", "boosts_amount": "nan"}, "A boost must be between"),
        ({"boosts_filter": "year > 1", "boosts_amount": "much"}, "A boost must be a number"),
        ({"starts_at": "2030-01-02T00:00", "ends_at": "2030-01-01T00:00"}, "The end must be after the start"),
        ({"starts_at": "soon"}, "Enter a valid date"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(staff, items, change, message):
    make_rule("Taken", hidden_items=["one"])
    response = staff.post(NEW, FIELDS | {"hidden_items_item": "one", "save": "yes"} | change)
    assert response.status_code == 400
    assert "Correct what is marked in red" in response.content.decode().split('id="preview"')[1]
    assert message in shown(response).replace("&quot;", '"')
    assert SearchRule.objects.count() == 1


def test_a_rule_for_a_search_is_begun_from_its_page(staff, items):
    assert "New rule for this search" in shown(staff.get("/search", {"q": "whale"}))
    page = staff.get(NEW, {"q": "whale"})
    assert page.context["form"].instance.queries == "whale"
    assert side(page, "With the rule")[0] == "Whale whale"


def test_staff_see_on_the_search_page_which_rule_acted_and_visitors_do_not(staff, items):
    rule = make_rule(
        "Secret plan", pins=[{"item": "other", "position": 1}], boosts=[{"filter": "year = 2000", "amount": 0.3}]
    )
    page = staff.get("/search", {"q": "whale"}).content.decode()
    assert page.count(f'href="/staff/rules/{rule.pk}/"') == 3
    assert "Pinned" in page
    visited = shown(Client().get("/search", {"q": "whale"}))
    assert "Secret plan" not in visited
    assert "Placed here by this site" in visited
    assert "Moved up by this site" in visited


def test_a_rule_that_is_gone_is_404(staff):
    for address in ("/staff/rules/1/", "/staff/synonyms/1/"):
        assert staff.get(address).status_code == 404
    for address in (
        "/staff/rules/1/switch",
        "/staff/rules/1/delete",
        "/staff/synonyms/1/switch",
        "/staff/synonyms/1/delete",
    ):
        assert staff.post(address).status_code == 404
