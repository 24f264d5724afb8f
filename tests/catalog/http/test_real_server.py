"""What only a real web server shows: bytes on a socket, before Django sees them."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator

import psutil
import pytest

from tests.stack import Stack
from tests.waiting import wait_until

SEARCH = "/api/v1/search"
JSON = {"Content-Type": "application/json"}
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[Stack]:
    """A web server without workers."""
    stack = Stack()
    try:
        stack.start(workers=False)
        yield stack
    finally:
        stack.stop()


def exchange(server: Stack, method: str, path: str, body: object = None, **headers: str):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    try:
        connection.request(method, path, body, headers)  # type: ignore[arg-type]
        response = connection.getresponse()
        text = response.read()
        return response.status, response.headers, text
    finally:
        connection.close()


def raw_exchange(server: Stack, request: bytes) -> bytes:
    """The first bytes that the server answers to these."""
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        connection.sendall(request)
        return connection.recv(4096)


def memory_bytes(server: Stack) -> int:
    process = psutil.Process(server.web.pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


def settled_memory_bytes(server: Stack) -> int:
    """The memory in use once both processes have loaded what they load on their own."""
    readings: list[int] = []

    def is_still() -> bool:
        readings.append(memory_bytes(server))
        return len(readings) > 20 and max(readings[-20:]) - min(readings[-20:]) < MEGABYTE

    wait_until(is_still, timeout_s=60, what="the server to have loaded everything")
    return readings[-1]


def test_a_body_that_comes_in_chunks_is_refused_however_long_it_is(server):
    chunk = b"x" * MEGABYTE
    before = settled_memory_bytes(server)
    try:
        status, _, text = exchange(
            server, "POST", SEARCH, (chunk for _ in range(200)), **JSON, **{"Transfer-Encoding": "chunked"}
        )
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused and disconnected before it was fully sent
    else:
        assert (status, json.loads(text)["code"]) == (411, "length_required")
    assert memory_bytes(server) - before < 50 * MEGABYTE
    status, _, text = exchange(
        server, "POST", SEARCH, iter([b'{"q": "a"}']), **JSON, **{"Transfer-Encoding": "chunked"}
    )
    assert (status, json.loads(text)["code"]) == (411, "length_required")


def test_a_body_longer_than_it_says_is_cut_at_what_it_says(server):
    head = f"POST {SEARCH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    answer = raw_exchange(server, head.encode() + b"Content-Length: 3\r\n\r\n" + b'{"q": "a"}')
    assert answer.startswith(b"HTTP/1.1 400")


def test_a_body_that_was_not_read_ends_its_connection_and_the_answer_says_so(server):
    _, headers, _ = exchange(server, "POST", "/nothing", b"x" * MEGABYTE, **JSON)
    assert headers["Connection"] == "close"
    status, headers, _ = exchange(server, "POST", SEARCH, b'{"q": "a", "semantic_ratio": 0}', **JSON)
    assert (status, headers["Connection"]) == (200, None)


def test_a_body_that_ends_early_is_not_taken_for_a_shorter_one(server):
    key = server.manage("create_api_key", "early", "--scope", "write").strip()
    head = f"POST /api/v1/items/bulk HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    body = b'{"items": [{"external_id": "early", "title": "Cut off"}]}'
    with socket.create_connection((server.host, server.port), timeout=30) as connection:
        connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 900\r\n\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(4096)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert server.count("SELECT count(*) FROM catalog_item WHERE external_id = 'early'") == 0


@pytest.mark.parametrize(
    "lengths", [b"Content-Length: many\r\n", b"Content-Length: -5\r\n", b"Content-Length: 3\r\nContent-Length: 9\r\n"]
)
def test_a_length_that_is_none_never_reaches_the_site(server, lengths):
    head = f"POST {SEARCH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    assert b" 400 " in raw_exchange(server, head.encode() + lengths + b"\r\n" + b'{"q": "a"}').splitlines()[0]


def test_a_body_over_the_limit_is_refused_before_it_is_sent(server):
    head = f"POST {SEARCH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = raw_exchange(server, f"{head}Content-Length: {10**12}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_wrong_host_is_refused_on_every_page(server):
    for path in ("/", "/staff/", SEARCH + "?q=a"):
        status, _, text = exchange(server, "GET", path, Host="evil.example")
        assert status == 400
        assert b"evil.example" not in text


def test_every_answer_carries_the_headers_that_protect_it(server):
    for path in ("/", "/search?q=a", "/sign-in/", SEARCH + "?q=a", "/nothing"):
        _, headers, _ = exchange(server, "GET", path)
        assert "default-src 'self'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert len(headers["X-Request-ID"]) == 32


def test_line_breaks_in_a_query_forge_no_header_and_no_log_line(server):
    status, headers, _ = exchange(server, "GET", SEARCH + "?q=a%0d%0aX-Evil:%201%0d%0a2026-01-01%20ERROR%20forged")
    assert status == 200
    assert "X-Evil" not in headers
    status, _, _ = exchange(server, "GET", "/nothing%0d%0a2026-01-01%20ERROR%20forged")
    assert status == 404
    log = server.log_of("web").read_text()
    assert "forged" in log
    assert not [line for line in log.splitlines() if line.startswith("2026-01-01 ERROR forged")]


def test_a_cookie_is_for_this_site_alone(server):
    _, headers, _ = exchange(server, "GET", "/sign-in/")
    cookie = headers["Set-Cookie"]
    assert "csrftoken=" in cookie
    assert "SameSite=Lax" in cookie
