"""A small server that speaks the embeddings protocol, well or badly, over real connections."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np

from tests.small_server import SmallServer

DIMENSIONS = 32
Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class EmbeddingServer(SmallServer):
    """Answers with made-up vectors, after each of `first` has handled one request; records the requests.

    As with any mean of words, texts that share words are near each other.
    """

    def __init__(
        self,
        *first: Answer,
        dimensions: int = DIMENSIONS,
        as_numbers: bool = False,
        most_texts: int = 10_000,
        poison: str = "",
        pause_s: float = 0.0,
        port: int = 0,
        **headers: str,
    ) -> None:
        self.first = list(first)
        self.dimensions = dimensions
        self.as_numbers = as_numbers
        self.most_texts = most_texts
        self.poison = poison
        self.pause_s = pause_s
        self.headers = headers
        self.asked: list[dict[str, Any]] = []
        self.running = self.most_running = 0
        self._lock = threading.Lock()
        super().__init__(port=port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def texts(self) -> list[str]:
        """Every text of every request."""
        return [text for request in self.asked for text in request["body"]["input"]]

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        texts = body["input"]
        if len(texts) > self.most_texts or "" in texts or (self.poison and any(self.poison in text for text in texts)):
            return respond(handler, 400, {"error": {"message": "not these"}})
        time.sleep(self.pause_s)
        size = body.get("dimensions", self.dimensions)
        rows = [
            {"object": "embedding", "index": place, "embedding": self._written(vector_of(text, self.dimensions)[:size])}
            for place, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 7 * len(texts), "total_tokens": 7 * len(texts)}
        respond(handler, 200, {"object": "list", "data": rows[::-1], "usage": usage}, **self.headers)

    def _written(self, vector: np.ndarray) -> list[float] | str:
        return vector.tolist() if self.as_numbers else base64.b64encode(vector.astype("<f4").tobytes()).decode()

    def post(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        asked = json.loads(body)
        with self._lock:
            self.asked.append({"path": handler.path, "headers": dict(handler.headers), "body": asked})
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            answer = self.first.pop(0) if self.first else self.answer
        try:
            answer(handler, asked)
        except OSError:
            pass  # the caller has disconnected
        finally:
            with self._lock:
                self.running -= 1


def vector_of(text: str, dimensions: int) -> np.ndarray:
    """The sum of one vector for each word of a text and one shared by all texts; not normalised."""
    total = np.random.default_rng(0).normal(size=dimensions)
    for word in re.findall(r"\w+", text.lower()):
        total = total + np.random.default_rng(zlib.crc32(word.encode())).normal(size=dimensions)
    return total


def respond(handler: BaseHTTPRequestHandler, status: int, body: Any, **headers: str) -> None:
    data = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


def failing(status: int, **headers: str) -> Answer:
    return lambda handler, body: respond(handler, status, {"error": {"message": "no"}}, **headers)


def answering(body: Any) -> Answer:
    """A successful response with this body."""
    return lambda handler, _: respond(handler, 200, body)


def hanging_up(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Close the connection without answering."""
    handler.connection.close()
