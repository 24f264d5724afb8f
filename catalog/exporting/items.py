"""Items as files that the import reads back without loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from catalog.exporting.files import csv_file, json_file
from catalog.importing.cells import ATTRIBUTE_PREFIX, written_cell
from catalog.importing.csv_reader import escaped
from catalog.items.checks import FIELDS, MAX_INTEGER
from catalog.models import Attribute, Item

# A page is held in memory as a whole, and an item may have a megabyte of text.
ITEMS_A_PAGE = 100
TEXT_FIELDS = tuple(name for name in FIELDS if name not in ("attributes", "published"))


def export_items(file_format: str) -> Iterator[bytes]:
    """Yield a file of all items in pieces, in order of id.

    Items are read a page at a time by id, with one statement per page, so memory is bounded and no cursor is held open.
    CSV cannot distinguish an attribute that is an empty text from a missing one.
    """
    items = chain.from_iterable(_pages())
    if file_format == "csv":
        names = list(Attribute.objects.by_name())
        columns = [*TEXT_FIELDS, "published", *(f"{ATTRIBUTE_PREFIX}{name}" for name in names)]
        return csv_file(columns, (_cells(item, names) for item in items))
    return json_file((_values(item) for item in items), lines=file_format == "ndjson")


def _pages() -> Iterator[list[Item]]:
    after = 0
    while page := list(Item.objects.after(after)[:ITEMS_A_PAGE]):
        yield page
        after = page[-1].pk


def _values(item: Item) -> dict[str, Any]:
    attributes = {name: _exact(value) for name, value in item.attributes.items()}
    return {name: getattr(item, name) for name in FIELDS} | {"attributes": attributes}


def _cells(item: Item, names: Sequence[str]) -> Iterator[str]:
    for name in TEXT_FIELDS:
        yield escaped(getattr(item, name))
    yield written_cell(item.published)
    for name in names:
        yield written_cell(_exact(item.attributes.get(name)))


def _exact(value: Any) -> Any:
    """PostgreSQL returns a large float without a fraction as an integer, which no import would accept."""
    is_large = isinstance(value, int) and abs(value) > MAX_INTEGER
    return float(value) if is_large else value
