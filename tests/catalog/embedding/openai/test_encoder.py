"""An encoder behind a real HTTP server."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from catalog.embedding.base import EncoderError, EncoderSpec, EncoderUnavailable, EncodingFailed
from catalog.embedding.openai.encoder import OpenAIEncoder
from catalog.embedding.openai.service import Service, use_service
from catalog.embedding.openai.use import Use, used
from catalog.outgoing.endpoint import Endpoint
from searchsite.embedded.ports import free_port
from tests.catalog.embedding.openai.conftest import Connect
from tests.embedding_server import DIMENSIONS, EmbeddingServer, answering, failing, hanging_up, vector_of


def unit(text: str, dimensions: int = DIMENSIONS) -> np.ndarray:
    vector = vector_of(text, DIMENSIONS)[:dimensions]
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("as_numbers", [True, False])
def test_vectors_come_as_numbers_or_base64_and_in_the_order_of_the_texts(connect: Connect, as_numbers: bool):
    encoder, server = connect(EmbeddingServer(as_numbers=as_numbers), batch_texts=2)
    texts = [f"text {number}" for number in range(5)]
    np.testing.assert_allclose(encoder.encode_documents(texts), [unit(text) for text in texts], atol=1e-5)
    assert sorted(len(request["body"]["input"]) for request in server.asked) == [1, 2, 2]
    request = server.asked[0]
    assert request["path"] == "/v1/embeddings"
    assert request["headers"]["Authorization"] == "Bearer sk-secret"
    assert request["body"]["model"] == "small"


def test_a_request_holds_no_more_tokens_than_allowed(connect: Connect):
    encoder, server = connect(EmbeddingServer(), batch_tokens=6)
    encoder.encode_documents(["a b c d", "e f g", "h i j", "k l m n o p q r"])
    assert sorted(request["body"]["input"] for request in server.asked) == [
        ["a b c d"],
        ["e f g", "h i j"],
        ["k l m n o p q r"],
    ]


def test_requests_run_side_by_side_but_no_more_than_allowed(connect: Connect):
    encoder, server = connect(EmbeddingServer(pause_s=0.1), batch_texts=1, concurrency=3)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(encoder.encode_documents, [[f"a {n}" for n in range(6)], [f"b {n}" for n in range(6)]]))
    assert 1 < server.most_running <= 3


def test_a_text_that_comes_twice_is_asked_for_once(connect: Connect):
    encoder, server = connect(EmbeddingServer())
    first, second, third = encoder.encode_documents(["sea", "storm", "sea"])
    assert (first == third).all()
    assert not (first == second).all()
    assert sorted(server.texts()) == ["sea", "storm"]


def test_fewer_dimensions_are_asked_of_the_endpoint(connect: Connect):
    spec = EncoderSpec(backend="openai", model="small", dimensions=8)
    encoder, server = connect(EmbeddingServer(), spec)
    np.testing.assert_allclose(encoder.encode_queries(["sea"])[0], unit("sea", 8), atol=1e-5)
    assert server.asked[0]["body"]["dimensions"] == 8


def test_a_version_with_the_full_dimensions_does_not_ask_for_them(connect: Connect):
    """The first models of this kind reject the parameter."""
    spec = EncoderSpec(backend="openai", model="small", dimensions=DIMENSIONS)
    encoder, server = connect(EmbeddingServer(), spec)
    encoder.encode_queries(["sea"])
    assert "dimensions" not in server.asked[0]["body"]


def test_more_dimensions_than_there_are_are_refused(connect: Connect):
    with pytest.raises(EncoderUnavailable, match="has 32 dimensions, but 64 were requested"):
        connect(EmbeddingServer(), EncoderSpec(backend="openai", model="small", dimensions=64))


def test_a_model_changed_behind_the_endpoint_is_noticed(connect: Connect):
    encoder, server = connect(EmbeddingServer())
    server.dimensions = 48
    with pytest.raises(EncoderUnavailable, match="48 dimensions instead of 32: the model behind small has changed"):
        encoder.encode_documents(["sea"])


@pytest.mark.parametrize("answer", [failing(500), failing(429), failing(503), hanging_up, answering({"data": []})])
def test_what_may_pass_is_tried_again(connect: Connect, answer):
    encoder, server = connect(EmbeddingServer(answer, answer))
    np.testing.assert_allclose(encoder.encode_documents(["sea"])[0], unit("sea"), atol=1e-5)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry_After": "1"},
        {"retry_after_ms": "1000"},
        {
            "x_ratelimit_remaining_requests": "0",
            "x_ratelimit_reset_requests": "1s",
            "x_ratelimit_remaining_tokens": "10",
            "x_ratelimit_reset_tokens": "6m0s",
        },
    ],
)
def test_a_pause_is_as_long_as_the_endpoint_asks(connect: Connect, headers):
    encoder, _ = connect(EmbeddingServer(failing(429, **headers)))
    started = time.monotonic()
    encoder.encode_documents(["sea"])
    assert time.monotonic() - started >= 1


def test_a_limit_that_is_used_up_holds_back_the_next_request(connect: Connect):
    encoder, server = connect(EmbeddingServer(x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens="700ms"))
    started = time.monotonic()
    encoder.encode_documents(["sea"])
    server.headers = {}
    encoder.encode_documents(["storm"])
    assert time.monotonic() - started >= 0.7


def test_a_rest_longer_than_there_is_patience_for_is_said_at_once(connect: Connect):
    encoder, server = connect(EmbeddingServer(failing(429, Retry_After="600")))
    with pytest.raises(EncoderUnavailable, match="too many requests"):
        encoder.encode_queries(["sea"])
    with pytest.raises(EncoderUnavailable, match="too many requests"):
        encoder.encode_documents(["sea"])
    assert len(server.asked) == 1


def test_after_a_failure_queries_do_not_wait_one_after_another(connect: Connect):
    encoder, server = connect(EmbeddingServer(), query_patience_s=0.5)
    server.pause_s = 5
    started = time.monotonic()
    for _ in range(10):
        with pytest.raises(EncoderUnavailable):
            encoder.encode_queries(["sea"])
    assert time.monotonic() - started < server.pause_s
    assert len(server.asked) == 1


def test_a_query_that_is_refused_waits_no_longer_than_others(connect: Connect):
    encoder, server = connect(EmbeddingServer(poison="poison"), query_patience_s=0.3)
    server.pause_s = 5
    started = time.monotonic()
    with pytest.raises(EncoderError):
        encoder.encode_queries(["poison"])
    assert time.monotonic() - started < server.pause_s


def test_a_dead_endpoint_is_unavailable_and_says_so():
    endpoint = Endpoint(url=f"http://127.0.0.1:{free_port()}/v1", api_key="sk-secret", allow_private=True)
    use_service(lambda: Service(endpoint=endpoint))
    with pytest.raises(EncoderUnavailable, match="is unavailable") as raised:
        OpenAIEncoder(EncoderSpec(backend="openai", model="small"))
    assert "sk-secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "refused the key .401.. Check ENCODER_API_KEY"),
        (403, "refused the key .403."),
        (404, "does not know the model, or ENCODER_URL is not"),
        (307, "redirects"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(connect: Connect, status: int, message: str):
    encoder, server = connect(EmbeddingServer(failing(status)))
    with pytest.raises(EncoderUnavailable, match=message) as raised:
        encoder.encode_documents(["sea"])
    assert "sk-secret" not in str(raised.value)
    assert len(server.asked) == 1


def test_a_private_address_is_not_called_unless_it_is_allowed():
    with EmbeddingServer() as server:
        use_service(lambda: Service(endpoint=Endpoint(url=server.url)))
        with pytest.raises(EncoderUnavailable, match="cannot be called"):
            OpenAIEncoder(EncoderSpec(backend="openai", model="small"))
        assert server.asked == []


def test_a_poisoned_text_fails_alone_and_the_others_are_paid_for_once(connect: Connect):
    encoder, server = connect(EmbeddingServer(poison="poison"))
    texts = [f"text {number}" for number in range(7)]
    with pytest.raises(EncodingFailed, match="1 of 8 texts"):
        encoder.encode_documents([*texts[:3], "poison", *texts[3:]])
    asked_before = len(server.asked)
    np.testing.assert_allclose(encoder.encode_documents(texts), [unit(text) for text in texts], atol=1e-5)
    assert len(server.asked) == asked_before


def test_an_endpoint_that_refuses_every_text_is_unavailable(connect: Connect):
    encoder, server = connect(EmbeddingServer())
    server.poison = "e"
    with pytest.raises(EncoderUnavailable, match="does not accept model small"):
        encoder.encode_documents(["sea", "storm"])


def test_the_most_texts_that_an_endpoint_takes_are_found_out(connect: Connect):
    encoder, server = connect(EmbeddingServer(most_texts=8), batch_texts=32, concurrency=1)
    texts = [f"text {number}" for number in range(32)]
    np.testing.assert_allclose(encoder.encode_documents(texts), [unit(text) for text in texts], atol=1e-5)
    server.asked.clear()
    encoder.encode_documents([f"other {number}" for number in range(32)])
    assert [len(request["body"]["input"]) for request in server.asked] == [8, 8, 8, 8]


def row(index: int, embedding: object) -> dict[str, object]:
    return {"index": index, "embedding": embedding}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "does not speak the embeddings protocol"),
        ({"data": [row(0, [1.0])]}, "1 vectors for 2 texts"),
        ({"data": [row(0, [1.0]), row(0, [1.0])]}, "2 vectors for 2 texts"),
        ({"data": [row(0, [1.0, 2.0]), row(1, [1.0])]}, "different sizes"),
        ({"data": [row(0, [1.0, 2.0]), row(1, [0.0, 0.0])]}, "zero or not finite"),
        ({"data": [row(0, [1.0, 2.0]), row(1, [1e300, 0.0])]}, "zero or not finite"),
        ({"data": [row(0, "AAA"), row(1, "AAA")]}, "does not speak the embeddings protocol"),
        ({"data": [row(0, [[1.0], [2.0]]), row(1, [[1.0], [2.0]])]}, "does not speak the embeddings protocol"),
        ({"data": [row(0, None), row(1, None)]}, "does not speak the embeddings protocol"),
        ({"error": {"message": "try later"}}, "does not speak the embeddings protocol"),
    ],
)
def test_an_answer_that_is_none_is_never_taken_for_one(connect: Connect, body, message: str):
    encoder, server = connect(EmbeddingServer(), query_patience_s=0.2)
    server.answer = answering(body)  # type: ignore[method-assign, assignment]
    with pytest.raises(EncoderUnavailable, match=message):
        encoder.encode_queries(["sea", "storm"])


def test_requests_texts_and_tokens_are_counted_and_logged_without_the_key(connect: Connect, caplog):
    caplog.set_level(logging.DEBUG)
    encoder, _ = connect(EmbeddingServer())
    used.take()
    encoder.encode_documents(["sea", "storm"])
    assert used.take() == {"small": Use(requests=1, texts=2, tokens=14)}
    assert used.take() == {}
    assert "Embedded 2 texts of 14 tokens." in caplog.text
    assert "sk-secret" not in caplog.text


def test_texts_are_cut_by_estimated_tokens(connect: Connect):
    spec = EncoderSpec(backend="openai", model="small", max_tokens=4)
    encoder, server = connect(EmbeddingServer(), spec)
    assert encoder.token_offsets(["Unbelievable, 12345 雪の"]) == [
        [(0, 6), (6, 12), (12, 13), (14, 17), (17, 19), (20, 21), (21, 22)]
    ]
    encoder.encode_documents(["Unbelievable, 12345"])
    assert server.texts() == ["Unbelievable, 123"]
