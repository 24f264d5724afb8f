"""What every encoder promises. A new backend gets a line in ENCODERS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog.embedding.base import Encoder, EncoderSpec
from catalog.embedding.openai.service import Service, use_service
from catalog.embedding.registry import encoder_for
from catalog.encoders.endpoint import embeddings_endpoint
from catalog.outgoing.endpoint import Endpoint
from tests.checkpoints import write_checkpoint, write_decoder, write_sentence_transformer
from tests.clip_checkpoints import write_clip, write_siglip
from tests.embedding_server import EmbeddingServer
from tests.word_vectors import glove, student, word2vec_binary

TEXTS = [
    "A lonely robot learns to love.",
    "Storm at sea.",
    "In the fog, a hedgehog loses his way; the night falls on the harbour!",
    "Ein Zug fährt durch den Winter — 雪の夜.",
    "x",
    "   ",
    "robot " * 40,
]
LONG = "The ship is lost in the storm. " * 400

ENCODERS: dict[str, Callable[[Path], EncoderSpec]] = {
    "all-MiniLM-L6-v2": lambda folder: EncoderSpec(),
    "plain BERT checkpoint": lambda folder: EncoderSpec(model=str(folder / "bert")),
    "plain GPT-2 checkpoint": lambda folder: EncoderSpec(model=str(folder / "gpt2")),
    "the model's own prompts": lambda folder: EncoderSpec(model=str(folder / "e5" / "whole")),
    "asymmetric prompts": lambda folder: EncoderSpec(
        model=str(folder / "bert"), query_prompt="query: ", document_prompt="passage: "
    ),
    "leading dimensions": lambda folder: EncoderSpec(model=str(folder / "bert"), dimensions=8),
    "short inputs": lambda folder: EncoderSpec(model=str(folder / "bert"), max_tokens=16),
    "openvino": lambda folder: EncoderSpec(model=str(folder / "openvino")),
    "onnxruntime": lambda folder: EncoderSpec(model=str(folder / "onnxruntime")),
    "word2vec file": lambda folder: EncoderSpec(backend="static", model=str(word2vec_binary(folder / "vectors.bin"))),
    "GloVe file": lambda folder: EncoderSpec(backend="static", model=str(glove(folder / "vectors.txt"))),
    "word vectors, shortened and prompted": lambda folder: EncoderSpec(
        backend="static", model=str(glove(folder / "vectors.txt")), dimensions=8, query_prompt="robot ", max_tokens=20
    ),
    "static student": lambda folder: EncoderSpec(backend="static", model=str(student(folder / "student"))),
    "embeddings endpoint": lambda folder: EncoderSpec(backend="openai", model="small"),
    "embeddings endpoint, shortened and prompted": lambda folder: EncoderSpec(
        backend="openai", model="small", dimensions=8, query_prompt="query: ", document_prompt="passage: "
    ),
    "CLIP checkpoint": lambda folder: EncoderSpec(backend="clip", model=str(write_clip(folder / "clip"))),
    "SigLIP checkpoint": lambda folder: EncoderSpec(
        backend="clip", model=str(write_siglip(folder / "siglip")), dimensions=16
    ),
}


@pytest.fixture(scope="module", autouse=True)
def endpoint() -> Iterator[None]:
    """This site's embeddings endpoint."""
    with EmbeddingServer() as server:
        target = Endpoint(url=server.url, allow_private=True, max_response_bytes=10_000_000)
        use_service(lambda: Service(endpoint=target))
        yield
    use_service(embeddings_endpoint)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for name in ("bert", "openvino", "onnxruntime"):
        write_checkpoint(folder / name, seed=7)
    write_decoder(folder / "gpt2", seed=7)
    write_sentence_transformer(folder / "e5", pooling="mean", prompts={"query": "query: ", "passage": "passage: "})
    return folder


