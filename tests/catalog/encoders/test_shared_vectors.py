"""Query vectors that all processes of a site share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.cache import cache

from catalog.embedding import query_vectors
from catalog.embedding.base import EncoderSpec, EncoderUnavailable
from catalog.embedding.query_vectors import query_vector
from catalog.encoders.shared_vectors import RedisVectors
from catalog.search import SearchQuery, search
from tests.checkpoints import write_checkpoint
from tests.factories import make_version
from tests.word_vectors import glove

NAME = "1 of 1764200000.5"


@pytest.fixture(autouse=True)
def nothing_shared() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def spec(tmp_path: Path) -> EncoderSpec:
    return EncoderSpec(model=str(write_checkpoint(tmp_path / "model")))


def gone(spec: EncoderSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behave like another process that has not loaded the encoder and cannot."""
    query_vectors._queries.clear()

    def unavailable(*_: object, **__: object) -> None:
        raise EncoderUnavailable("no encoder here")

    monkeypatch.setattr(query_vectors, "encoder_for", unavailable)


def test_another_process_has_the_very_vector(spec: EncoderSpec, monkeypatch: pytest.MonkeyPatch):
    first = query_vector(spec, "robot  in love", shared_as=NAME)
    gone(spec, monkeypatch)
    second = query_vector(spec, " robot in love ", shared_as=NAME)
    assert (first == second).all()
    assert second.dtype == np.float32
    assert not second.flags.writeable


@pytest.mark.parametrize(
    ("text", "name", "prompt"),
    [("robots in love", NAME, ""), ("robot in love", "2 of 1764200000.5", ""), ("robot in love", NAME, "query: ")],
)
def test_it_is_that_of_the_same_query_index_and_encoder(
    spec: EncoderSpec, monkeypatch: pytest.MonkeyPatch, text: str, name: str, prompt: str
):
    query_vector(spec, "robot in love", shared_as=NAME)
    gone(spec, monkeypatch)
    with pytest.raises(EncoderUnavailable):
        query_vector(replace(spec, query_prompt=prompt), text, shared_as=name)


def test_nothing_is_shared_without_a_name(spec: EncoderSpec, monkeypatch: pytest.MonkeyPatch):
    query_vector(spec, "robot in love")
    gone(spec, monkeypatch)
    with pytest.raises(EncoderUnavailable):
        query_vector(spec, "robot in love", shared_as=NAME)


def test_word_vectors_are_quicker_than_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    spec = EncoderSpec(backend="static", model=str(glove(tmp_path / "words.txt")))
    query_vector(spec, "sea", shared_as=NAME)
    gone(spec, monkeypatch)
    with pytest.raises(EncoderUnavailable):
        query_vector(spec, "sea", shared_as=NAME)


def test_a_later_query_may_take_the_place_of_an_earlier_one():
    shared = RedisVectors()
    first, second = bytes(32), bytes(31) + b"1"  # the same place
    shared.keep(first, np.array([1.0, 0.0], dtype=np.float32))
    shared.keep(second, np.array([0.0, 1.0], dtype=np.float32))
    assert shared.get(first) is None
    found = shared.get(second)
    assert found is not None
    assert found.tolist() == [0.0, 1.0]


def test_searches_share_theirs(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = str(write_checkpoint(tmp_path / "model"))
    version = make_version(dimensions=32, backend="transformer", model=model)
    search(SearchQuery(text="robot in love"))
    gone(version.encoder_spec, monkeypatch)
    assert not search(SearchQuery(text="robot in love")).degraded
    assert search(SearchQuery(text="robots at sea")).degraded
