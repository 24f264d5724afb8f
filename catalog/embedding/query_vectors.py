"""Cached query vectors: recent ones in this process, others in a store that all processes share."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from functools import lru_cache
from typing import Protocol

from catalog.embedding.base import Encoder, EncoderSpec, FloatArray
from catalog.embedding.registry import encoder_for
from catalog.embedding.together import QueriesTogether

QUERIES_KEPT = 4_096
ENCODERS_IN_USE = 4
#: Kinds of encoders that are faster than asking another process.
QUICKER_THAN_ASKING = frozenset({"static"})


class SharedVectors(Protocol):
    """Vectors that all processes of a site share, and that may be dropped at any time."""

    def get(self, key: bytes) -> FloatArray | None:
        """The vector stored under these 32 bytes."""

    def keep(self, key: bytes, vector: FloatArray) -> None: ...


_shared: SharedVectors | None = None
_lock = threading.Lock()
_queries: OrderedDict[tuple[EncoderSpec, str], FloatArray] = OrderedDict()


def share_vectors(shared: SharedVectors | None) -> None:
    """From now on look vectors up in `shared` before encoding; nowhere if it is None."""
    global _shared
    _shared = shared


@lru_cache(maxsize=ENCODERS_IN_USE)
def queries_of(encoder: Encoder) -> QueriesTogether:
    """One set of turns for everything that uses this encoder in this process."""
    return QueriesTogether(encoder)


def query_vector(
    spec: EncoderSpec, text: str, *, shared_as: str | None = None, wait_s: float | None = None
) -> FloatArray:
    """Return a query's vector of shape (dimensions,), from memory if it was requested recently.

    `shared_as` names the index whose vectors it is compared with: other processes that search the same index use the
    same encoder, whatever has happened to the encoder's files since. Without it nothing is shared.

    Raises EncoderUnavailable as `encoder_for` does, and EncodingFailed.
    """
    key = (spec, " ".join(text.split()))
    with _lock:
        if (known := _queries.get(key)) is not None:
            _queries.move_to_end(key)
            return known
    vector = _asked_elsewhere(spec, key[1], shared_as, wait_s)
    vector.setflags(write=False)
    with _lock:
        _queries[key] = vector
        if len(_queries) > QUERIES_KEPT:
            _queries.popitem(last=False)
    return vector


def _asked_elsewhere(spec: EncoderSpec, text: str, shared_as: str | None, wait_s: float | None) -> FloatArray:
    if _shared is None or shared_as is None or spec.backend in QUICKER_THAN_ASKING:
        return _encoded(spec, text, wait_s)
    key = hashlib.sha256(f"{shared_as}\n{spec}\n{text}".encode()).digest()
    if (vector := _shared.get(key)) is None:
        vector = _encoded(spec, text, wait_s)
        _shared.keep(key, vector)
    return vector


def _encoded(spec: EncoderSpec, text: str, wait_s: float | None) -> FloatArray:
    return queries_of(encoder_for(spec, wait_s=wait_s)).vector(text)  # type: ignore[arg-type]
