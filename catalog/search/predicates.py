"""Filters as SQL: known fields only, values only as parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.models import Attribute
from catalog.search.facts import FactQuery, fact_query
from catalog.search.fields import COLUMNS, typed_value
from catalog.search.filters import ORDER_OPERATORS, And, Condition, Filter, FilterError, Not, Or, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """A condition on rows of `catalog_item`, which the statement must call by that name."""

    sql: str
    parameters: tuple[Any, ...] = ()
    facts: FactQuery | None = None
    """The ids of the published items that meet it, if facts alone can tell."""

    def named(self, name: str = "filter") -> tuple[str, dict[str, Any]]:
        """The same with named parameters, for statements that have parameters of their own."""
        first, *rest = self.sql.split("%s")
        sql = first + "".join(f"%({name}_{index})s{part}" for index, part in enumerate(rest))
        return sql, {f"{name}_{index}": value for index, value in enumerate(self.parameters)}

    def __invert__(self) -> Predicate:
        """Met by every row that does not meet this one."""
        return Predicate(sql=f"(({self.sql}) IS NOT TRUE)", parameters=self.parameters)


def all_of(*predicates: Predicate | None) -> Predicate | None:
    """Met where all of these are met; None stands for no condition."""
    return _joined(" AND ", [each for each in predicates if each is not None])


def any_of(*predicates: Predicate | None) -> Predicate | None:
    """Met where any of these is met; None where all of them are None."""
    return _joined(" OR ", [each for each in predicates if each is not None])


def _joined(word: str, parts: Sequence[Predicate]) -> Predicate | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    parameters = tuple(value for part in parts for value in part.parameters)
    return Predicate(sql=f"({word.join(part.sql for part in parts)})", parameters=parameters)


def predicate(wanted: str | Filter | None, *, attributes: Mapping[str, Attribute] | None = None) -> Predicate | None:
    """Compile a filter; None for an empty one. One query for the known attributes, unless they are given.

    Equality on attributes is jsonb containment, served by their GIN index; comparisons are a path evaluated on each row
    that the other conditions leave. Raises FilterError.
    """
    parsed = parse(wanted) if isinstance(wanted, str) else wanted
    if parsed is None:
        return None
    attributes = Attribute.objects.by_name() if attributes is None else attributes
    compiler = _Compiler(attributes=attributes)
    sql = compiler.compile(parsed)
    return Predicate(sql=sql, parameters=tuple(compiler.parameters), facts=fact_query(parsed, attributes))


@dataclass(slots=True)
class _Compiler:
    attributes: Mapping[str, Attribute]
    parameters: list[Any] = field(default_factory=list)

    def compile(self, part: Filter) -> str:
        match part:
            case And(parts=parts):
                return f"({' AND '.join(self.compile(part) for part in parts)})"
            case Or(parts=parts):
                return f"({' OR '.join(self.compile(part) for part in parts)})"
            case Not(part=inner):
                return f"(NOT {self.compile(inner)})"
            case Condition() if part.field in COLUMNS:
                return self._column(part)
            case Condition() if part.field in self.attributes:
                return self._attribute(part, self.attributes[part.field])
        known = ", ".join(sorted({*COLUMNS, *self.attributes}))
        raise FilterError(f"Unknown field “{part.field}”.", position=part.position, expected=f"one of {known}")

    def _bind(self, sql: str, *values: Any) -> str:
        self.parameters.extend(values)
        return sql

    def _column(self, condition: Condition) -> str:
        column = f"catalog_item.{condition.field}"
        if condition.operator == "exists":
            return f"{column} <> ''"
        if condition.operator not in ("=", "in"):
            raise FilterError(
                f"{condition.field} is a text.", position=condition.position, expected="=, !=, IN or EXISTS"
            )
        return self._bind(f"{column} = ANY(%s)", [value.text for value in condition.values])

    def _attribute(self, condition: Condition, attribute: Attribute) -> str:
        if condition.operator == "exists":
            return self._path(attribute, "@ != null", {})
        values = [typed_value(value, attribute) for value in condition.values]
        if condition.operator in ("=", "in"):
            return f"({' OR '.join(self._contains(attribute, value) for value in values)})"
        if attribute.kind == Attribute.Kind.BOOLEAN:
            raise FilterError(f"{attribute.name} is true or false.", position=condition.position, expected="= or !=")
        if condition.operator == "between":
            return self._path(attribute, "@ >= $a && @ <= $b", {"a": values[0], "b": values[1]})
        assert condition.operator in ORDER_OPERATORS
        return self._path(attribute, f"@ {condition.operator} $a", {"a": values[0]})

    def _contains(self, attribute: Attribute, value: Any) -> str:
        forms: list[Any] = [[value], value] if attribute.many else [value]
        sql = " OR ".join("catalog_item.attributes @> %s::jsonb" for _ in forms)
        return self._bind(f"({sql})", *(json.dumps({attribute.name: form}) for form in forms))

    def _path(self, attribute: Attribute, test: str, variables: Mapping[str, Any]) -> str:
        """A lax path looks into lists, and is false for values that are missing or of another kind."""
        path = f"$.{json.dumps(attribute.name)}[*] ? ({test})"
        return self._bind(
            "jsonb_path_exists(catalog_item.attributes, %s::jsonpath, %s::jsonb, true)", path, json.dumps(variables)
        )
