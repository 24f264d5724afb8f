"""Display names of attributes and their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language_info

from catalog.models import Attribute, Item

Kind = Attribute.Kind

# Units are part of attribute names, as in `runtime_min`.
UNITS = {
    "min": "min",
    "s": "s",
    "h": "h",
    "mm": "mm",
    "cm": "cm",
    "m": "m",
    "km": "km",
    "g": "g",
    "kg": "kg",
    "eur": "€",
    "usd": "US$",
    "gbp": "£",
    "percent": "%",
}
LEAST_GROUPED = 10_000
YES_OR_NO = {"true": "Yes", "false": "No"}
#: Texts that mean nothing without the name of their attribute.
BARE = {"yes", "no", "true", "false"}
#: Longer values are too long for the line under a title.
META_CHARACTERS = 40
META_PARTS = 4
META_VALUES = 3


def unit_of(name: str) -> str:
    _, _, last = name.rpartition("_")
    return UNITS.get(last, "") if last != name else ""


def name_label(name: str) -> str:
    """runtime_min -> Runtime"""
    spoken = name.rpartition("_")[0] if unit_of(name) else name
    return spoken.replace("_", " ").capitalize()


def value_label(name: str, value: Any) -> str:
    """A value with its unit: 96 under `runtime_min` -> 96 min, "de" under `language` -> German."""
    match value:
        case bool():
            return "Yes" if value else "No"
        case int() | float():
            return f"{number_label(name, value)}\u00a0{unit_of(name)}".strip()  # the two are never broken between lines
        case _ if name == "language":
            return language_label(str(value))
    return str(value)


def number_label(name: str, value: float) -> str:
    """1995 -> 1995, which may be a year, and 12500 -> 12,500, unless the name says it is a year."""
    whole = int(value) if float(value).is_integer() else value
    return str(whole) if is_year(name) or abs(whole) < LEAST_GROUPED else f"{whole:,}"


def is_year(name: str) -> bool:
    return name == "year" or name.endswith("_year")


def language_label(code: str) -> str:
    try:
        return get_language_info(code.lower())["name"]
    except KeyError:
        return code


def meta_line(item: Item, attributes: Sequence[Attribute]) -> list[str]:
    """A few short facts for the line under a title: single texts, most specific first, then measures, then lists."""
    named = {attribute.name: attribute for attribute in attributes if attribute.name in item.attributes}
    single = [name for name, attribute in named.items() if attribute.kind == Kind.TEXT and not attribute.many]
    single.sort(key=lambda name: named[name].facet)  # what few items share says more about one
    measured = [name for name, attribute in named.items() if attribute.kind == Kind.NUMBER and unit_of(name)]
    lists = [name for name, attribute in named.items() if attribute.many and attribute.facet]
    parts = [_short(name, item.attributes[name]) for name in (*single, *measured, *lists)]
    telling = (part for part in parts if part and part.lower() not in BARE)
    shown = [part for part in telling if len(part) <= META_CHARACTERS][:META_PARTS]
    return shown or ([item.category] if item.category else [])


def _short(name: str, value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(value_label(name, one) for one in values[:META_VALUES])


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of a fact, and the parameters of the search for all items that share it; empty when there is none."""

    label: str
    search: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    label: str
    values: list[Value]


def facts(item: Item, attributes: Sequence[Attribute]) -> list[Fact]:
    """Everything the catalogue knows about an item, in the order of its attributes."""
    return list(_facts(item, attributes))


def _facts(item: Item, attributes: Sequence[Attribute]) -> Iterator[Fact]:
    for name, column in (("category", item.category), ("language", item.language)):
        if column:
            yield Fact(label=name_label(name), values=[Value(label=value_label(name, column), search={name: column})])
    for attribute in attributes:
        held = item.attributes.get(attribute.name)
        values = held if isinstance(held, list) else [held]
        shown = [_value(attribute, value) for value in values if value is not None and value != ""]
        if shown:
            yield Fact(label=name_label(attribute.name), values=shown)


def _value(attribute: Attribute, value: Any) -> Value:
    name = attribute.name
    search = {name: str(value)}
    if attribute.kind == Kind.BOOLEAN:
        search = {name: str(value).lower()}
    elif attribute.kind == Kind.NUMBER:
        search = {f"{name}_from": str(value), f"{name}_to": str(value)} if is_year(name) else {}
    return Value(label=value_label(name, value), search=search)
