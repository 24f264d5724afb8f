"""Random filters, written as text and evaluated in plain Python, to compare the parser and the SQL with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from catalog.search.filters import And, Condition, Filter, Not, Or, Value

KEYWORDS = {"and", "or", "not", "in", "to", "exists"}
NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d{1,3})?")
NAME = re.compile(r"[^\W\d][\w.-]*")


def written(part: Filter) -> str:
    """The filter in the filter language."""
    match part:
        case Or(parts=parts):
            return " or ".join(f"({written(each)})" for each in parts)
        case And(parts=parts):
            return " AND ".join(f"({written(each)})" for each in parts)
        case Not(part=inner):
            return f"NOT ({written(inner)})"
        case Condition():
            return _written_condition(part)


def _written_condition(condition: Condition) -> str:
    field = condition.field
    if not NAME.fullmatch(field) or field.lower() in KEYWORDS:
        field = _in_quotes(field)
    values = [_written_value(value) for value in condition.values]
    match condition.operator:
        case "exists":
            return f"{field} EXISTS"
        case "in":
            return f"{field} IN [{', '.join(values)}]"
        case "between":
            return f"{field} {values[0]} TO {values[1]}"
    return f"{field} {condition.operator} {values[0]}"


def _written_value(value: Value) -> str:
    return _in_quotes(value.text) if value.quoted else value.text


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def without_positions(part: Filter) -> Filter:
    match part:
        case Or(parts=parts):
            return Or(parts=tuple(map(without_positions, parts)))
        case And(parts=parts):
            return And(parts=tuple(map(without_positions, parts)))
        case Not(part=inner):
            return Not(part=without_positions(inner))
        case Condition():
            values = tuple(Value(text=value.text, quoted=value.quoted) for value in part.values)
            return Condition(field=part.field, operator=part.operator, values=values)


def meets(attributes: Mapping[str, Any], part: Filter) -> bool:
    """Whether an item with these attributes meets the filter, evaluated the slow and simple way."""
    match part:
        case Or(parts=parts):
            return any(meets(attributes, each) for each in parts)
        case And(parts=parts):
            return all(meets(attributes, each) for each in parts)
        case Not(part=inner):
            return not meets(attributes, inner)
        case Condition():
            held = attributes.get(part.field, [])
            return any(_meets_one(each, part) for each in (held if isinstance(held, list) else [held]))


def _meets_one(held: Any, condition: Condition) -> bool:
    values = [_like(held, value) for value in condition.values]
    match condition.operator:
        case "exists":
            return True
        case "=" | "in":
            return held in values
        case "<":
            return held < values[0]
        case "<=":
            return held <= values[0]
        case ">":
            return held > values[0]
        case ">=":
            return held >= values[0]
    return values[0] <= held <= values[1]


def _like(held: Any, value: Value) -> Any:
    if isinstance(held, bool):
        return value.text == "true"
    return value.text if isinstance(held, str) else float(value.text)


def trees(conditions: st.SearchStrategy[Condition]) -> st.SearchStrategy[Filter]:
    """Filters made of these conditions, nested less deeply than the language allows."""

    def joined(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(parts, min_size=2, max_size=4).map(tuple)
        return (
            st.builds(Not, part=parts)
            | several.map(lambda each: And(parts=each))
            | several.map(lambda each: Or(parts=each))
        )

    return st.recursive(conditions, joined, max_leaves=10)
