"""Load for HTTP servers: one thread, plain sockets and prebuilt requests, so that it uses little of the machine."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from benchmarks.parts.report import percentile

TIMEOUT_S = 60.0
RECEIVE_BYTES = 262_144


class Refused(Exception):
    """A server did not do what it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A server's performance: requests per second and milliseconds per request."""

    requests_s: float
    p50_ms: float
    p99_ms: float


def get(path: str, **parameters: object) -> bytes:
    query = f"?{urlencode(parameters)}" if parameters else ""
    return f"GET {path}{query} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n".encode()


def post(path: str, body: Any, *, authorization: str = "") -> bytes:
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nContent-Type: application/json\r\n"
    head += f"Authorization: {authorization}\r\n" if authorization else ""
    return head.encode() + f"Content-Length: {len(content)}\r\n\r\n".encode() + content


def send_all(port: int, requests: Sequence[bytes], *, connections: int) -> Load:
    """Send the requests over this many connections, each with one request in flight. Raises Refused."""
    waiting, times_ms = iter(requests), []
    started = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(min(connections, len(requests))):
            connection = _Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(next(waiting))
        while selector.get_map():
            for key, _ in selector.select(TIMEOUT_S) or _time_out():
                connection = key.data
                if not connection.receive():
                    continue
                times_ms.append((time.perf_counter() - connection.sent_at) * 1000)
                if (request := next(waiting, None)) is not None:
                    connection.send(request)
                else:
                    selector.unregister(connection.socket)
                    connection.socket.close()
    duration_s = time.perf_counter() - started
    return Load(requests_s=len(requests) / duration_s, p50_ms=percentile(times_ms, 50), p99_ms=percentile(times_ms, 99))


def ask(port: int, request: bytes) -> Any:
    """Send one request and return its answer as JSON. Raises Refused."""
    connection = _Connection(port)
    connection.send(request)
    while not connection.receive():
        pass
    connection.socket.close()
    return json.loads(connection.body)


def _time_out() -> Iterator[Any]:
    raise Refused(f"No answer within {TIMEOUT_S:.0f} seconds.")


class _Connection:
    """A persistent connection, with the answer to its current request as far as it has arrived."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._answer = b""

    @property
    def body(self) -> bytes:
        head, _, body = self._answer.partition(b"\r\n\r\n")
        if b"transfer-encoding: chunked" not in head.lower():
            return body
        content = b""
        while (size := int(body.partition(b"\r\n")[0], 16)) > 0:
            start = body.index(b"\r\n") + 2
            content, body = content + body[start : start + size], body[start + size + 2 :]
        return content

    def send(self, request: bytes) -> None:
        self._answer = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read what has arrived and return whether the answer is complete. Raises Refused."""
        received = self.socket.recv(RECEIVE_BYTES)
        self._answer += received
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        if not received:
            raise Refused("The server closed the connection.")
        if not separator:
            return False
        if not head.startswith(b"HTTP/1.1 20"):
            raise Refused(self._answer[:1000].decode(errors="replace"))
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            return body.endswith(b"0\r\n\r\n")
        return len(body) >= int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0])
