"""A small server that speaks the protocol of chat completions, well or badly, over real connections."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Reply = Callable[[BaseHTTPRequestHandler], None]


class ChatServer:
    """Answers each request with the next of `replies`, the last of them again and again; keeps what was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.asked.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
                reply = owner.replies.pop(0) if len(owner.replies) > 1 else owner.replies[0]
                reply(self)
                self.close_connection = True

            def do_GET(self) -> None:
                owner.asked.append({"path": self.path})
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def streamed(*pieces: str, done: bool = True, pause_s: float = 0.0) -> Reply:
    """The pieces as server-sent events; without `done` the connection breaks off after them."""
    events = [{"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]} for piece in pieces]
    lines = [f": keep-alive\n\ndata: {json.dumps(event)}\n\n".encode() for event in events]
    if done:
        lines.append(b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n')
    return raw(lines, content_type="text/event-stream; charset=utf-8", pause_s=pause_s)


def whole(text: str) -> Reply:
    """The text at once, from a server that does not stream."""
    message = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
    return raw([json.dumps(message).encode()])


def raw(
    chunks: Iterable[bytes], *, content_type: str = "application/json", pause_s: float = 0.0, **headers: str
) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", content_type)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        try:
            for chunk in chunks:
                handler.wfile.write(chunk)
                handler.wfile.flush()
                time.sleep(pause_s)
        except OSError:
            pass  # the caller has heard enough

    return reply


def failing(status: int, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


def dripping(piece: bytes) -> Reply:
    """A head without end: the same again and again, for ten seconds."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        try:
            for _ in range(200):
                handler.wfile.write(piece)
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass  # the caller has heard enough

    return reply


def hanging_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.connection.close()
