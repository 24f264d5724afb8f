"""The load generator against a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.parts import load


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith("/missing"):
            self.send_error(404)
        elif self.path.startswith("/chunks"):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (b"[1, ", b"2]"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self._answer(b"[]")

    def do_POST(self):
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_every_request_is_sent_once_over_a_few_connections(server):
    requests = [load.get("/search", q=f"word {number}") for number in range(20)]
    result = load.send_all(server.server_port, requests, connections=3)
    assert sorted(server.asked) == sorted(f"/search?q=word+{number}" for number in range(20))
    assert result.requests_s > 0
    assert 0 < result.p50_ms <= result.p99_ms


def test_an_answer_in_chunks_is_put_together(server):
    assert load.ask(server.server_port, load.get("/chunks")) == [1, 2]


def test_a_body_arrives_as_json(server):
    assert load.ask(server.server_port, load.post("/", {"vector": [0.5, 1]})) == {"vector": [0.5, 1]}


def test_an_error_ends_the_measurement(server):
    with pytest.raises(load.Refused, match="404"):
        load.send_all(server.server_port, [load.get("/missing")] * 3, connections=2)
