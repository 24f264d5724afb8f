"""An answer over a real web server: each sentence is sent before the model has written the next."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.chat_server import ChatServer, streamed
from tests.stack import Stack

HEADERS = {"Content-Type": "application/json", "Accept": "text/event-stream"}


class Patient:
    """A model that writes its second sentence only once somebody has received the first."""

    def __init__(self) -> None:
        self.first_arrived = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        streamed("A robot learns to love [1]. And", done=False)(handler)
        if self.first_arrived.wait(timeout=20):
            rest = {"choices": [{"delta": {"content": " waits [1]."}, "finish_reason": "stop"}]}
            handler.wfile.write(f"data: {json.dumps(rest)}\n\ndata: [DONE]\n\n".encode())


@pytest.fixture
def model() -> Patient:
    return Patient()


@pytest.fixture
def server(model: Patient, tmp_path: Path) -> Iterator[Stack]:
    """A web server with one item and no workers, whose language model is the patient one."""
    items = tmp_path / "items.ndjson"
    items.write_text(json.dumps({"external_id": "a", "title": "Robot love", "body": "A robot learns to love."}))
    with ChatServer(model) as chat:
        stack = Stack(environment={"CHAT_URL": chat.url, "CHAT_MODEL": "patient", "CHAT_ALLOW_PRIVATE": "1"})
        try:
            stack.start(workers=False)
            stack.manage("import_items", str(items))
            yield stack
        finally:
            stack.stop()


def test_a_sentence_is_read_before_the_next_is_written(server: Stack, model: Patient):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=15)
    connection.request("POST", "/api/v1/answers", json.dumps({"q": "Which robot loves?"}), HEADERS)
    response = connection.getresponse()
    assert response.getheader("Content-Type") == "text/event-stream"

    assert response.readline() == b"event: sentence\n"
    assert json.loads(response.readline().removeprefix(b"data: "))["text"] == "A robot learns to love."
    model.first_arrived.set()
    rest = response.read().decode()
    connection.close()
    assert "And waits." in rest
    assert rest.count("event: answer\n") == 1
