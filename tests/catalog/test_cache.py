"""The site keeps working while Redis is away, and does not wait for it."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator

import pytest

from catalog.cache import FailOpenRedisCache


@pytest.fixture(autouse=True)
def rested() -> Iterator[None]:
    FailOpenRedisCache._resting_until = 0.0
    yield
    FailOpenRedisCache._resting_until = 0.0


@pytest.fixture
def black_hole() -> Iterator[str]:
    """The URL of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def cache_at(address: str) -> FailOpenRedisCache:
    return FailOpenRedisCache(address, {"OPTIONS": {"socket_timeout": 0.3, "socket_connect_timeout": 0.3}})


@pytest.mark.parametrize("where", ["refused", "black hole"])
def test_an_unreachable_cache_behaves_as_an_empty_one(where, black_hole):
    cache = cache_at("redis://127.0.0.1:1/0" if where == "refused" else black_hole)
    assert cache.get("key", "fallback") == "fallback"
    assert cache.add("key", 1) is True
    cache.set("key", 1)
    assert cache.incr("key") == 1
    assert cache.count("key", 5) == 1
    assert cache.touch("key", 5) is False
    assert cache.delete("key") is False


def test_a_black_hole_is_asked_once_and_then_left_alone(black_hole):
    cache = cache_at(black_hole)
    started = time.monotonic()
    for number in range(50):
        cache.get(f"key-{number}")
    assert time.monotonic() - started < 3, "fifty reads must not cost fifty timeouts"


def test_values_are_kept_while_redis_is_there(settings):
    cache = FailOpenRedisCache(settings.REDIS_URL, {})
    cache.set("kept", {"a": 1}, timeout=5)
    assert cache.get("kept") == {"a": 1}


def test_a_counter_goes_up_and_is_forgotten_in_time(settings):
    cache = FailOpenRedisCache(settings.REDIS_URL, {})
    key = uuid.uuid4().hex
    assert [cache.count(key, 60) for _ in range(3)] == [1, 2, 3]
    client = cache._cache.get_client(key, write=True)
    assert 0 < client.ttl(cache.make_and_validate_key(key)) <= 60


def test_operations_share_a_client(settings):
    cache = FailOpenRedisCache(settings.REDIS_URL, {})
    assert cache._cache.get_client("a", write=True) is cache._cache.get_client("b", write=True)
