"""What computes a model's vectors, and the one way in which all of them are fed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import Any, Protocol

import numpy as np

from catalog.embedding.base import FloatArray
from catalog.embedding.batching import batches_by_tokens
from catalog.embedding.engine.failures import in_halves
from catalog.embedding.engine.tokens import TokenIds


class Runtime(Protocol):
    """Computes batches of tokens, for one caller at a time; for him `lanes` batches side by side."""

    name: str
    budget_tokens: int
    """Most tokens in a batch, padding included."""
    texts_at_once: int
    """How many texts make good batches together and take seconds at most."""
    pad_to_tokens: int
    """Lengths are rounded up to multiples of this, where kernels are compiled for each shape they meet."""
    lanes: int

    def compute(self, tokens: Sequence[TokenIds]) -> Any:
        """One forward pass; what it returns may still be on its way through a device."""

    def join(self, outputs: Sequence[Any]) -> Any:
        """Several outputs as one."""

    def fetch(self, output: Any) -> FloatArray:
        """The vectors themselves, of shape (n, dimensions of the model)."""


class Feeder:
    """Feeds a runtime batches of similar length.

    The runtime is opened when it is first needed: a web process encodes queries alone, a worker documents. Batches are
    computed one caller at a time; what can be done beside that (fetching from a device) is.
    """

    def __init__(self, open_runtime: Callable[[], Runtime]) -> None:
        self._open = open_runtime
        self._opened: Runtime | None = None
        self._lock = threading.Lock()
        self._lanes: ThreadPoolExecutor | None = None

    @property
    def runtime(self) -> Runtime:
        """Raises EncoderUnavailable when it cannot be opened."""
        if self._opened is None:
            with self._lock:
                self._opened = self._opened or self._open()
        return self._opened

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    def vectors(self, tokens: Sequence[TokenIds]) -> FloatArray:
        """Vectors in the order of the inputs, whatever order they are computed in. Raises EncodingFailed."""
        runtime = self.runtime
        lengths = [_rounded_up(len(ids), runtime.pad_to_tokens) for ids in tokens]
        batches = batches_by_tokens(lengths, budget_tokens=runtime.budget_tokens)
        with self._lock:
            outputs = self._computed(runtime, [[tokens[place] for place in batch] for batch in batches])
        computed = runtime.fetch(runtime.join(outputs))
        vectors = np.empty_like(computed)
        vectors[np.concatenate(batches)] = computed
        return vectors

    def _computed(self, runtime: Runtime, batches: Sequence[Sequence[TokenIds]]) -> list[Any]:
        compute = partial(in_halves, runtime.compute, join=runtime.join)
        if runtime.lanes == 1 or len(batches) == 1:
            return [compute(batch) for batch in batches]
        if self._lanes is None:
            self._lanes = ThreadPoolExecutor(max_workers=runtime.lanes, thread_name_prefix="lane")
        flying = [self._lanes.submit(compute, batch) for batch in batches]
        wait(flying)
        return [batch.result() for batch in flying]


def _rounded_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
