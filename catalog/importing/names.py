"""Finds columns by their names, if no mapping says which is meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from catalog.importing.mapping import Source
from catalog.importing.rows import FileUnreadable, Row

COLUMNS_SHOWN = 20
_BETWEEN_WORDS = re.compile(r"[\s\-]+")


@lru_cache(maxsize=4096)
def plain(column: str) -> str:
    """`External ID` as `external_id`."""
    return _BETWEEN_WORDS.sub("_", column.strip()).casefold()


def columns_of(values: Mapping[str, Any]) -> Mapping[str, str]:
    """The columns of a row by their plain names; a column already in plain form takes precedence."""
    return _by_plain_name(tuple(values))


@lru_cache(maxsize=256)
def _by_plain_name(columns: tuple[str, ...]) -> Mapping[str, str]:
    return {plain(column): column for column in columns} | {column: column for column in columns}


def source_named(names: Sequence[str], values: Mapping[str, Any], columns: Mapping[str, str]) -> Source | None:
    """The first of the names under which the row has a value. `columns` are those of the row."""
    for name in names:
        source = Source(path=columns.get(name, name))
        if source.value_in(values) not in (None, ""):
            return source
    return None


class NeededColumns:
    """Whether a file has the columns that every row needs.

    `names` gives the possible names of each field; for a mapped field, `mapped` says where it is. A file without them
    is refused as a whole, with a list of the columns it has, rather than row by row.
    """

    def __init__(self, names: Mapping[str, Sequence[str]], *, mapped: Mapping[str, Source]) -> None:
        self._names = {field: (mapped[field].path,) if field in mapped else own for field, own in names.items()}
        self._mapped = mapped
        self._missing = set(names)
        self._columns: dict[str, None] = {}

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows, examined as they pass."""
        for row in rows:
            if self._missing:
                self._look_at(row)
            yield row

    def look_in(self, rows: Iterable[Row]) -> None:
        """Read until all needed columns have been seen. Raises FileUnreadable."""
        for _ in self.watch(rows):
            if not self._missing:
                return
        self.check()

    def check(self) -> None:
        """Raises FileUnreadable, unless all rows seen were broken or there were none."""
        if not self._columns:
            return
        for field in (field for field in self._names if field in self._missing):
            columns = list(self._columns)
            more = ", ..." if len(columns) > COLUMNS_SHOWN else ""
            raise FileUnreadable(
                f"No row has the field {field}, looked up as {' or '.join(self._names[field])}. "
                f"The file has {', '.join(columns[:COLUMNS_SHOWN])}{more}. Use a mapping to say where {field} is."
            )

    def _look_at(self, row: Row) -> None:
        columns = columns_of(row.values)
        self._columns.update(dict.fromkeys(row.values))
        for field in tuple(self._missing):
            known = {} if field in self._mapped else columns
            sources = (Source(path=known.get(name, name)) for name in self._names[field])
            if any(source.value_in(row.values) is not None for source in sources):
                self._missing.remove(field)
