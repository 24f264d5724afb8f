"""Rows of a CSV file with a header."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from catalog.importing.lines import Line, read_lines
from catalog.importing.rows import MAX_ROW_BYTES, FileUnreadable, Row, RowFault

DELIMITERS = (",", ";", "\t", "|")
# The csv module's limit applies to the whole process; its default refuses a field of more than 128 KB.
csv.field_size_limit(MAX_ROW_BYTES)
# Spreadsheets evaluate text that begins like this as a formula. A leading quote keeps it text.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def escaped(cell: str) -> str:
    """The cell as written, so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def unescaped(cell: str) -> str:
    """The inverse of `escaped`."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


class _Feed(Iterator[str]):
    """Feeds lines to a csv reader, and those of a record that ran on too long a second time, as after a lost quote."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._record: list[Line] = []
        self._again: deque[Line] = deque()
        self._bytes = 0

    @property
    def start(self) -> int:
        """The line on which the record begins."""
        return self._record[0].number if self._record else 0

    @property
    def end(self) -> int:
        return self._record[-1].number if self._record else 0

    def begin_record(self) -> None:
        self._bytes = 0
        self._record.clear()

    def take_back(self) -> None:
        """Feed the record's lines again, all but the first."""
        self._again.extendleft(reversed(self._record[1:]))

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._record.append(line)
        text = line.text()
        self._bytes += len(line.raw or b"")
        if self._bytes > MAX_ROW_BYTES:
            raise _Endless
        return text


class _Endless(Exception):
    """The record does not end."""


def read_csv(file: BinaryIO) -> Iterator[Row]:
    """Yield the rows, all values as text. Raises FileUnreadable if the header is unusable."""
    feed = _Feed(read_lines(file))
    try:
        first = next(feed, "")
        delimiter = max(DELIMITERS, key=first.count)
        # The header may span several lines; it is read by the same reader as the rest.
        header = _header(next(csv.reader(chain([first], feed), delimiter=delimiter, strict=True), []))
    except (csv.Error, RowFault, _Endless) as error:
        raise FileUnreadable(f"The header cannot be read. {error or _Endless.__doc__}") from error
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, RowFault, _Endless) as error:
            yield Row(line=feed.start, fault=_broken(feed, error))
            # The old reader is dropped along with its remains of the broken record.
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
            continue
        if len(cells) == len(header):
            yield Row(line=feed.start, values={n: c for n, c in zip(header, cells, strict=True) if n})
        elif cells:
            yield Row(line=feed.start, fault=f"The row has {len(cells)} cells but the header has {len(header)}.")


def _broken(feed: _Feed, error: Exception) -> str:
    """Why a record cannot be read. If it never ends, the lines after the first are read again as rows."""
    if isinstance(error, _Endless) or "unexpected end of data" in str(error):
        feed.take_back()
        return "A closing quote is missing."
    if feed.end > feed.start:
        return f"{error} The row takes up lines {feed.start} to {feed.end}. Is a quote missing?"
    return str(error)


def _header(cells: list[str]) -> list[str]:
    """The column names; a column without a name is left out of the rows."""
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise FileUnreadable("The first line must name the columns.")
    if doubled := sorted(name for name, count in Counter(names).items() if name and count > 1):
        raise FileUnreadable(f"Two columns are named {doubled[0]!r}.")
    return names
