"""Items as files: what the import reads again, without loss."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from catalog.importing.cells import ATTRIBUTE_PREFIX, written_cell
from catalog.importing.csv_reader import escaped
from catalog.items.checks import FIELDS, MAX_INTEGER
from catalog.models import Attribute, Item

CONTENT_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8", "json": "application/json"}
# A page is held in memory whole, and an item may have a megabyte of text.
ITEMS_A_PAGE = 100
CHUNK_CHARACTERS = 64 * 1024
TEXT_FIELDS = tuple(name for name in FIELDS if name not in ("attributes", "published"))


def export_items(file_format: str) -> Iterator[bytes]:
    """Yield a file of all items in pieces, in the order of their ids.

    Read a page at a time by id, in a statement of its own each, so memory is bounded and no cursor is held open.
    CSV cannot tell an attribute that is an empty text from one that is not there.
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
    """PostgreSQL gives back a large float without a fraction as an integer, which no import would take."""
    is_large = isinstance(value, int) and abs(value) > MAX_INTEGER
    return float(value) if is_large else value


def json_file(rows: Iterable[Mapping[str, Any]], *, lines: bool) -> Iterator[bytes]:
    """An object a line, or else an array of them."""
    before, between, after = ("", "\n", "\n") if lines else ("[\n", ",\n", "\n]\n")
    texts = (json.dumps(row, ensure_ascii=False) for row in rows)
    first = next(texts, None)
    if first is None:
        return iter([] if lines else [b"[]\n"])
    return _in_chunks(chain([before + first], (between + text for text in texts), [after]))


def csv_file(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """The cells as they are: whoever makes them escapes what a spreadsheet would take for a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")

    def line(cells: Iterable[str]) -> str:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(cells)
        return buffer.getvalue()

    return _in_chunks(chain([line(columns)], map(line, rows)))


def _in_chunks(texts: Iterable[str]) -> Iterator[bytes]:
    held = io.StringIO()
    for text in texts:
        held.write(text)
        if held.tell() >= CHUNK_CHARACTERS:
            yield held.getvalue().encode()
            held = io.StringIO()
    if rest := held.getvalue():
        yield rest.encode()


def write_file(path: Path, pieces: Iterable[bytes]) -> int:
    """Write the pieces beside the file and move them there when all are written; return their bytes. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            size_bytes = sum(file.write(piece) for piece in pieces)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return size_bytes
