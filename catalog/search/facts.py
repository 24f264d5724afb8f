"""Filters answered from facts: one row per value of each item, in a table that triggers maintain (docs/decisions/0019).

The items that meet a filter are read from the table's indexes alone, and never beyond a limit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.models import Attribute
from catalog.search.fields import COLUMNS, typed_value
from catalog.search.filters import ORDER_OPERATORS, And, Condition, Filter, Not, Or

#: Longer texts are stored as their hash; the database function `catalog_fact_text` uses the same number.
TEXT_CHARACTERS = 100
#: The item columns that are kept as facts, under their own names.
COLUMNS_KEPT = ("category", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class FactQuery:
    """A query for the distinct ids of the published items that meet a filter. A LIMIT may follow it.

    One condition leads: its rows are read one by one from its index, and the other conditions are checked for each.
    """

    sql: str
    parameters: tuple[Any, ...]


def fact_query(wanted: Filter, attributes: Mapping[str, Attribute]) -> FactQuery | None:
    """The query for a filter that has already been compiled; None if facts alone cannot answer it."""
    parts = list(_conjuncts(wanted))
    compiler = _Compiler(attributes=attributes)
    leading = min(filter(compiler.can_lead, parts), key=_breadth, default=None)
    if leading is None or not all(map(compiler.is_answerable, parts)):
        return None
    tests = [compiler.of_row(leading, "fact"), *(compiler.of_item(part) for part in parts if part is not leading)]
    selected = "SELECT DISTINCT fact.item_id" if compiler.can_repeat_items(leading) else "SELECT fact.item_id"
    sql = f"{selected} FROM catalog_fact AS fact WHERE {' AND '.join(tests)}"
    return FactQuery(sql=sql, parameters=tuple(compiler.parameters))


def _conjuncts(part: Filter) -> Iterator[Filter]:
    if isinstance(part, And):
        for inner in part.parts:
            yield from _conjuncts(inner)
    else:
        yield part


def _breadth(part: Filter) -> int:
    """A rough rank of how many items a condition leaves: the lower, the fewer."""
    if isinstance(part, Condition):
        return {"=": 0, "in": 1, "exists": 4}.get(part.operator, 2)
    return 3


@dataclass(slots=True)
class _Compiler:
    attributes: Mapping[str, Attribute]
    parameters: list[Any] = field(default_factory=list)

    def is_answerable(self, part: Filter) -> bool:
        """Whether facts alone can tell which items meet it."""
        match part:
            case Condition() if part.field in COLUMNS:
                # An empty text is not stored as a fact.
                return part.field in COLUMNS_KEPT and all(value.text for value in part.values)
            case Condition():
                # Long texts are stored as hashes, so facts cannot order texts.
                return _is_number(self.attributes[part.field]) or part.operator in ("=", "in", "exists")
            case Not(part=inner):
                return self.is_answerable(inner)
            case And(parts=parts) | Or(parts=parts):
                return all(map(self.is_answerable, parts))

    def can_lead(self, part: Filter) -> bool:
        """Whether a single fact can meet it, so that its rows can be read from an index."""
        return isinstance(part, Condition) or (isinstance(part, Or) and all(map(self.can_lead, part.parts)))

    def can_repeat_items(self, part: Filter) -> bool:
        """Whether several facts of one item may meet it."""
        if not isinstance(part, Condition):
            return True
        holds_one = part.field in COLUMNS_KEPT or not self.attributes[part.field].many
        asks_for_one = part.operator in ("=", "in") and len(part.values) == 1
        return not (holds_one or asks_for_one)

    def of_item(self, part: Filter) -> str:
        """A condition on `fact.item_id`."""
        match part:
            case Condition():
                test = self.of_row(part, "other")
                return f"EXISTS (SELECT FROM catalog_fact AS other WHERE other.item_id = fact.item_id AND {test})"
            case Not(part=inner):
                return f"NOT {self.of_item(inner)}"
            case And(parts=parts):
                return f"({' AND '.join(map(self.of_item, parts))})"
            case Or(parts=parts):
                return f"({' OR '.join(map(self.of_item, parts))})"

    def of_row(self, part: Filter, row: str) -> str:
        """A condition on one fact. Values are passed as parameters only."""
        if isinstance(part, Or):
            return f"({' OR '.join(self.of_row(inner, row) for inner in part.parts)})"
        assert isinstance(part, Condition)
        attribute = None if part.field in COLUMNS_KEPT else self.attributes[part.field]
        self.parameters.append(part.field)
        test = self._number(part, attribute, row) if _is_number(attribute) else self._text(part, attribute, row)
        return f"({row}.name = %s AND {test})"

    def _number(self, part: Condition, attribute: Attribute | None, row: str) -> str:
        if part.operator == "exists":
            return f"{row}.number IS NOT NULL"
        assert attribute is not None
        # Written as JSON does, with every digit: a float would be rounded to fifteen.
        values = [repr(typed_value(value, attribute)) for value in part.values]
        self.parameters += values
        if part.operator == "between":
            return f"{row}.number BETWEEN %s::numeric AND %s::numeric"
        if part.operator in ORDER_OPERATORS:
            return f"{row}.number {part.operator} %s::numeric"
        return f"{row}.number IN ({', '.join('%s::numeric' for _ in values)})"

    def _text(self, part: Condition, attribute: Attribute | None, row: str) -> str:
        if part.operator == "exists":
            return f"{row}.text IS NOT NULL"
        values = [value.text if attribute is None else typed_value(value, attribute) for value in part.values]
        self.parameters += map(fact_text, values)
        return f"{row}.text IN ({', '.join('%s' for _ in values)})"


def _is_number(attribute: Attribute | None) -> bool:
    return attribute is not None and attribute.kind == Attribute.Kind.NUMBER


def fact_text(value: str | float | bool) -> str:
    """A text or boolean as facts store it: as JSON writes it, or the MD5 of a long text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if len(text) <= TEXT_CHARACTERS else hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
