"""Models loaded once per process, each in its own thread, so that callers choose how long to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Generic, Protocol, TypeVar

from catalog.embedding.base import EncoderError, EncoderUnavailable

RETRY_FAILED_LOAD_AFTER_S = 30.0


class NamesModel(Protocol):
    """A specification: hashable, and with the name of its model."""

    @property
    def model(self) -> str: ...


Spec = TypeVar("Spec", bound=NamesModel)
Model = TypeVar("Model")


class Loader(Generic[Spec, Model]):
    """The result of `load` for each specification, kept. A failed load is retried after half a minute."""

    def __init__(self, load: Callable[[Spec], Model]) -> None:
        self._make = load
        self._lock = threading.Lock()
        self._loads: dict[Spec, Future[Model]] = {}
        self._failed_at: dict[Spec, float] = {}

    def get(self, spec: Spec, *, wait_s: float | None = None) -> Model:
        """Return the model, waiting at most `wait_s` seconds, or without limit.

        Raises EncoderUnavailable if it cannot be loaded or is not there in time; loading continues.
        """
        try:
            return self._load(spec).result(timeout=wait_s)
        except FutureTimeout as error:
            raise EncoderUnavailable(f"Model {spec.model} is still being loaded. Try again in a moment.") from error

    def put(self, spec: Spec, model: Model) -> None:
        """Use this model for `spec`."""
        load: Future[Model] = Future()
        load.set_result(model)
        with self._lock:
            self._loads[spec] = load
            self._failed_at.pop(spec, None)

    def _load(self, spec: Spec) -> Future[Model]:
        with self._lock:
            load = self._loads.get(spec)
            if load is not None and not self._may_retry(spec):
                return load
            load = self._loads[spec] = Future()
            self._failed_at.pop(spec, None)
        threading.Thread(target=self._run, args=(spec, load), name=f"load {spec.model}", daemon=True).start()
        return load

    def _may_retry(self, spec: Spec) -> bool:
        return spec in self._failed_at and time.monotonic() - self._failed_at[spec] > RETRY_FAILED_LOAD_AFTER_S

    def _run(self, spec: Spec, load: Future[Model]) -> None:
        try:
            load.set_result(self._make(spec))
        except EncoderError as error:
            self._fail(spec, load, error)
        except Exception as error:  # whatever a library raises must reach the waiting callers
            self._fail(spec, load, EncoderUnavailable(f"Model {spec.model} cannot be loaded: {error}"))

    def _fail(self, spec: Spec, load: Future[Model], error: EncoderError) -> None:
        self._failed_at[spec] = time.monotonic()
        load.set_exception(error)
