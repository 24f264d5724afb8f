"""Vectors that are computed only once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.parts import vectors
from benchmarks.parts.vectors import RememberingEncoder, cached_vectors
from catalog.embedding.base import EncoderSpec


class LengthEncoder:
    """Represents a text by its length and its first character."""

    spec, dimensions, max_tokens, texts_at_once = EncoderSpec(model="length"), 2, 8, 4

    def __init__(self):
        self.encoded = []

    def encode_documents(self, texts):
        self.encoded += texts
        return np.array([[len(text), ord(text[0])] for text in texts], dtype=np.float32).reshape(len(texts), 2)


@pytest.fixture(autouse=True)
def small_chunks(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path))
    monkeypatch.setattr(vectors, "CHUNK_TEXTS", 2)


def test_each_chunk_is_encoded_once_and_fewer_texts_reuse_those_of_more():
    encoder: Any = LengthEncoder()
    all_of_them = cached_vectors(encoder, ["a", "bb", "ccc", "dddd"])
    assert cached_vectors(encoder, ["a", "bb"]).tolist() == [[1, 97], [2, 98]]
    assert cached_vectors(encoder, ["a", "bb", "ccc", "dddd"]).tolist() == all_of_them.tolist()
    assert encoder.encoded == ["a", "bb", "ccc", "dddd"]


def test_only_texts_without_a_known_vector_are_encoded():
    encoder: Any = LengthEncoder()
    remembering = RememberingEncoder(encoder, ["a"], np.array([[7, 7]], dtype=np.float32))
    assert remembering.encode_documents(["bb", "a"]).tolist() == [[2, 98], [7, 7]]
    assert remembering.encode_documents([]).shape == (0, 2)
    assert encoder.encoded == ["bb"]
