from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from catalog.answers import chat
from catalog.models import Item
from tests.chat_server import ChatServer, Reply
from tests.factories import make_item


@pytest.fixture
def items(db: None) -> list[Item]:
    """Three items that can be found by words; nothing is embedded."""
    return [
        make_item("love", "Robot love", body="A robot learns to love. It waits in the rain. Nobody comes for years."),
        make_item("war", "Robot war", body="Robots fight in the fog. A robot falls into the sea."),
        make_item("whale", "Space whale", body="A whale swims among the stars."),
    ]


@pytest.fixture
def chat_server(settings) -> Iterator[Callable[..., ChatServer]]:
    """Start a server with these replies and use it as the site's language model."""
    servers: list[ChatServer] = []

    def start(*replies: Reply) -> ChatServer:
        server = ChatServer(*replies)
        server.__enter__()
        servers.append(server)
        settings.CHAT_URL, settings.CHAT_MODEL, settings.CHAT_API_KEY = server.url, "tiny", "sk-secret"
        settings.CHAT_ALLOW_PRIVATE = True
        settings.CHAT_TIMEOUT_S = 3.0
        return server

    chat._state.rest_until = 0.0
    yield start
    chat._state.rest_until = 0.0
    for server in servers:
        server.__exit__()
