"""Vectors of many texts, computed once: 100,000 take a quarter of an hour on two cores."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from catalog.embedding.base import Encoder, FloatArray

CHUNK_TEXTS = 1_000


def cache_folder() -> Path:
    """Where benchmarks keep costly results: $BENCHMARK_CACHE, or a folder in the user's own cache."""
    return Path(os.environ.get("BENCHMARK_CACHE") or Path.home() / ".cache" / "searchsite-benchmarks")


def cached_vectors(encoder: Encoder, texts: Sequence[str]) -> FloatArray:
    """Vectors of shape (len(texts), dimensions), one file per thousand texts, named by the hash of model and texts."""
    folder = cache_folder() / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    chunks = [
        _chunk(encoder, texts[first : first + CHUNK_TEXTS], folder) for first in range(0, len(texts), CHUNK_TEXTS)
    ]
    return np.concatenate(chunks)


def _chunk(encoder: Encoder, texts: Sequence[str], folder: Path) -> FloatArray:
    named = hashlib.sha256("\0".join([encoder.spec.model, encoder.spec.revision, *texts]).encode()).hexdigest()
    path = folder / f"{named}.npy"
    if not path.is_file():
        unfinished = path.with_suffix(f".{os.getpid()}.npy")
        np.save(unfinished, encoder.encode_documents(texts))
        unfinished.rename(path)
    vectors: FloatArray = np.load(path)
    return vectors


class RememberingEncoder:
    """An encoder that already knows the vectors of some texts, so that a worker loads them as fast as it can write."""

    def __init__(self, encoder: Encoder, texts: Sequence[str], vectors: FloatArray) -> None:
        self._encoder = encoder
        self._known = dict(zip(texts, vectors, strict=True))
        self.spec, self.dimensions, self.max_tokens = encoder.spec, encoder.dimensions, encoder.max_tokens
        self.texts_at_once = CHUNK_TEXTS

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        unknown = [text for text in texts if text not in self._known]
        self._known.update(zip(unknown, self._encoder.encode_documents(unknown), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.float32).reshape(len(texts), self.dimensions)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encoder.encode_queries(texts)

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return self._encoder.token_offsets(texts)
