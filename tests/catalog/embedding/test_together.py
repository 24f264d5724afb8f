"""Queries from several threads at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from catalog.embedding.base import EncoderSpec, EncodingFailed
from catalog.embedding.together import QueriesTogether

PATIENCE_S = 20


class SlowEncoder:
    """Encodes a text as its length. The first batch waits until the test releases it."""

    spec, dimensions, max_tokens, texts_at_once = EncoderSpec(model="slow"), 1, 8, 8

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()

    def encode_queries(self, texts: list[str]) -> np.ndarray:
        self.batches.append(sorted(texts))
        self.begun.set()
        assert self.go_on.wait(PATIENCE_S)
        if "bad" in texts:
            raise EncodingFailed("It cannot be encoded.")
        return np.array([[len(text)] for text in texts], dtype=np.float32)


@pytest.fixture
def encoder() -> Any:
    return SlowEncoder()


def ask_at_once(encoder, texts):
    """Ask for `first` alone, and for the others while it is being encoded; return what each received."""
    together = QueriesTogether(encoder)
    with ThreadPoolExecutor(len(texts) + 1) as pool:
        first = pool.submit(together.vector, "first")
        assert encoder.begun.wait(PATIENCE_S)
        others = [pool.submit(together.vector, text) for text in texts]
        while len(together._waiting) < len(texts):
            assert not first.done()
        encoder.go_on.set()
        return [future.exception() or future.result().tolist() for future in [first, *others]]


def test_those_who_come_meanwhile_are_encoded_together(encoder):
    assert ask_at_once(encoder, ["a", "bb", "ccc"]) == [[5], [1], [2], [3]]
    assert encoder.batches == [["first"], ["a", "bb", "ccc"]]


def test_a_text_on_its_own_is_encoded_at_once(encoder):
    encoder.go_on.set()
    assert QueriesTogether(encoder).vector("robot").tolist() == [5]


def test_one_that_cannot_be_encoded_harms_no_other(encoder):
    first, good, bad, other = ask_at_once(encoder, ["good", "bad", "other"])
    assert (first, good, other) == ([5], [4], [5])
    assert isinstance(bad, EncodingFailed)
