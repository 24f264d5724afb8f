"""This process's use of embeddings endpoints, until it is recorded."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Answered requests, with their texts and tokens."""

    requests: int = 0
    texts: int = 0
    tokens: int = 0

    def __add__(self, other: Use) -> Use:
        return Use(
            requests=self.requests + other.requests,
            texts=self.texts + other.texts,
            tokens=self.tokens + other.tokens,
        )


class UseCounter:
    """Use by model. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_model: dict[str, Use] = {}

    def add(self, model: str, use: Use) -> None:
        with self._lock:
            self._by_model[model] = self._by_model.get(model, Use()) + use

    def take(self) -> dict[str, Use]:
        """What has been counted since the last call."""
        with self._lock:
            taken, self._by_model = self._by_model, {}
        return taken


#: Of this process.
used = UseCounter()
