"""Many texts in slices, with queries taking their turn in between."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from catalog.embedding.base import EncoderSpec, InvalidVectors
from catalog.embedding.bulk import count_tokens, encode_in_slices, leading_dimensions, slices
from catalog.embedding.together import QueriesTogether

PATIENCE_S = 20


class WordEncoder:
    """A token is a letter, a vector the length of its text; slices hold 16 tokens. Records what it encodes."""

    spec, dimensions, max_tokens, texts_at_once = EncoderSpec(model="words"), 1, 100, 4

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def encode_documents(self, texts):
        self.seen.append(list(texts))
        self.begun.set()
        assert self.go_on.wait(PATIENCE_S)
        return np.array([[len(text)] for text in texts], dtype=np.float32)

    encode_queries = encode_documents

    def token_offsets(self, texts):
        self.seen.append(list(texts))
        return [[(place, place + 1) for place in range(len(text))] for text in texts]


def test_slices_are_filled_to_the_budget_and_a_larger_text_is_alone():
    cut = [(part.start, part.stop) for part in slices([3, 3, 4, 20, 1, 9, 1], budget=10)]
    assert cut == [(0, 3), (3, 4), (4, 6), (6, 7)]
    assert list(slices([], budget=10)) == []


def test_tokens_are_counted_and_texts_encoded_slice_by_slice_in_their_order():
    encoder = WordEncoder()
    encoder.go_on.set()
    turns = QueriesTogether(encoder)
    texts = ["a" * 10, "b" * 6, "c" * 40, "d"]
    tokens = count_tokens(encoder, texts, turns=turns)
    assert tokens == [10, 6, 40, 1]
    # A slice of 16 tokens is assumed to have 64 characters.
    assert encoder.seen == [texts]
    encoder.seen.clear()
    vectors = encode_in_slices(encoder, texts, tokens=tokens, as_queries=False, turns=turns)
    assert vectors.tolist() == [[10], [6], [40], [1]]
    assert encoder.seen == [["a" * 10, "b" * 6], ["c" * 40], ["d"]]


def test_a_query_that_comes_during_a_slice_goes_before_the_next_of_any_caller():
    encoder = WordEncoder()
    turns = QueriesTogether(encoder)

    def bulk(letter):
        encode_in_slices(encoder, [letter * 16] * 3, tokens=[16] * 3, as_queries=False, turns=turns)

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(bulk, "x")
        assert encoder.begun.wait(PATIENCE_S)
        second = pool.submit(bulk, "y")
        query = pool.submit(turns.vector, "query")
        while len(encoder.seen) < 2:  # the slice in progress, and the query beside it
            assert not first.done()
        encoder.go_on.set()
        for future in (first, second, query):
            future.result(PATIENCE_S)
    assert encoder.seen[1] == ["query"]
    assert len(encoder.seen) == 7


def test_work_that_is_no_query_has_its_turn_where_queries_never_cease():
    encoder = WordEncoder()
    turns = QueriesTogether(encoder)
    with ThreadPoolExecutor(1) as pool:
        query = pool.submit(turns.vector, "query")
        assert encoder.begun.wait(PATIENCE_S)
        with turns.after_queries():
            assert not query.done()
        encoder.go_on.set()


def test_leading_dimensions_are_brought_to_length_1_again():
    vectors = np.array([[0.6, 0.8, 0], [0, 0.6, 0.8]], dtype=np.float32)
    np.testing.assert_allclose(leading_dimensions(vectors, 2), np.array([[0.6, 0.8], [0, 1]]), atol=1e-6)
    assert leading_dimensions(vectors, 3) is vectors
    with pytest.raises(InvalidVectors):
        leading_dimensions(vectors, 1)
