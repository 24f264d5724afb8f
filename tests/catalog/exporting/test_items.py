"""Exported items can be imported again without loss."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from catalog.exporting.items import ITEMS_A_PAGE, export_items
from catalog.importing.cells import read_cell, written_cell
from catalog.items.checks import FIELDS
from catalog.models import Attribute, Item
from tests.factories import make_item, make_items

FORMATS = ["csv", "json", "ndjson"]
#: Values that are difficult in CSV, JSON and spreadsheets.
HOSTILE: list[dict[str, Any]] = [
    {"external_id": "=1+1", "title": "=cmd|' /C calc'!A0", "body": "+1\n-2\r\n@SUM(A1)\ttab"},
    {"external_id": "'quoted", "title": "'=already escaped", "category": "a,b;c|d", "body": '"quotes" and, commas'},
    {"external_id": "007", "title": "1984", "language": "pt-BR", "published": False},
    {"external_id": "日本", "title": "Ñandú 🎬\u2028line", "image": "https://example.org/a.png?b=c&d=é"},
    {
        "external_id": "attributes",
        "title": "Every kind",
        "attributes": {
            "genres": ["Drama", "a,b", '"', "=x", "line\nbreak"],
            "no_tags": [],
            "year": 1999,
            "rating": -7.25,
            "small": 0.00001,
            "large": 2**53,
            "huge": 1e300,
            "seen": False,
            "imdb_id": "tt0111161",
            "url": "https://example.org",
            "code": "0123",
            "digits": "1999",
            "truth": "true",
            "formula": "@SUM(1)",
            "list-like": '["not", "a list"]',
            "quoted": "'1999",
            "spaced": "  in the middle  ",
            "title": "not the title",
            "attributes.x": "nested name",
            "ünïcode name, with comma": "x",
        },
    },
]


def everything() -> list[dict[str, Any]]:
    return [{name: getattr(item, name) for name in FIELDS} for item in Item.objects.order_by("pk")]


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_round_trip_through_a_file_loses_nothing(db, tmp_path: Path, file_format):
    make_items(HOSTILE)
    before = everything()
    file = tmp_path / f"items.{file_format}"
    call_command("export_items", str(file))
    Item.objects.all().delete()
    Attribute.objects.all().delete()
    call_command("import_items", str(file))
    assert everything() == before
    assert Item.objects.get(external_id="attributes").attributes["year"] == 1999


@pytest.mark.parametrize("file_format", FORMATS)
def test_importing_an_export_again_changes_nothing(db, tmp_path: Path, file_format, capsys):
    make_items(HOSTILE)
    file = tmp_path / f"items.{file_format}"
    call_command("export_items", str(file))
    call_command("import_items", str(file))
    assert f"0 created, 0 updated, {len(HOSTILE)} unchanged, 0 rejected" in capsys.readouterr().out


def test_no_cell_of_a_csv_file_is_a_formula(db):
    make_items(HOSTILE)
    rows = list(csv.reader(io.StringIO(b"".join(export_items("csv")).decode(), newline="")))
    numbers = ["-7.25"]
    cells = [cell for row in rows for cell in row if cell not in numbers]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("file_format", FORMATS)
def test_more_items_than_a_page_are_all_there_once(db, file_format, django_assert_num_queries):
    names = [f"i{number:04}" for number in range(2 * ITEMS_A_PAGE + 1)]
    make_items([{"external_id": name} for name in names])
    with django_assert_num_queries(4 + (file_format == "csv")):  # three pages and the empty one; names of columns
        text = b"".join(export_items(file_format)).decode()
    if file_format == "csv":
        found = [row["external_id"] for row in csv.DictReader(io.StringIO(text))]
    else:
        rows = json.loads(text) if file_format == "json" else map(json.loads, text.splitlines())
        found = [row["external_id"] for row in rows]
    assert found == names


@pytest.mark.parametrize(("file_format", "text"), [("json", "[]\n"), ("ndjson", "")])
def test_an_empty_catalogue_is_a_valid_file(db, file_format, text):
    assert b"".join(export_items(file_format)).decode() == text


def test_a_file_is_replaced_only_when_all_is_written(db, tmp_path: Path):
    file = tmp_path / "items.ndjson"
    file.write_text("older\n")
    make_item("a")
    call_command("export_items", str(file))
    assert json.loads(file.read_text())["external_id"] == "a"
    assert [path.name for path in tmp_path.iterdir()] == ["items.ndjson"]


def test_a_format_that_is_not_known_is_refused(db, tmp_path: Path):
    with pytest.raises(CommandError, match="give --format"):
        call_command("export_items", str(tmp_path / "items.xlsx"))


storable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(storable.filter(str.strip))
def test_any_text_survives_a_cell(text):
    assert read_cell(written_cell(text), Attribute.Kind.TEXT) == text


@given(st.lists(storable))
def test_any_list_survives_a_cell(texts):
    assert read_cell(written_cell(texts), Attribute.Kind.TEXT) == texts


@given(st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_survives_a_cell(number):
    assert read_cell(written_cell(number), Attribute.Kind.NUMBER) == number
