"""A Redis cache that the site can do without."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
REST_AFTER_FAILURE_S = 5.0


class KeptClient(RedisCacheClient):
    """Creates one client per server instead of one per operation: creating it costs more than using it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._kept: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        index = self._get_connection_pool_index(write)  # type: ignore[attr-defined]
        if index not in self._kept:
            self._kept[index] = super().get_client(key, write=write)
        return self._kept[index]

    def count(self, key: str, timeout_s: int, by: int) -> int:
        client = self.get_client(key, write=True)
        counted: int = client.incr(key, by)
        if counted == by:
            client.expire(key, timeout_s)
        return counted


class FailOpenRedisCache(RedisCache):
    """Behaves like an empty cache while Redis is down.

    After a failure it is left alone for a few seconds, so that a Redis that accepts connections and never answers costs
    a socket timeout now and then instead of one per request.
    """

    _resting_until = 0.0

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = KeptClient

    def _attempt(self, operation: Callable[..., Any], fallback: Any, *args: Any, **options: Any) -> Any:
        if time.monotonic() < FailOpenRedisCache._resting_until:
            return fallback
        try:
            return operation(*args, **options)
        except (RedisError, OSError) as error:
            FailOpenRedisCache._resting_until = time.monotonic() + REST_AFTER_FAILURE_S
            logger.warning("Cache is unreachable, continuing without it: %s", error)
            return fallback

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._attempt(super().get, default, key, default, version)

    def set(self, key: Any, value: Any, *args: Any, **options: Any) -> None:
        self._attempt(super().set, None, key, value, *args, **options)

    def add(self, key: Any, value: Any, *args: Any, **options: Any) -> bool:
        return self._attempt(super().add, True, key, value, *args, **options)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return self._attempt(super().incr, delta, key, delta, version)

    def count(self, key: str, timeout_s: int, by: int = 1) -> int:
        """Add to a counter that expires `timeout_s` seconds after it began, and return it: one round trip."""
        return self._attempt(self._client.count, by, self.make_and_validate_key(key), timeout_s, by)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._attempt(super().touch, False, key, timeout, version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._attempt(super().delete, False, key, version)

    @property
    def _client(self) -> KeptClient:
        return self._cache  # type: ignore[return-value]

    def clear(self) -> None:
        self._attempt(super().clear, None)
