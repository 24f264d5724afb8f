"""Attributes are declared implicitly: the first value under a name determines its kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from catalog.models import Attribute

Kind = Attribute.Kind
MAX_ATTRIBUTE_NAMES = 1_000
# With fewer values than this, their repetition says nothing.
ENOUGH_VALUES = 20
EXPECTED = {Kind.TEXT: "text", Kind.NUMBER: "a number", Kind.BOOLEAN: "true or false"}


def register_attributes(rows: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """Declare the new names in `rows`; return for each row why it cannot be saved, or None.

    A name keeps the kind it was declared with. Call inside the transaction that saves the items.
    """
    known = Attribute.objects.by_name()
    new = sorted({name for row in rows for name in row} - set(known))
    if new:
        room = max(0, MAX_ATTRIBUTE_NAMES - len(known))
        # In order of name, so that two writers with the same new names wait for each other and never deadlock.
        Attribute.objects.bulk_create([_declared(name, rows) for name in new[:room]], ignore_conflicts=True)
        known = Attribute.objects.by_name()
    Attribute.objects.hold_lists(
        sorted({name for row in rows for name, value in row.items() if isinstance(value, list)} & set(known)),
    )
    return [next(_conflicts(row, known), None) for row in rows]


def kind_of(value: Any) -> Kind:
    match value:
        case bool():
            return Kind.BOOLEAN
        case int() | float():
            return Kind.NUMBER
        case _:
            return Kind.TEXT


def _declared(name: str, rows: Sequence[Mapping[str, Any]]) -> Attribute:
    values = [row[name] for row in rows if name in row]
    kind, many = kind_of(values[0]), any(isinstance(value, list) for value in values)
    return Attribute(name=name, kind=kind, many=many, facet=kind != Kind.TEXT or _repeats(values, many=many))


def _repeats(values: Iterable[Any], *, many: bool) -> bool:
    """Whether listing these texts with counts would help: most of them are shared by several items."""
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    if len(texts) < ENOUGH_VALUES:
        return many
    distinct = len(set(map(str, texts)))
    return 1 < distinct <= len(texts) / 2


def _conflicts(row: Mapping[str, Any], known: Mapping[str, Attribute]) -> Iterator[str]:
    for name, value in row.items():
        if name not in known:
            yield f"{name}: The catalogue already has {MAX_ATTRIBUTE_NAMES:,} attributes."
        elif kind_of(value) != known[name].kind:
            yield f"{name}: {EXPECTED[Kind(known[name].kind)].capitalize()} is expected, as in earlier items."
