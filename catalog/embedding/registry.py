"""The encoders loaded in this process, and the vectors of recent queries."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

from catalog.embedding.base import Encoder, EncoderSpec, EncoderUnavailable, FloatArray
from catalog.embedding.loading import Loader
from catalog.embedding.together import QueriesTogether

QUERIES_KEPT = 4_096
ENCODERS_IN_USE = 4


def _transformer(spec: EncoderSpec) -> Encoder:
    from catalog.embedding.transformer import TransformerEncoder

    return TransformerEncoder(spec)


def _static(spec: EncoderSpec) -> Encoder:
    from catalog.embedding.static.encoder import StaticEncoder

    return StaticEncoder(spec)


def _openai(spec: EncoderSpec) -> Encoder:
    from catalog.embedding.openai.encoder import OpenAIEncoder

    return OpenAIEncoder(spec)


def _clip(spec: EncoderSpec) -> Encoder:
    from catalog.embedding.clip import ClipEncoder

    return ClipEncoder(spec)


BACKENDS: dict[str, Callable[[EncoderSpec], Encoder]] = {
    "transformer": _transformer,
    "static": _static,
    "openai": _openai,
    "clip": _clip,
}
#: Those whose encoders are an ImageEncoder too.
READ_PICTURES = frozenset({"clip"})


def make_encoder(spec: EncoderSpec) -> Encoder:
    """Load an encoder for the caller alone, which is gone with them. Raises EncoderUnavailable."""
    if spec.backend not in BACKENDS:
        known = ", ".join(sorted(BACKENDS))
        raise EncoderUnavailable(f"There is no encoder backend {spec.backend!r}. Known: {known}.")
    return BACKENDS[spec.backend](spec)


_encoders: Loader[EncoderSpec, Encoder] = Loader(make_encoder)
_lock = threading.Lock()
_queries: OrderedDict[tuple[EncoderSpec, str], FloatArray] = OrderedDict()


def encoder_for(spec: EncoderSpec, *, wait_s: float | None = None) -> Encoder:
    """Return the encoder of a specification, loaded once a process, in a thread of its own.

    Waits for it at most `wait_s` seconds, or as long as it takes. Raises EncoderUnavailable when it cannot be loaded
    or is not there in time; loading goes on. A failed load is tried again after half a minute.
    """
    return _encoders.get(spec, wait_s=wait_s)


def share(encoder: Encoder, spec: EncoderSpec) -> None:
    """Answer to `spec`, which spells out what this encoder has found in its files, with this very encoder."""
    _encoders.put(spec, encoder)


@lru_cache(maxsize=ENCODERS_IN_USE)
def queries_of(encoder: Encoder) -> QueriesTogether:
    """Whoever encodes with this encoder in this process keeps its turns."""
    return QueriesTogether(encoder)


def query_vector(spec: EncoderSpec, text: str, *, wait_s: float | None = None) -> FloatArray:
    """Return a query's vector of shape (dimensions,), from memory when it was asked for of late.

    Raises EncoderUnavailable as `encoder_for` does, and EncodingFailed.
    """
    key = (spec, " ".join(text.split()))
    with _lock:
        if (known := _queries.get(key)) is not None:
            _queries.move_to_end(key)
            return known
    vector = queries_of(encoder_for(spec, wait_s=wait_s)).vector(key[1])  # type: ignore[arg-type]
    vector.setflags(write=False)
    with _lock:
        _queries[key] = vector
        if len(_queries) > QUERIES_KEPT:
            _queries.popitem(last=False)
    return vector
