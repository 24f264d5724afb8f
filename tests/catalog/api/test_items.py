"""Items through the API: read, written one by one and in bulk."""

from __future__ import annotations

import json

import pytest

from catalog.models import EmbeddingState, Item
from tests.callers import problem
from tests.factories import make_item, make_items, make_version
from tests.full_disk import no_room_in

ITEMS = "/api/v1/items"


def external_ids(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [item["external_id"] for item in response.json()["results"]]


def test_a_new_item_is_created_and_the_same_again_replaces_it(writer):
    body = {"external_id": "a", "title": "Alien", "attributes": {"year": 1979, "genres": ["Horror"]}}
    created = writer.post(ITEMS, body, format="json")
    assert created.status_code == 201
    assert writer.get(created["Location"]).json() == created.json()
    assert created.json() | body == created.json()
    replaced = writer.post(ITEMS, {"external_id": "a", "title": "Aliens"}, format="json")
    assert replaced.status_code == 200
    assert replaced.json()["id"] == created.json()["id"]
    assert (replaced.json()["title"], replaced.json()["attributes"]) == ("Aliens", {})


def test_a_full_disk_is_told_as_what_it_is(writer):
    with no_room_in("catalog_item"):
        refused = writer.post(ITEMS, {"external_id": "a", "title": "Alien"}, format="json")
    problem(refused, 503, "insufficient_storage")
    assert "no disk space left" in refused.json()["detail"]
    assert refused["Retry-After"] == "5"
    assert writer.post(ITEMS, {"external_id": "a", "title": "Alien"}, format="json").status_code == 201


def test_put_replaces_and_patch_changes(writer):
    item = make_item("a", "Alien", body="In space", category="Horror")
    address = f"{ITEMS}/{item.pk}"
    patched = writer.patch(address, {"category": "Science fiction"}, format="json").json()
    assert (patched["title"], patched["body"], patched["category"]) == ("Alien", "In space", "Science fiction")
    put = writer.put(address, {"title": "Alien"}, format="json").json()
    assert (put["external_id"], put["body"], put["category"]) == ("a", "", "")


def test_patch_changes_the_attributes_given_and_removes_those_that_are_null(writer):
    item = make_item("a", attributes={"price": 5, "stock": 2, "colours": ["red"]})
    patched = writer.patch(f"{ITEMS}/{item.pk}", {"attributes": {"price": 4, "stock": None}}, format="json").json()
    assert patched["attributes"] == {"price": 4, "colours": ["red"]}


def test_the_external_id_of_an_item_stays(writer):
    item = make_item("a")
    response = writer.patch(f"{ITEMS}/{item.pk}", {"external_id": "b"}, format="json")
    problem(response, 400, "invalid_item", "external_id")
    assert Item.objects.get().external_id == "a"


def test_a_written_item_is_in_the_ledger_and_a_deleted_one_is_not(writer):
    version = make_version()
    pk = writer.post(ITEMS, {"external_id": "a", "title": "Alien"}, format="json").json()["id"]
    assert EmbeddingState.objects.of(version).counts()["pending"] == 1
    assert writer.delete(f"{ITEMS}/{pk}").status_code == 204
    assert not EmbeddingState.objects.exists()
    problem(writer.get(f"{ITEMS}/{pk}"), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "No key"}, "external_id"),
        ({"external_id": "a"}, "title"),
        ({"external_id": "a", "title": "A", "colour": "red"}, "colour"),
        ({"external_id": "a", "title": ["A"]}, "title"),
        ({"external_id": "a", "title": "A\0"}, "title"),
        ({"external_id": "a", "title": "A", "image": "javascript:alert(1)"}, "image"),
        ({"external_id": "a", "title": "A", "published": "perhaps"}, "published"),
        ({"external_id": "a", "title": "A", "attributes": {"deep": {"er": 1}}}, "attributes.deep"),
        ({"external_id": "a", "title": "A", "attributes": {"n": 2**60}}, "attributes.n"),
        ([], ""),
    ],
)
def test_an_item_that_cannot_be_kept_is_refused_with_its_field(writer, body, field):
    problem(writer.post(ITEMS, body, format="json"), 400, "invalid_item", field)
    assert not Item.objects.exists()


def test_lone_surrogates_are_refused(writer):
    body = '{"external_id": "a", "title": "\\ud800"}'
    problem(writer.post(ITEMS, body, content_type="application/json"), 400, "invalid_item", "title")


