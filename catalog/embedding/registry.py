"""The encoders loaded in this process, and the vectors of recent queries."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

from catalog.embedding.base import Encoder, EncoderError, EncoderSpec, EncoderUnavailable, FloatArray

RETRY_FAILED_LOAD_AFTER_S = 30.0
QUERIES_KEPT = 4_096


def _transformer(spec: EncoderSpec) -> Encoder:
    from catalog.embedding.transformer import TransformerEncoder

    return TransformerEncoder(spec)


BACKENDS: dict[str, Callable[[EncoderSpec], Encoder]] = {"transformer": _transformer}

_lock = threading.Lock()
_loads: dict[EncoderSpec, Future[Encoder]] = {}
_failed_at: dict[EncoderSpec, float] = {}
_queries: OrderedDict[tuple[EncoderSpec, str], FloatArray] = OrderedDict()


def encoder_for(spec: EncoderSpec, *, wait_s: float | None = None) -> Encoder:
    """Return the encoder of a specification, loaded once a process, in a thread of its own.

    Waits for it at most `wait_s` seconds, or as long as it takes. Raises EncoderUnavailable when it cannot be loaded
    or is not there in time; loading goes on. A failed load is tried again after half a minute.
    """
    try:
        return _load(spec).result(timeout=wait_s)
    except FutureTimeout as error:
        raise EncoderUnavailable(f"Model {spec.model} is still being loaded. Try again in a moment.") from error


def share(encoder: Encoder, spec: EncoderSpec) -> None:
    """Answer to `spec`, which spells out what this encoder has found in its files, with this very encoder."""
    load: Future[Encoder] = Future()
    load.set_result(encoder)
    with _lock:
        _loads[spec] = load
        _failed_at.pop(spec, None)


def query_vector(spec: EncoderSpec, text: str, *, wait_s: float | None = None) -> FloatArray:
    """Return a query's vector of shape (dimensions,), from memory when it was asked for of late.

    Raises EncoderUnavailable as `encoder_for` does, and EncodingFailed.
    """
    key = (spec, " ".join(text.split()))
    with _lock:
        if (known := _queries.get(key)) is not None:
            _queries.move_to_end(key)
            return known
    vector = encoder_for(spec, wait_s=wait_s).encode_queries([key[1]])[0]
    vector.setflags(write=False)
    with _lock:
        _queries[key] = vector
        if len(_queries) > QUERIES_KEPT:
            _queries.popitem(last=False)
    return vector


def _load(spec: EncoderSpec) -> Future[Encoder]:
    with _lock:
        load = _loads.get(spec)
        if load is not None and not _may_retry(spec):
            return load
        load = _loads[spec] = Future()
        _failed_at.pop(spec, None)
    threading.Thread(target=_run_load, args=(spec, load), name=f"load {spec.model}", daemon=True).start()
    return load


def _may_retry(spec: EncoderSpec) -> bool:
    return spec in _failed_at and time.monotonic() - _failed_at[spec] > RETRY_FAILED_LOAD_AFTER_S


def _run_load(spec: EncoderSpec, load: Future[Encoder]) -> None:
    try:
        if spec.backend not in BACKENDS:
            raise EncoderUnavailable(
                f"There is no encoder backend {spec.backend!r}. Known: {', '.join(sorted(BACKENDS))}."
            )
        load.set_result(BACKENDS[spec.backend](spec))
    except EncoderError as error:
        _fail(spec, load, error)
    except Exception as error:  # whatever a backend raises must reach those who wait
        _fail(spec, load, EncoderUnavailable(f"Model {spec.model} cannot be loaded: {error}"))


def _fail(spec: EncoderSpec, load: Future[Encoder], error: EncoderError) -> None:
    _failed_at[spec] = time.monotonic()
    load.set_exception(error)
