"""The protocol for what computes a model's vectors, and the one way of feeding it."""

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
    """Computes batches of tokens, `lanes` of them in parallel."""

    name: str
    budget_tokens: int
    """Most tokens in a batch, padding included."""
    texts_at_once: int
    """How many texts make good batches together and take seconds at most."""
    pad_to_tokens: int
    """Lengths are rounded up to multiples of this, where kernels are compiled for each shape."""
    lanes: int

    def enter_lane(self) -> None:
        """Called once in the thread of each lane, if there are several."""

    def compute(self, tokens: Sequence[TokenIds]) -> Any:
        """One forward pass; its result may still be in flight on a device."""

    def join(self, outputs: Sequence[Any]) -> Any:
        """Several outputs as one."""

    def fetch(self, output: Any) -> FloatArray:
        """The vectors themselves, of shape (n, dimensions of the model)."""


class Feeder:
    """Feeds a runtime batches of similar length.

    The runtime is opened on first use: a web process encodes only queries, a worker documents. A single lane serves one
    caller at a time; several lanes take batches from all callers, so that none of them is idle at the end of a call.
    What can overlap with computing (fetching from a device) does.
    """

    def __init__(self, open_runtime: Callable[[], Runtime]) -> None:
        self._open = open_runtime
        self._opened: Runtime | None = None
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    @property
    def runtime(self) -> Runtime:
        """Raises EncoderUnavailable if it cannot be opened."""
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
        outputs = self._computed(runtime, [[tokens[place] for place in batch] for batch in batches])
        computed = runtime.fetch(runtime.join(outputs))
        vectors = np.empty_like(computed)
        vectors[np.concatenate(batches)] = computed
        return vectors

    def _computed(self, runtime: Runtime, batches: Sequence[Sequence[TokenIds]]) -> list[Any]:
        compute = partial(in_halves, runtime.compute, join=runtime.join)
        if runtime.lanes == 1:
            with self._lock:
                return [compute(batch) for batch in batches]
        flying = [self._lanes(runtime).submit(compute, batch) for batch in batches]
        wait(flying)
        return [batch.result() for batch in flying]

    def _lanes(self, runtime: Runtime) -> ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(
                    max_workers=runtime.lanes, thread_name_prefix="lane", initializer=runtime.enter_lane
                )
            return self._threads


def _rounded_up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
