"""Repeatable choices drawn from a text key."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Seed:
    """A stream of choices that depends only on its key: not on a process salt or the Python version."""

    def __init__(self, key: str) -> None:
        self._key = key.encode("utf-8", "surrogatepass")
        self._drawn = 0

    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        block = hashlib.blake2b(self._key, digest_size=8, salt=self._drawn.to_bytes(16, "big")).digest()
        self._drawn += 1
        return low + int.from_bytes(block, "big") % (high - low + 1)

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.integer(0, len(options) - 1)]

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """Distinct options, in the order drawn."""
        left = list(options)
        return [left.pop(self.integer(0, len(left) - 1)) for _ in range(count)]
