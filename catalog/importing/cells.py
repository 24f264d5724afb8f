"""Values of CSV cells, which are all text: numbers, booleans and lists are recognised by their column."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from catalog.importing.csv_reader import FORMULA
from catalog.importing.rows import RowFault
from catalog.models import Attribute

Kind = Attribute.Kind
ATTRIBUTE_PREFIX = "attributes."
# Leading zeros mark a code, not a number: 02139 stays text, as do the sixteen digits of a card.
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)
# In a column known to hold numbers, more forms are accepted.
_ANY_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_LONG_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_WRITTEN_OUT = {"true", "false"}
# Words for a missing number or boolean; in a text column they are texts.
NO_VALUE = {"n/a", "#n/a", "na", "nan", "null", "none", "-", "–", "—"}


def guess_kinds(rows: Iterable[Mapping[str, Any]]) -> dict[str, Kind]:
    """The kind of each column: that of all its non-empty cells, or text if they differ.

    Words for a missing value are ignored, unless there is nothing else.

    Columns named as in the export may hold long numbers, since the export puts a quote before texts that look like one.
    """
    kinds: dict[str, Kind] = {}
    undecided: dict[str, Kind] = {}
    for row in rows:
        for name, cell in row.items():
            bare = cell.strip()
            if bare.lower() in NO_VALUE:
                undecided[name] = Kind.TEXT
            elif bare:
                kind = _guess(bare, _LONG_NUMBER if name.startswith(ATTRIBUTE_PREFIX) else _NUMBER)
                kinds[name] = kind if kinds.get(name, kind) == kind else Kind.TEXT
    return undecided | kinds


def _guess(cell: str, number: re.Pattern[str]) -> Kind:
    if number.fullmatch(cell):
        return Kind.NUMBER
    return Kind.BOOLEAN if cell.lower() in _WRITTEN_OUT else Kind.TEXT


def read_cell(cell: str, kind: str) -> Any:
    """The cell's value, None for an empty one or a word for a missing value. Raises RowFault."""
    bare = cell.strip()
    if not bare or (kind in (Kind.NUMBER, Kind.BOOLEAN) and bare.lower() in NO_VALUE):
        return None
    if kind == Kind.NUMBER:
        return _number(bare)
    if kind == Kind.BOOLEAN:
        return truth(bare)
    if bare.startswith("["):
        return _list(bare)
    return cell[1:] if cell.startswith("'") and _needs_quote(cell) else cell


def written_cell(value: Any) -> str:
    """The cell that `read_cell` reads as this value; an empty one for None."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            digits = f"{Decimal(repr(value)):f}"
            return digits if "." in digits else f"{digits}.0"
        case list():
            return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if _needs_quote(value) else value


def _needs_quote(text: str) -> bool:
    """Whether it would be taken for a formula, or for something other than text. Leading quotes are ignored."""
    bare = text.lstrip("'").strip()
    return FORMULA.match(text) is not None or bare.startswith("[") or _guess(bare, _LONG_NUMBER) != Kind.TEXT


def truth(cell: str) -> bool:
    """Raises RowFault."""
    try:
        return TRUTH[cell.lower()]
    except KeyError:
        raise RowFault(f"expected true or false, not {cell[:50]!r}.") from None


def _number(cell: str) -> int | float:
    if not _ANY_NUMBER.fullmatch(cell):
        raise RowFault(f"expected a number, not {cell[:50]!r}.")
    return int(cell) if re.fullmatch(r"[+-]?\d{1,19}", cell) else float(cell)


def _list(cell: str) -> Any:
    """A list written as JSON; anything that only looks like one is text."""
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return cell
    return value if all(isinstance(entry, str) for entry in value) else cell
