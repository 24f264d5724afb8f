"""A small server that speaks the chat completions protocol, well or badly, over real connections."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.small_server import SmallServer

Reply = Callable[[BaseHTTPRequestHandler], None]
EVENTS = "text/event-stream; charset=utf-8"


class ChatServer(SmallServer):
    """Answers each request with the next of `replies`, repeating the last; records the requests."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[dict[str, Any]] = []
        super().__init__()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def post(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.asked.append({"path": handler.path, "headers": dict(handler.headers), "body": json.loads(body)})
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        reply(handler)

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append({"path": handler.path})
        super().get(handler)


def streamed(*pieces: str, done: bool = True, pause_s: float = 0.0) -> Reply:
    """The pieces as server-sent events; without `done` the connection breaks off after them."""
    return raw(events(*pieces, done=done), content_type=EVENTS, pause_s=pause_s)


def events(*pieces: str, done: bool = True) -> list[bytes]:
    """The pieces as server-sent events, with a final event if `done`."""
    found = [{"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]} for piece in pieces]
    lines = [f": keep-alive\n\ndata: {json.dumps(event)}\n\n".encode() for event in found]
    if done:
        lines.append(b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n')
    return lines


def whole(text: str) -> Reply:
    """The text in one response, from a server that does not stream."""
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
            pass  # the caller has disconnected

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
    """A head without end: the same piece again and again, for ten seconds."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        try:
            for _ in range(200):
                handler.wfile.write(piece)
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass  # the caller has disconnected

    return reply


def hanging_up(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without answering."""
    handler.connection.close()