def test_pages_follow_one_another_and_end(searcher):
    make_items([{"external_id": f"i{number}"} for number in range(5)])
    seen, cursor = [], None
    for _ in range(3):
        page = searcher.get(ITEMS, {"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += external_ids(page)
        cursor = page.json()["next"]
    assert seen == ["i0", "i1", "i2", "i3", "i4"]
    assert cursor is None


def test_a_page_costs_the_same_queries_however_long_it_is(searcher, django_assert_num_queries):
    make_items([{"external_id": f"i{number}"} for number in range(30)])
    with django_assert_num_queries(2):  # the key, the items
        assert len(external_ids(searcher.get(ITEMS, {"limit": 30}))) == 30


def test_items_are_filtered(searcher):
    make_items(
        [
            {"external_id": "old", "attributes": {"year": 1950}},
            {"external_id": "new", "attributes": {"year": 2020}},
            {"external_id": "none"},
        ]
    )
    assert external_ids(searcher.get(ITEMS, {"filter": "year > 2000"})) == ["new"]
    assert external_ids(searcher.get(ITEMS, {"filter": "year NOT EXISTS"})) == ["none"]


def test_unpublished_items_exist_for_writers_only(searcher, writer):
    item = make_item("draft", published=False)
    for client, status, found in ((searcher, 404, []), (writer, 200, ["draft"])):
        assert client.get(f"{ITEMS}/{item.pk}").status_code == status
        assert external_ids(client.get(ITEMS)) == found


def test_bulk_saves_the_good_rows_and_says_what_is_wrong_with_the_others(writer):
    make_item("there", "There")
    rows = [
        {"external_id": "new", "title": "New"},
        {"external_id": "", "title": "No key"},
        {"external_id": "there", "title": "There"},
        "no object",
        {"external_id": "new", "title": "Again"},
        {"external_id": "typed", "title": "Typed", "attributes": {"year": [1]}},
        None,
        {"external_id": "large", "title": "Large", "attributes": {"year": "1e999"}},
    ]
    body = json.dumps({"items": rows}).replace('"1e999"', "1e999")
    report = writer.post(f"{ITEMS}/bulk", body, content_type="application/json").json()
    assert (report["created"], report["updated"], report["unchanged"]) == (1, 0, 1)
    assert [(row["index"], row["field"]) for row in report["refused"]] == [
        (1, "external_id"),
        (3, ""),
        (4, "external_id"),
        (5, "attributes.year"),
        (6, ""),
        (7, "attributes.year"),
    ]
    assert all(row["reason"] for row in report["refused"])
    assert set(Item.objects.values_list("external_id", flat=True)) == {"new", "there"}


def test_bulk_changes_fields_and_attributes_and_leaves_the_others(writer):
    make_item("tea", "Green tea", body="Leaves", attributes={"price": 5, "grams": 100})
    make_item("cup", "Cup", attributes={"price": 9})
    rows = [
        {"external_id": "tea", "attributes": {"price": 4, "grams": None}},
        {"external_id": "gone", "attributes": {"price": 1}},
        {"external_id": " cup ", "attributes": {"price": 9}},
        "no object",
        {"attributes": {"price": 1}},
        {"external_id": "tea", "title": "Again"},
        {"external_id": "cup\0", "title": "No key"},
    ]
    report = writer.patch(f"{ITEMS}/bulk", {"items": rows}, format="json").json()
    assert (report["created"], report["updated"], report["unchanged"]) == (0, 1, 1)
    assert [(row["index"], row["field"]) for row in report["refused"]] == [
        (1, "external_id"),
        (3, ""),
        (4, "external_id"),
        (5, "external_id"),
        (6, "external_id"),
    ]
    tea = Item.objects.get(external_id="tea")
    assert (tea.title, tea.body, tea.attributes) == ("Green tea", "Leaves", {"price": 4})
    assert Item.objects.count() == 2


def test_bulk_change_refuses_what_the_whole_item_cannot_be(writer):
    make_item("tea", attributes={"price": 5})
    rows = [{"external_id": "tea", "title": "", "attributes": {"price": "dear"}}]
    report = writer.patch(f"{ITEMS}/bulk", {"items": rows}, format="json").json()
    assert [(row["index"], row["field"]) for row in report["refused"]] == [(0, "title")]
    assert Item.objects.get().attributes == {"price": 5}


def test_bulk_changes_need_a_key_that_may_write(searcher):
    make_item("tea")
    problem(
        searcher.patch(f"{ITEMS}/bulk", {"items": [{"external_id": "tea"}]}, format="json"), 403, "permission_denied"
    )


@pytest.mark.parametrize("count", [0, 1001])
def test_bulk_takes_one_to_a_thousand_rows(writer, count):
    rows = [{"external_id": str(number), "title": "T"} for number in range(count)]
    response = writer.post(f"{ITEMS}/bulk", {"items": rows}, format="json")
    assert problem(response, 400, "min_length" if count == 0 else "max_length", "items")


def test_several_items_are_deleted_by_external_id(writer):
    make_items([{"external_id": name} for name in "abc"])
    response = writer.post(f"{ITEMS}/delete", {"external_ids": ["a", "c", "gone"]}, format="json")
    assert response.json() == {"deleted": 2}
    assert Item.objects.get().external_id == "b"


def test_an_id_beyond_all_numbers_is_not_found(searcher):
    problem(searcher.get(f"{ITEMS}/{10**40}"), 404, "not_found")
