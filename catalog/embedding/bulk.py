"""Many texts at once, in slices between which search queries get their turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from catalog.embedding.base import Encoder, FloatArray, checked
from catalog.embedding.together import QueriesTogether

#: `texts_at_once` texts take an encoder seconds at most. This many tokens for each make a slice of a tenth of that.
SLICE_TOKENS_PER_TEXT = 4
CHARACTERS_PER_TOKEN = 4


def count_tokens(encoder: Encoder, texts: Sequence[str], *, turns: QueriesTogether) -> list[int]:
    """How many tokens each text has, not counting prompt and special tokens."""
    budget = encoder.texts_at_once * SLICE_TOKENS_PER_TEXT * CHARACTERS_PER_TOKEN
    counts: list[int] = []
    for part in slices([len(text) for text in texts], budget=budget):
        with turns.after_queries():
            counts.extend(len(offsets) for offsets in encoder.token_offsets(texts[part]))
    return counts


def encode_in_slices(
    encoder: Encoder, texts: Sequence[str], *, tokens: Sequence[int], as_queries: bool, turns: QueriesTogether
) -> FloatArray:
    """Return vectors of shape (n, dimensions) in the order of the texts; `tokens` holds the length of each.

    Raises EncodingFailed.
    """
    encode = encoder.encode_queries if as_queries else encoder.encode_documents
    vectors = np.empty((len(texts), encoder.dimensions), dtype=np.float32)
    for part in slices(tokens, budget=encoder.texts_at_once * SLICE_TOKENS_PER_TEXT):
        with turns.after_queries():
            vectors[part] = encode(texts[part])
    return vectors


def leading_dimensions(vectors: FloatArray, dimensions: int) -> FloatArray:
    """The leading dimensions, scaled to length 1 (Kusupati et al., 2022: Matryoshka representations).

    Raises InvalidVectors if nothing is left of a vector.
    """
    if dimensions == vectors.shape[1]:
        return vectors
    return checked(vectors[:, :dimensions], count=len(vectors), dimensions=dimensions)


def slices(sizes: Sequence[int], *, budget: int) -> Iterator[slice]:
    """Cut a sequence into slices whose sizes add up to at most the budget; a larger element is a slice of its own."""
    start = total = 0
    for place, size in enumerate(sizes):
        if place > start and total + size > budget:
            yield slice(start, place)
            start, total = place, 0
        total += size
    if start < len(sizes):
        yield slice(start, len(sizes))
