"""Two hundred clients hold their connections without continuing: the others are served as usual."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator

import pytest

from catalog.http.bodies import BLOCK_TIMEOUT_S
from tests.faults.slow_clients import HOST, SLOW_BODY, SLOW_HEAD, SlowClients
from tests.stack import Stack
from tests.waiting import wait_until

CLIENTS, HELD_S = 200, 6
#: On busy cores any answer is slow; one that waits for the slow clients takes longer than a body block may.
LONGEST_S = 0.8 * BLOCK_TIMEOUT_S
WORDS: dict[str, object] = {"q": "ship", "semantic_ratio": 0}
SOMEBODY_ELSE = "127.0.0.2"
#: More items than the machine buffers for a client that does not read.
ITEMS = """
    INSERT INTO catalog_item (external_id, title, body, category, attributes, image, language, published,
        created_at, updated_at)
    SELECT %s || n, 'The ship ' || n, repeat('lost at sea ', 400), '', '{}', '', '', true, now(), now()
    FROM generate_series(1, 2000) AS n
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Stack]:
    stack = Stack()
    try:
        stack.start(workers=False)
        wait_until(lambda: is_quick(stack), timeout_s=60, what="both processes to have loaded everything")
        yield stack
    finally:
        stack.stop()


def is_quick(server: Stack) -> bool:
    started = time.monotonic()
    answers = [ask(server, "/api/v1/search", WORDS, timeout_s=30) for _ in range(20)]
    return time.monotonic() - started < LONGEST_S and set(answers) == {200}


def ask(server: Stack, path: str, body: dict[str, object] | None = None, *, timeout_s: float = LONGEST_S) -> int:
    """One request from another address, which must be answered in time."""
    connection = http.client.HTTPConnection(
        server.host, server.port, timeout=timeout_s, source_address=(SOMEBODY_ELSE, 0)
    )
    try:
        sent = None if body is None else json.dumps(body)
        connection.request("GET" if sent is None else "POST", path, sent, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def all_of(connection: socket.socket) -> bytes:
    """Everything received until the server hangs up."""
    with connection.makefile("rb") as answer:
        return answer.read()


def served_meanwhile(server: Stack) -> None:
    """Check for some seconds that pages and the API answer every time."""
    until = time.monotonic() + HELD_S
    while time.monotonic() < until:
        assert ask(server, "/livez") == 200
        assert ask(server, "/sign-in/") == 200
        assert ask(server, "/api/v1/search?q=ship&semantic_ratio=0") == 200
        assert ask(server, "/api/v1/search", WORDS) == 200


def test_bodies_that_come_byte_by_byte_keep_nobody_out(server):
    with SlowClients(server.port, start=SLOW_BODY, count=CLIENTS) as clients:
        served_meanwhile(server)
    assert b"HTTP/1.1 503 Service Unavailable" in clients.answers


def test_heads_that_come_byte_by_byte_keep_nobody_out(server):
    with SlowClients(server.port, start=SLOW_HEAD, count=CLIENTS):
        served_meanwhile(server)


def test_clients_that_say_nothing_keep_nobody_out_and_are_hung_up_on(server):
    with SlowClients(server.port, start=b"", count=CLIENTS, reads=False):
        served_meanwhile(server)
    with socket.create_connection((server.host, server.port), timeout=40) as silent:
        assert silent.recv(1) == b""


@pytest.mark.parametrize("path", ["/static/css/site.css", "/api/v1/items/export"])
def test_clients_that_read_nothing_keep_nobody_out(server, path):
    key = server.manage("create_api_key", "unread", "--scope", "write").strip()
    with server.connect() as connection:
        connection.execute(ITEMS, [path])
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    with SlowClients(server.port, start=request * 10, count=CLIENTS, reads=False):
        served_meanwhile(server)


def test_a_body_that_stops_is_refused_with_the_reason(server):
    with socket.create_connection((server.host, server.port), timeout=20) as connection:
        connection.sendall(SLOW_BODY + b'{"q": ')
        head, _, body = all_of(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "body_too_slow"


def test_a_form_that_stops_is_refused_with_a_page(server):
    head = b"POST /sign-in/ HTTP/1.1\r\n" + HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"
    with socket.create_connection((server.host, server.port), timeout=20) as connection:
        connection.sendall(head + b"Cookie: csrftoken=" + b"a" * 32 + b"\r\nContent-Length: 90\r\n\r\nusername=")
        answer = all_of(connection)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"too slowly" in answer