@pytest.fixture(params=ENCODERS)
def encoder(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Encoder:
    monkeypatch.setenv("ENCODER_CACHE", str(folder / "cache"))
    if request.param in ("openvino", "onnxruntime"):
        monkeypatch.setenv("ENCODER_RUNTIME", request.param)
    return encoder_for(ENCODERS[request.param](folder))


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first * second).sum(axis=1)


@pytest.mark.parametrize("method", ["encode_documents", "encode_queries"])
def test_vectors_are_float32_finite_and_of_length_1(encoder: Encoder, method: str):
    vectors = getattr(encoder, method)(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimensions)
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("method", ["encode_documents", "encode_queries"])
def test_no_texts_give_no_vectors_of_the_right_width(encoder: Encoder, method: str):
    vectors = getattr(encoder, method)([])
    assert vectors.shape == (0, encoder.dimensions)
    assert vectors.dtype == np.float32
    assert encoder.token_offsets([]) == []


def test_the_order_and_company_of_a_text_do_not_change_its_vector(encoder: Encoder):
    together = encoder.encode_documents(TEXTS)
    backwards = encoder.encode_documents(TEXTS[::-1])[::-1]
    alone = np.concatenate([encoder.encode_documents([text]) for text in TEXTS])
    # bfloat16 rounds differently in batches of other shapes.
    assert cosines(together, backwards).min() > 0.999
    assert cosines(together, alone).min() > 0.999


def test_different_texts_have_different_vectors(encoder: Encoder):
    first, second = encoder.encode_documents(["A lonely robot learns to love.", "Storm at sea."])
    assert first @ second < 0.999


def test_queries_and_documents_differ_exactly_where_their_prompts_do(encoder: Encoder):
    documents, queries = encoder.encode_documents(TEXTS[:3]), encoder.encode_queries(TEXTS[:3])
    same = encoder.spec.query_prompt == encoder.spec.document_prompt
    assert (cosines(documents, queries) > 0.9999).all() == same


def test_many_queries_at_once_are_what_each_is_alone(encoder: Encoder):
    encoder.encode_documents(TEXTS)  # after this, some encode many queries the way they do documents
    many = encoder.encode_queries([*TEXTS] * 20)
    assert cosines(many[: len(TEXTS)], encoder.encode_queries(TEXTS)).min() > 0.998


def test_a_prompt_is_put_before_the_text(encoder: Encoder):
    longer = encoder_for(replace(encoder.spec, document_prompt=encoder.spec.document_prompt + "film: "))
    prompted = encoder.encode_documents([f"film: {text}" for text in TEXTS[:3]])
    assert cosines(longer.encode_documents(TEXTS[:3]), prompted).min() > 0.9999


def test_a_text_longer_than_the_limit_is_cut_there(encoder: Encoder):
    offsets = encoder.token_offsets([LONG])[0]
    assert len(offsets) > encoder.max_tokens
    head = LONG[: offsets[encoder.max_tokens][1]]
    assert cosines(encoder.encode_documents([LONG]), encoder.encode_documents([head])).min() > 0.999


def test_fewer_dimensions_are_the_leading_ones_at_length_1(encoder: Encoder):
    full = encoder_for(replace(encoder.spec, dimensions=None)).encode_documents(TEXTS)
    leading = full[:, : encoder.dimensions]
    leading = leading / np.linalg.norm(leading, axis=1, keepdims=True)
    assert cosines(leading, encoder.encode_documents(TEXTS)).min() > 0.999


def test_token_offsets_walk_through_the_text_without_special_tokens(encoder: Encoder):
    for text, offsets in zip(TEXTS, encoder.token_offsets(TEXTS), strict=True):
        assert all(0 <= start < end <= len(text) for start, end in offsets)
        assert offsets == sorted(offsets)
        covered = {place for start, end in offsets for place in range(start, end)}
        assert {place for place, sign in enumerate(text) if sign.isalnum()} <= covered


def test_it_says_how_many_texts_to_bring_at_a_time(encoder: Encoder):
    assert encoder.texts_at_once > 0
    assert encoder.max_tokens > 2
