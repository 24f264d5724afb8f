"""Which column fills which field."""

import tomllib
from pathlib import Path

import pytest
from django.conf import settings

from catalog.importing.items import ItemLoader
from catalog.importing.mapping import Mapping, MappingError, Source
from catalog.importing.rows import Row, RowFault


def item_of(values, *, mapping=None, cell_kinds=None):
    loader = ItemLoader(mapping=Mapping.parse(mapping or {}), cell_kinds=cell_kinds)
    return loader.item_of(Row(line=1, values=values))


@pytest.mark.parametrize(
    ("path", "row", "expected"),
    [
        ("a", {"a": 1}, 1),
        ("a", {}, None),
        ("a.b", {"a": {"b": 2}}, 2),
        ("a.b", {"a.b": 3, "a": {"b": 2}}, 3),
        ("a[1]", {"a": [1, 2]}, 2),
        ("a[2]", {"a": [1, 2]}, None),
        ("a[0].b", {"a": [{"b": "x"}]}, "x"),
        ("a.b.c", {"a": {"b": "text"}}, None),
        ("a[0]", {"a": {"0": 1}}, None),
    ],
)
def test_a_path_leads_into_nested_values(path, row, expected):
    assert Source.parse("x", path).value_in(row) == expected


def test_texts_are_split_into_lists_without_blanks():
    source = Source.parse("x", {"from": "genres", "split": "|"})
    assert source.value_in({"genres": "Drama| War ||"}) == ["Drama", "War"]
    assert source.value_in({"genres": ["kept"]}) == ["kept"]
    assert source.value_in({}) is None


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ([], "mapping: a table"),
        ({"colums": {}}, "colums: unknown key"),
        ({"format": "xml"}, "format: use one of csv, json, ndjson"),
        ({"fields": {"colour": "x"}}, "fields.colour: no such field"),
        ({"fields": {"title": 7}}, "fields.title: use a column"),
        ({"fields": {"title": ""}}, "fields.title: use a column"),
        ({"fields": {"title": {"from": "a", "join": ","}}}, "fields.title: use a column"),
        ({"fields": {"title": {"from": "a", "split": 1}}}, "fields.title: use a column"),
        ({"fields": "title"}, "fields: a table"),
        ({"kinds": {"x": "date"}}, "kinds.x: use one of text, number, boolean"),
        ({"interactions": {"who": "x"}}, "interactions.who: no such field"),
        ({"interactions": {"user_prefix": 1}}, "user_prefix: text"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_with_its_place(mapping, message):
    with pytest.raises(MappingError, match=message):
        Mapping.parse(mapping)


def test_the_mapping_of_the_documentation_is_read():
    mapping = Mapping.parse(tomllib.loads(Path(settings.BASE_DIR / "docs/mappings/movies.toml").read_text()))
    assert mapping.fields["category"].path == "genres[0]"
    assert set(mapping.attributes or {}) == {"year", "genres", "cast"}


def test_without_a_mapping_columns_are_known_by_their_names():
    item = item_of(
        {
            "sku": 7,
            "name": "Chair",
            "description": "Wood.",
            "genres": ["Home", "Garden"],
            "lang": "en",
            "image_url": "https://example.com/x.png",
            "price": 3.5,
            "supplier_id": 9,
            "url": "https://example.com",
        }
    )
    assert item == {
        "external_id": "7",
        "title": "Chair",
        "body": "Wood.",
        "category": "Home",
        "language": "en",
        "image": "https://example.com/x.png",
        "attributes": {"genres": ["Home", "Garden"], "price": 3.5},
    }


def test_case_spaces_and_hyphens_of_columns_do_not_count():
    row = {"SKU": "7", "Name": "Chair", "Image URL": "https://example.com/x.png", "In stock": True, "Product URL": "x"}
    assert item_of(row) == {
        "external_id": "7",
        "title": "Chair",
        "image": "https://example.com/x.png",
        "attributes": {"In stock": True},
    }
    assert item_of({"External-ID": "a", "id": "b", "title": "x", "Title": "y"})["external_id"] == "a"
    assert item_of({"id": "b", "Title": "y", "title": "x"})["title"] == "x"


def test_a_mapping_says_which_columns_fill_what_and_others_are_left_out():
    mapping = {
        "fields": {"external_id": "code", "title": "names[1]"},
        "attributes": {"price": "cost.net", "tags": {"from": "tags", "split": ";"}},
    }
    row = {"code": "x", "names": ["a", "b"], "id": "other", "cost": {"net": 2}, "tags": "a;b", "more": 1}
    item = item_of(row, mapping=mapping)
    assert item == {"external_id": "x", "title": "b", "attributes": {"price": 2, "tags": ["a", "b"]}}


def test_an_object_of_attributes_is_taken_over():
    assert item_of({"id": "x", "title": "X", "attributes": {"a": 1}, "b": 2})["attributes"] == {"a": 1, "b": 2}


def test_csv_cells_become_numbers_truth_and_lists_by_the_kind_of_their_column():
    kinds = {"year": "number", "seen": "boolean", "code": "text", "tags": "text"}
    row = {
        "id": "007",
        "title": "'=1+1",
        "published": "No",
        "year": " 1990 ",
        "seen": "yes",
        "code": "'-5",
        "tags": '["a", "b"]',
        "empty": " ",
        "attributes.size": "XL",
    }
    assert item_of(row, cell_kinds=kinds) == {
        "external_id": "007",
        "title": "=1+1",
        "published": False,
        "attributes": {"year": 1990, "seen": True, "code": "-5", "tags": ["a", "b"], "size": "XL"},
    }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"year": "old"}, "attributes.year: expected a number, not 'old'"),
        ({"seen": "maybe"}, "attributes.seen: expected true or false, not 'maybe'"),
        ({"published": "perhaps"}, "expected true or false"),
    ],
)
def test_a_cell_of_another_kind_than_its_column_is_a_bad_row(row, message):
    with pytest.raises(RowFault, match=message):
        item_of({"id": "x", "title": "X"} | row, cell_kinds={"year": "number", "seen": "boolean"})
