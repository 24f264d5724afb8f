"""A table of word vectors, and the vectors of texts as weighted sums of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.embedding.base import FloatArray

# The constant of smooth inverse frequency: words far rarer than this have a weight near 1.
SIF_A = 1e-3
ROWS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Word vectors, and what is needed to turn them into vectors of texts."""

    vectors: NDArray[np.floating]
    """(words, dimensions), float16 or float32, in memory or mapped from a file."""
    weights: FloatArray | None = None
    """(words,); None if the vectors are already multiplied by them."""
    common: FloatArray | None = None
    """(dimensions,), of length 1: a direction common to all texts, which is projected out of each."""
    neutral: FloatArray
    """(dimensions,), of length 1: the vector of a text without known words, far from texts that have some."""

    def texts(self, numbers: NDArray[np.int64], lengths: NDArray[np.int64], *, dimensions: int) -> FloatArray:
        """The vectors of texts, (texts, dimensions), of length 1: weighted sums of word vectors, cut to `dimensions`.

        `numbers` are the words of all texts, one text after another, and `lengths` (texts,) how many each has. Each
        distinct word is read once, which matters for a table on disk.
        """
        from scipy.sparse import csr_array

        words, places = np.unique(numbers, return_inverse=True)
        rows = np.asarray(self.vectors[words], dtype=np.float32)
        if self.weights is not None:
            rows *= self.weights[words, None]
        ends = np.concatenate(([0], np.cumsum(lengths)))
        bags = csr_array((np.ones(len(places), dtype=np.float32), places, ends), shape=(len(lengths), len(words)))
        return self._finished(bags @ rows, dimensions)

    def _finished(self, sums: FloatArray, dimensions: int) -> FloatArray:
        if self.common is not None:
            sums -= np.outer(sums @ self.common, self.common)
        sums = sums[:, :dimensions]
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        empty = norms[:, 0] < 1e-12
        vectors = np.divide(sums, norms, where=norms >= 1e-12, out=np.zeros_like(sums))
        neutral = self.neutral[:dimensions]
        vectors[empty] = neutral / np.linalg.norm(neutral)
        return vectors


def zipf(words: int) -> FloatArray:
    """The expected frequency of the word at each rank, (words,), by Zipf's law: proportional to 1 / rank, sum 1."""
    inverse = 1 / np.arange(1, words + 1, dtype=np.float64)
    return (inverse / inverse.sum()).astype(np.float32)


def smooth_inverse_frequency(shares: FloatArray, *, a: float = SIF_A) -> FloatArray:
    """Weights of words by their frequencies `shares`, a / (a + share), between 0 and 1.

    Arora, Liang and Ma (2017), "A simple but tough-to-beat baseline for sentence embeddings".
    """
    return (a / (a + shares)).astype(np.float32)


def mean_direction(vectors: NDArray[np.floating], counts: FloatArray) -> FloatArray:
    """The direction (dimensions,) of the sum of all vectors, each times its count: that of an average text.

    The paper takes the first singular vector of some texts. This one hardly differs from it, and is the same in every
    process and for every catalogue. If the sum is 0, an arbitrary direction.
    """
    total = np.zeros(vectors.shape[1], dtype=np.float64)
    for first in range(0, len(vectors), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        total += counts[part].astype(np.float64) @ np.asarray(vectors[part], dtype=np.float64)
    length = np.linalg.norm(total)
    if not length > 0:
        total, length = np.ones_like(total), np.sqrt(len(total))
    return (total / length).astype(np.float32)
