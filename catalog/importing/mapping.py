"""Which column or key of a file fills which field.

    format = "ndjson"                  # csv, json or ndjson; detected if omitted
    [fields]                           # of items: a column, or a path into nested values
    external_id = "id"
    category = "genres[0]"
    [attributes]                       # if this table is present, only these are imported
    year = "year"
    genres = { from = "genres", split = "|" }
    [kinds]                            # of attributes in CSV files, if they should not be guessed
    model = "text"
    [interactions]                     # fields of interactions: user, item, kind, value, occurred_at, event_id
    user = "user_id"
    user_prefix = "member-"            # put before every user name

The API takes the same as JSON. Unmapped fields are found by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from catalog.importing.formats import READERS
from catalog.items.checks import FIELDS
from catalog.json_keys import each_key_once
from catalog.models import Attribute

ITEM_FIELDS = tuple(name for name in FIELDS if name != "attributes")
INTERACTION_FIELDS = ("user", "item", "kind", "value", "occurred_at", "event_id")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,4})\]")


class MappingError(Exception):
    """The mapping cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a value comes from: a column, or a path such as `genres[0]`; `split` cuts text into a list."""

    path: str
    split: str = ""

    @classmethod
    def parse(cls, where: str, given: Any) -> Source:
        """Raises MappingError."""
        given = {"from": given} if isinstance(given, str) else given
        match given:
            case {"from": str(path), **rest} if path and set(rest) <= {"split"}:
                split = rest.get("split", "")
                if isinstance(split, str):
                    return cls(path=path, split=split)
        raise MappingError(f'{where}: use a column name or {{from = "column", split = "|"}}.')

    def value_in(self, row: MappingType[str, Any]) -> Any:
        """The value, or None if the row has none."""
        value = row[self.path] if self.path in row else self._walk(row)
        if self.split and isinstance(value, str):
            return [part.strip() for part in value.split(self.split) if part.strip()]
        return value

    def _walk(self, value: Any) -> Any:
        for key, index in _steps(self.path):
            if key and isinstance(value, dict):
                value = value.get(key)
            elif index and isinstance(value, list) and int(index) < len(value):
                value = value[int(index)]
            else:
                return None
        return value


@lru_cache(maxsize=1024)
def _steps(path: str) -> list[tuple[str, str]]:
    """The key or the index of each step of a path."""
    return _STEP.findall(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    format: str = ""
    fields: dict[str, Source] = field(default_factory=dict)
    attributes: dict[str, Source] | None = None
    """None imports every column that fills no field."""
    kinds: dict[str, str] = field(default_factory=dict)
    interactions: dict[str, Source] = field(default_factory=dict)
    user_prefix: str = ""

    @classmethod
    def parse(cls, given: Any) -> Mapping:
        """Parse a mapping given as decoded TOML or JSON. Raises MappingError."""
        given = _table("mapping", given)
        if unknown := sorted(set(given) - {"format", "fields", "attributes", "kinds", "interactions"}):
            raise MappingError(f"{unknown[0]}: unknown key. Known: format, fields, attributes, kinds, interactions.")
        if given.get("format", "") not in ("", *READERS):
            raise MappingError(f"format: use one of {', '.join(READERS)}.")
        interactions = dict(_table("interactions", given.get("interactions", {})))
        user_prefix = interactions.pop("user_prefix", "")
        if not isinstance(user_prefix, str):
            raise MappingError("interactions.user_prefix: text is expected.")
        attributes = given.get("attributes")
        return cls(
            format=given.get("format", ""),
            fields=_sources("fields", given.get("fields", {}), known=ITEM_FIELDS),
            attributes=None if attributes is None else _sources("attributes", attributes),
            kinds=_kinds(given.get("kinds", {})),
            interactions=_sources("interactions", interactions, known=INTERACTION_FIELDS),
            user_prefix=user_prefix,
        )


def mapping_from_json(text: str) -> dict[str, Any]:
    """A mapping as submitted by a form or the API; an empty text is an empty mapping. Raises MappingError."""
    try:
        mapping = json.loads(text or "{}", object_pairs_hook=each_key_once)
    except (ValueError, RecursionError) as error:
        raise MappingError(f"This is not JSON: {error}") from error
    Mapping.parse(mapping)
    return mapping


def _table(where: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise MappingError(f"{where}: a table of names is expected.")
    return given


def _sources(where: str, given: Any, *, known: tuple[str, ...] | None = None) -> dict[str, Source]:
    sources = {}
    for name, source in _table(where, given).items():
        if known is not None and name not in known:
            raise MappingError(f"{where}.{name}: no such field. Fields: {', '.join(known)}.")
        sources[name] = Source.parse(f"{where}.{name}", source)
    return sources


def _kinds(given: Any) -> dict[str, str]:
    for name, kind in _table("kinds", given).items():
        if kind not in Attribute.Kind.values:
            raise MappingError(f"kinds.{name}: use one of {', '.join(Attribute.Kind.values)}.")
    return given
