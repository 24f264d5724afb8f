"""A Redis cache that the site can do without."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
REST_AFTER_FAILURE_S = 5.0


class FailOpenRedisCache(RedisCache):
    """Behaves as an empty cache while Redis is away.

    After a failure it is left alone for a few seconds, so that a Redis that accepts and never answers costs one
    socket timeout now and then and not one a request.
    """

    _resting_until = 0.0

    def _attempt(self, operation: Callable[..., Any], fallback: Any, *args: Any, **options: Any) -> Any:
        if time.monotonic() < FailOpenRedisCache._resting_until:
            return fallback
        try:
            return operation(*args, **options)
        except (RedisError, OSError) as error:
            FailOpenRedisCache._resting_until = time.monotonic() + REST_AFTER_FAILURE_S
            logger.warning("Cache is unreachable, going on without it: %s", error)
            return fallback

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._attempt(super().get, default, key, default, version)

    def set(self, key: Any, value: Any, *args: Any, **options: Any) -> None:
        self._attempt(super().set, None, key, value, *args, **options)

    def add(self, key: Any, value: Any, *args: Any, **options: Any) -> bool:
        return self._attempt(super().add, True, key, value, *args, **options)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return self._attempt(super().incr, delta, key, delta, version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._attempt(super().delete, False, key, version)

    def clear(self) -> None:
        self._attempt(super().clear, None)
