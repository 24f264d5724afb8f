from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from catalog.embedding.base import EncoderSpec
from catalog.embedding.openai import calls
from catalog.embedding.openai.encoder import OpenAIEncoder
from catalog.embedding.openai.service import Service, use_service
from catalog.encoders.endpoint import embeddings_endpoint
from catalog.outgoing.endpoint import Endpoint
from tests.embedding_server import EmbeddingServer

Connect = Callable[..., tuple[OpenAIEncoder, EmbeddingServer]]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "FIRST_PAUSE_S", 0.02)


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Start a server and an encoder that calls it; the requests made while loading are dropped."""
    with ExitStack() as servers:

        def start(
            server: EmbeddingServer, spec: EncoderSpec | None = None, **service: Any
        ) -> tuple[OpenAIEncoder, EmbeddingServer]:
            servers.enter_context(server)
            endpoint = Endpoint(
                url=server.url, api_key="sk-secret", allow_private=True, max_response_bytes=10_000_000, read_timeout_s=2
            )
            found = Service(endpoint=endpoint, **service)
            use_service(lambda: found)
            first, server.first = server.first, []
            encoder = OpenAIEncoder(spec or EncoderSpec(backend="openai", model="small"))
            server.first = first
            server.asked.clear()
            return encoder, server

        yield start
    use_service(embeddings_endpoint)
