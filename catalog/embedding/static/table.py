"""A vector for each word, and the vectors of bags of words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.embedding.base import FloatArray

# The constant of smooth inverse frequency: what is far rarer than this counts in full.
SIF_A = 1e-3
ROWS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Vectors of shape (words, dimensions), float16 or float32, in memory or mapped from a file."""

    vectors: NDArray[np.floating]
    weights: FloatArray | None = None
    """What each word counts, of shape (words,); None where the vectors have it in them."""
    common: FloatArray | None = None
    """A direction of length 1 that is taken out of every text, as it is in all of them."""
    neutral: FloatArray
    """The vector, of length 1, of a text without any known word: far from every text that has some."""

    def texts(self, numbers: NDArray[np.int64], lengths: NDArray[np.int64], *, dimensions: int) -> FloatArray:
        """Weighted sums of words at length 1, the leading `dimensions` of them.

        `numbers` are the words of all texts, one text after another, and `lengths` how many each has. Each different
        word is read once, so that a table on disk is read as little as possible.
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
    """How often the word at each rank is to be expected, as shares of 1: by Zipf's law, the reverse of the rank."""
    reverse = 1 / np.arange(1, words + 1, dtype=np.float64)
    return (reverse / reverse.sum()).astype(np.float32)


def smooth_inverse_frequency(shares: FloatArray, *, a: float = SIF_A) -> FloatArray:
    """What words count by how often they are met, a / (a + share), between 0 and 1.

    Arora, Liang and Ma (2017), "A simple but tough-to-beat baseline for sentence embeddings".
    """
    return (a / (a + shares)).astype(np.float32)


def mean_direction(vectors: NDArray[np.floating], counts: FloatArray) -> FloatArray:
    """The direction of the sum of all vectors, each `counts` times: what an average text is like.

    Made of the table alone, it is the same for every process and every catalogue, which the first singular vector of
    some texts, as in the paper, would not be. The two hardly differ. Some other direction where the sum is none.
    """
    total = np.zeros(vectors.shape[1], dtype=np.float64)
    for first in range(0, len(vectors), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        total += counts[part].astype(np.float64) @ np.asarray(vectors[part], dtype=np.float64)
    length = np.linalg.norm(total)
    if not length > 0:
        total, length = np.ones_like(total), np.sqrt(len(total))
    return (total / length).astype(np.float32)
