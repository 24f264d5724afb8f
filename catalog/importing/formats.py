"""The format of a file, and its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import BinaryIO

from catalog.importing.csv_reader import read_csv
from catalog.importing.json_reader import read_json, read_ndjson
from catalog.importing.lines import BYTE_ORDER_MARK
from catalog.importing.rows import FileUnreadable, Row

READERS: dict[str, Callable[[BinaryIO], Iterator[Row]]] = {"csv": read_csv, "json": read_json, "ndjson": read_ndjson}
EXTENSIONS = {".csv": "csv", ".tsv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
_FOREIGN = {
    b"\x1f\x8b": "compressed. Unpack it first",
    b"PK\x03\x04": "a ZIP archive or a spreadsheet. Export it as CSV first",
    b"\xff\xfe": "UTF-16. Save it as UTF-8 first",
    b"\xfe\xff": "UTF-16. Save it as UTF-8 first",
}


def detect_format(file: BinaryIO, *, filename: str) -> str:
    """Return the format, by the file's name or first bytes; leaves the file at its start. Raises FileUnreadable."""
    head = file.read(4096).removeprefix(BYTE_ORDER_MARK)
    file.seek(0)
    for mark, what in _FOREIGN.items():
        if head.startswith(mark):
            raise FileUnreadable(f"The file is {what}.")
    if not head.strip():
        raise FileUnreadable("The file is empty.")
    if b"\x00" in head:
        raise FileUnreadable("The file is not text.")
    if known := EXTENSIONS.get(PurePath(filename).suffix.lower()):
        return known
    return {b"[": "json", b"{": "ndjson"}.get(head.lstrip()[:1], "csv")
