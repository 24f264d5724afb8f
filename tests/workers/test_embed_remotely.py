"""Items embedded by a remote endpoint, which may be slow, gone, or refuse a text."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from catalog.embedding.base import EncoderSpec, EncoderUnavailable
from catalog.embedding.openai import calls
from catalog.embedding.openai.encoder import calls_to
from catalog.embedding.openai.use import used
from catalog.embedding.registry import BACKENDS
from catalog.index.versions import ensure_active_version
from catalog.models import EmbeddingState, EndpointUse, IndexVersion, Item
from catalog.search import search
from catalog.search.queries import SearchQuery
from tests.embedding_server import DIMENSIONS, EmbeddingServer, vector_of
from tests.factories import make_items
from tests.ledger import ledger
from tests.ledger import vector_of as stored_vector
from workers.embed import drain
from workers.tasks import embed_pending


@pytest.fixture
def server(settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    monkeypatch.setattr(calls, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(calls, "REST_AFTER_FAILURE_S", 0.2)
    with EmbeddingServer() as server:
        settings.ENCODER_BACKEND, settings.ENCODER_MODEL = "openai", f"small-{server.port}"
        settings.ENCODER_URL, settings.ENCODER_ALLOW_PRIVATE = server.url, True
        settings.ENCODER_TIMEOUT_S = 1.0
        yield server
    calls_to.cache_clear()


@pytest.fixture
def version(committed_db: str, server: EmbeddingServer) -> IndexVersion:
    return ensure_active_version()


def films(count: int) -> list[dict[str, str]]:
    return [{"external_id": f"film {number}", "title": f"The ship {number}"} for number in range(count)]


def test_items_get_the_vectors_of_the_endpoint_and_queries_too(version, server):
    make_items(films(5))
    assert drain() == 5
    assert version.dimensions == DIMENSIONS
    for item in Item.objects.all():
        wanted = vector_of(item.title, DIMENSIONS)
        assert stored_vector(version, item) @ (wanted / np.linalg.norm(wanted)) > 0.999
    found = search(SearchQuery(text="ship 3", semantic_ratio=1.0))
    assert found.hits[0].item.external_id == "film 3"
    assert not found.degraded


def test_a_refused_text_sets_its_item_aside_and_no_other(version, server, settings):
    settings.EMBEDDING_MAX_ATTEMPTS = 1
    server.poison = "poison"
    make_items([*films(5), {"external_id": "bad", "title": "A poison"}])
    assert drain() == 5
    assert {name for name, state in ledger(version).items() if state == "failed"} == {"bad"}
    assert "does not accept the text" in EmbeddingState.objects.get(state="failed").error
    assert len([text for text in server.texts() if text.startswith("The ship")]) <= 15


def test_an_endpoint_that_is_gone_costs_no_item_an_attempt_and_searches_go_by_words(version, server):
    make_items(films(5))
    server.first = [lambda handler, body: handler.connection.close()] * 1_000
    with pytest.raises(EncoderUnavailable, match="is unavailable"):
        drain()
    states = EmbeddingState.objects.of(version)
    assert {(state.state, state.attempts) for state in states} == {("pending", 0)}
    found = search(SearchQuery(text="ship 3"))
    assert found.degraded
    assert "film 3" in [hit.item.external_id for hit in found.hits]
    server.first = []
    time.sleep(0.3)  # after a failure it is left alone for a moment
    assert drain() == 5


def test_a_site_without_an_endpoint_says_what_to_set(settings):
    settings.ENCODER_URL = ""
    with pytest.raises(EncoderUnavailable, match="Set ENCODER_URL"):
        BACKENDS["openai"](EncoderSpec(backend="openai", model="small"))


def test_a_worker_keeps_what_it_asked_for_after_each_task(version, server):
    used.take()
    make_items(films(3))
    assert embed_pending.apply().successful()
    use = EndpointUse.objects.get()
    assert (use.model, use.texts) == (version.model, 3)
    assert use.tokens > 0
