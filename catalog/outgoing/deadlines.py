"""A deadline for calls that never fall silent.

A client times each read separately, so a server that sends a byte of a head now and then, or provisional responses
without end, would be waited for indefinitely.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

_of_thread = threading.local()


@contextmanager
def give_up_at(moment: float) -> Iterator[None]:
    """Make the calls of this thread end at a moment of time.monotonic(), with httpx2.TimeoutException."""
    before = getattr(_of_thread, "give_up_at", None)
    _of_thread.give_up_at = moment
    try:
        yield
    finally:
        _of_thread.give_up_at = before


def _no_longer(timeout_s: float | None, error: type[httpcore2.TimeoutException]) -> float | None:
    """The timeout, or the time left until the deadline if that is shorter. Raises the error if none is left."""
    moment: float | None = getattr(_of_thread, "give_up_at", None)
    if moment is None:
        return timeout_s
    if (left_s := moment - time.monotonic()) <= 0:
        raise error
    return left_s if timeout_s is None else min(timeout_s, left_s)


class TimedTransport(httpx2.HTTPTransport):
    """Connections that obey `give_up_at`."""

    def __init__(self, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, trust_env=False)
        # The pool accepts another backend only at construction, which the transport does by itself.
        self._pool._network_backend = _Backend(self._pool._network_backend)


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, backend: httpcore2.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **kwargs: Any
    ) -> httpcore2.NetworkStream:
        timeout = _no_longer(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._backend.connect_tcp(host, port, timeout, *args, **kwargs))


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _no_longer(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _no_longer(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
