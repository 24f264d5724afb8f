"""JSON in which a key is given twice, of which most readers silently keep the last value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class RepeatedKey(ValueError):
    """An object holds a key twice."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The key “{key}” is given twice.")


def each_key_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs, for the `object_pairs_hook` of Python's reader. Raises RepeatedKey."""
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RepeatedKey(key)
            seen.add(key)
    return values
