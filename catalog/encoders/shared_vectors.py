"""Query vectors in Redis, so that a query is encoded once for all web processes and survives a restart.

Each vector's key assigns it one of SLOTS places, where it replaces whatever is there. So vectors never take more room
than that, in a Redis that also carries workers' wake-ups.
"""

from __future__ import annotations

import numpy as np
from django.core.cache import cache

from catalog.embedding.base import FloatArray

#: 13 MB with 384 dimensions, a hundred with 3,072.
SLOTS = 8_192
KEPT_S = 24 * 3600
KEY_BYTES = 32


class RedisVectors:
    """The site's cache as `catalog.embedding.query_vectors.SharedVectors`. While Redis is down it holds nothing."""

    def get(self, key: bytes) -> FloatArray | None:
        kept = cache.get(_slot(key))
        if not isinstance(kept, bytes) or kept[:KEY_BYTES] != key:
            return None
        return np.frombuffer(kept, dtype="<f4", offset=KEY_BYTES)

    def keep(self, key: bytes, vector: FloatArray) -> None:
        cache.set(_slot(key), key + vector.astype("<f4").tobytes(), KEPT_S)


def _slot(key: bytes) -> str:
    return f"query-vector:{int.from_bytes(key[:4]) % SLOTS}"
