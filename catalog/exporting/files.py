"""Rows as files, in pieces: one object per line, an array of objects, or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

CONTENT_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8", "json": "application/json"}
CHUNK_CHARACTERS = 64 * 1024


def json_file(rows: Iterable[Mapping[str, Any]], *, lines: bool) -> Iterator[bytes]:
    """One object per line, or an array of objects."""
    before, between, after = ("", "\n", "\n") if lines else ("[\n", ",\n", "\n]\n")
    texts = (json.dumps(row, ensure_ascii=False) for row in rows)
    first = next(texts, None)
    if first is None:
        return iter([] if lines else [b"[]\n"])
    return _in_chunks(chain([before + first], (between + text for text in texts), [after]))


def csv_file(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """The cells unchanged: the caller escapes what a spreadsheet would take for a formula."""
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
    """Write the pieces to a temporary file and move it into place when complete; return the bytes. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            size_bytes = sum(file.write(piece) for piece in pieces)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return size_bytes
