"""JSON with a repeated key, of which most parsers silently keep the last value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class RepeatedKey(ValueError):
    """An object contains a key twice."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The key “{key}” is given twice.")


def each_key_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object made of these pairs, as an `object_pairs_hook` for Python's parser. Raises RepeatedKey."""
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RepeatedKey(key)
            seen.add(key)
    return values
