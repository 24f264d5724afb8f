"""Rows of a CSV file with a header."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from catalog.importing.lines import TOO_LONG, Line, read_lines
from catalog.importing.rows import MAX_ROW_BYTES, FileUnreadable, Row, RowFault

DELIMITERS = (",", ";", "\t", "|")
# The limit of the csv module is for the whole process; its default refuses a field of more than 128 KB.
csv.field_size_limit(MAX_ROW_BYTES)
# Spreadsheets run text that begins like this as a formula. A quote before it keeps it text.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def escaped(cell: str) -> str:
    """The cell as it is written, so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def unescaped(cell: str) -> str:
    """The inverse of `escaped`."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


class _Feed(Iterator[str]):
    """Hands a csv reader its lines and gives up on a record that never ends, as one with a lost quote does."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._bytes = 0
        self._line = 0
        self.start = 0

    def begin_record(self) -> None:
        self._bytes, self.start = 0, self._line + 1

    def __next__(self) -> str:
        line = next(self._lines)
        self._line = line.number
        text = line.text()
        self._bytes += len(text)
        if self._bytes > MAX_ROW_BYTES:
            raise RowFault(f"The row is {TOO_LONG}. Is a closing quote missing?")
        return text


def read_csv(file: BinaryIO) -> Iterator[Row]:
    """Yield the rows, all values as text. Raises FileUnreadable where the header is no use."""
    feed = _Feed(read_lines(file))
    try:
        first = next(feed, "")
        delimiter = max(DELIMITERS, key=first.count)
        # The header may go on over several lines; it is read by the same reader as the rest.
        header = _header(next(csv.reader(chain([first], feed), delimiter=delimiter, strict=True), []))
    except (csv.Error, RowFault) as error:
        raise FileUnreadable(f"The header cannot be read. {error}") from error
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, RowFault) as error:
            # What the reader holds of the broken record is dropped with it.
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
            yield Row(line=feed.start, fault=str(error))
            continue
        if len(cells) == len(header):
            yield Row(line=feed.start, values={n: c for n, c in zip(header, cells, strict=True) if n})
        elif cells:
            yield Row(line=feed.start, fault=f"The row has {len(cells)} cells and the header {len(header)}.")


def _header(cells: list[str]) -> list[str]:
    """The names of the columns; a column without a name is left out of the rows."""
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise FileUnreadable("The first line must name the columns.")
    if doubled := sorted({name for name in names if name and names.count(name) > 1}):
        raise FileUnreadable(f"Two columns are named {doubled[0]!r}.")
    return names
