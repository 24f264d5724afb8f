"""From rows of a file to items."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from catalog.importing.cells import ATTRIBUTE_PREFIX, guess_kinds, read_cell, truth
from catalog.importing.csv_reader import unescaped
from catalog.importing.mapping import ITEM_FIELDS
from catalog.importing.mapping import Mapping as FileMapping
from catalog.importing.names import NeededColumns, columns_of, plain, source_named
from catalog.importing.rows import Problem, Row, RowFault
from catalog.importing.runs import SAMPLE_ROWS, Loaded, RowsFromStart, work_through
from catalog.items.saving import save_items
from catalog.models import Attribute, ImportRun
from catalog.unicode import composed

# Column names for each field, likeliest first.
NAMES: dict[str, tuple[str, ...]] = {name: (name,) for name in ITEM_FIELDS} | {
    "external_id": ("external_id", "id", "sku"),
    "title": ("title", "name"),
    "body": ("body", "description", "text"),
    "category": ("category", "genres[0]"),
    "image": ("image", "image_url"),
    "language": ("language", "lang"),
}
_NO_ATTRIBUTES = {*ITEM_FIELDS, "attributes"}
# Columns that hold nothing a visitor would filter by.
_REFERENCE = re.compile(r"(.+_)?(id|ids|url|uri|href)")
_NEEDED = ("external_id", "title")
_SHORT_FIELDS = ("external_id", "title", "category")


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLoader:
    """Saves rows as items. `cell_kinds` is given for CSV files: the kinds of their columns."""

    mapping: FileMapping
    cell_kinds: Mapping[str, str] | None = None

    @classmethod
    def for_file(cls, mapping: FileMapping, *, is_csv: bool, rows: RowsFromStart) -> ItemLoader:
        """Examine the first rows of a CSV file to find the kinds of its columns; declared attributes keep their kind.

        Raises FileUnreadable if the columns of a required field are missing.
        """
        needed = NeededColumns({name: NAMES[name] for name in _NEEDED}, mapped=mapping.fields)
        sample = islice(rows(), SAMPLE_ROWS)
        if not is_csv:
            needed.look_in(sample)
            return cls(mapping=mapping)
        columns: dict[str, str] = dict(guess_kinds(row.values for row in needed.watch(sample)))
        needed.check()
        kinds = {composed(name.removeprefix(ATTRIBUTE_PREFIX)): kind for name, kind in columns.items()}
        for name, source in (mapping.attributes or {}).items():
            kinds[composed(name)] = columns.get(source.path, Attribute.Kind.TEXT)
        declared = {name: attribute.kind for name, attribute in Attribute.objects.by_name().items()}
        asked_for = {composed(name): kind for name, kind in mapping.kinds.items()}
        return cls(mapping=mapping, cell_kinds=kinds | declared | asked_for)

    def load(self, rows: Sequence[Row]) -> Loaded:
        loaded = Loaded()
        lines, items = [], []
        for row in rows:
            try:
                items.append(self.item_of(row))
            except RowFault as fault:
                loaded.problems.append(Problem(line=row.line, reason=str(fault)))
            else:
                lines.append(row.line)
        for first, last in _without_repeats(items):
            report = save_items(items[first:last])
            loaded.created += report.created
            loaded.updated += report.updated
            loaded.unchanged += report.unchanged
            for refusal in report.refusals:
                reason = f"{refusal.field}: {refusal.reason}"
                loaded.problems.append(Problem(line=lines[first + refusal.index], reason=reason))
        loaded.problems.sort(key=lambda problem: problem.line)
        return loaded

    def item_of(self, row: Row) -> dict[str, Any]:
        """The fields of one item. Raises RowFault."""
        if row.fault:
            raise RowFault(row.fault)
        item: dict[str, Any] = {}
        used = set()
        columns = columns_of(row.values)
        for name in ITEM_FIELDS:
            source = self.mapping.fields.get(name) or source_named(NAMES[name], row.values, columns)
            value = source.value_in(row.values) if source else None
            if source and value not in (None, ""):
                used.add(source.path)
                item[name] = self._field(name, value)
        return item | {"attributes": self._attributes(row, used)}

    def _field(self, name: str, value: Any) -> Any:
        if self.cell_kinds is not None and isinstance(value, str):
            value = truth(value) if name == "published" else unescaped(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if is_number and name in _SHORT_FIELDS else value

    def _attributes(self, row: Row, used: set[str]) -> dict[str, Any]:
        if self.mapping.attributes is not None:
            found = {name: source.value_in(row.values) for name, source in self.mapping.attributes.items()}
        else:
            found = {
                name.removeprefix(ATTRIBUTE_PREFIX): value
                for name, value in row.values.items()
                if name.startswith(ATTRIBUTE_PREFIX)
                or not (name in used or plain(name) in _NO_ATTRIBUTES or _REFERENCE.fullmatch(plain(name)))
            }
        attributes = {
            name: value for name, raw in found.items() if (value := self._attribute(name, raw)) not in (None, "")
        }
        return attributes | self._own_attributes(row)

    def _own_attributes(self, row: Row) -> dict[str, Any]:
        """Attributes grouped in one object, as the export writes them."""
        own = row.values.get("attributes")
        if self.mapping.attributes is not None or not isinstance(own, dict):
            return {}
        return {name: self._attribute(name, value) for name, value in own.items() if value is not None}

    def _attribute(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [entry if isinstance(entry, str) else str(entry) for entry in value if entry is not None]
        if self.cell_kinds is None or not isinstance(value, str):
            return value
        try:
            return read_cell(value, self.cell_kinds.get(composed(name), Attribute.Kind.TEXT))
        except RowFault as fault:
            raise RowFault(f"attributes.{name}: {fault}") from fault


def _without_repeats(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    """Cut the list so that no part contains an item twice, and later rows of the file replace earlier ones."""
    first = 0
    seen: set[str | None] = set()
    for position, item in enumerate(items):
        key = str(item.get("external_id")).strip()
        if key in seen:
            yield first, position
            first, seen = position, set()
        seen.add(key)
    if items:
        yield first, len(items)


def run_import(run: ImportRun, *, report: Callable[[ImportRun], None] = lambda run: None) -> None:
    """Load the remaining items of a run."""
    work_through(run, ItemLoader.for_file, report=report)
