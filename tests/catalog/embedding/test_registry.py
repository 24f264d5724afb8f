"""Encoders are loaded once per process, by the first thread that needs them, and fail with a helpful message."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from catalog.embedding import loading
from catalog.embedding.base import EncoderSpec, EncoderUnavailable
from catalog.embedding.query_vectors import query_vector
from catalog.embedding.registry import encoder_for
from tests.checkpoints import write_checkpoint


@pytest.fixture
def spec(tmp_path: Path) -> EncoderSpec:
    return EncoderSpec(model=str(write_checkpoint(tmp_path / "model")))


def test_many_threads_that_ask_at_once_share_one_load(spec: EncoderSpec):
    barrier = threading.Barrier(8)

    def ask() -> object:
        barrier.wait()
        return encoder_for(spec)

    with ThreadPoolExecutor(8) as pool:
        encoders = [future.result() for future in [pool.submit(ask) for _ in range(8)]]
    assert len(set(map(id, encoders))) == 1


def test_many_threads_may_encode_with_one_encoder(spec: EncoderSpec):
    encoder = encoder_for(spec)
    texts = [f"robot in the {word}" for word in ("sea", "fog", "rain", "storm", "night", "winter")]
    wanted = encoder.encode_queries(texts)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda text: query_vector(spec, text), texts * 5))
    for vector, expected in zip(found, np.tile(wanted, (5, 1)), strict=True):
        assert vector @ expected > 0.999


def test_who_does_not_wait_is_told_that_loading_goes_on_and_gets_it_later(spec: EncoderSpec):
    with pytest.raises(EncoderUnavailable, match="still being loaded"):
        encoder_for(spec, wait_s=0)
    assert encoder_for(spec).spec == spec


def test_a_query_asked_again_is_not_encoded_again(spec: EncoderSpec):
    first = query_vector(spec, "robot  in love ")
    assert query_vector(spec, "robot in love") is first
    assert not first.flags.writeable


def test_an_unknown_backend_is_refused_with_those_known():
    with pytest.raises(EncoderUnavailable, match=r"'oracle'.*transformer"):
        encoder_for(EncoderSpec(backend="oracle"))


def test_a_missing_model_is_refused_with_what_to_do(tmp_path: Path):
    with pytest.raises(EncoderUnavailable, match=r"there is no such folder. Check the path"):
        encoder_for(EncoderSpec(model=str(tmp_path / "nowhere")))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_broken_file_is_refused_with_the_folder_to_look_at(tmp_path: Path, name: str):
    folder = write_checkpoint(tmp_path / "model")
    (folder / name).write_bytes(b"broken")
    with pytest.raises(EncoderUnavailable, match=f"Check the files in {folder}"):
        encoder_for(EncoderSpec(model=str(folder)))


def test_weights_that_could_run_code_are_refused(tmp_path: Path):
    folder = write_checkpoint(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderUnavailable, match="cannot be loaded"):
        encoder_for(EncoderSpec(model=str(folder)))


def test_more_dimensions_than_the_model_has_are_refused(spec: EncoderSpec):
    with pytest.raises(EncoderUnavailable, match="has 32 dimensions, but 64 were requested"):
        encoder_for(EncoderSpec(model=spec.model, dimensions=64))


def test_a_failed_load_is_remembered_for_a_while_and_then_tried_again(tmp_path: Path, monkeypatch):
    folder = tmp_path / "model"
    spec = EncoderSpec(model=str(folder))
    for _ in range(2):
        with pytest.raises(EncoderUnavailable):
            encoder_for(spec)
        write_checkpoint(folder)
    monkeypatch.setattr(loading, "RETRY_FAILED_LOAD_AFTER_S", 0.0)
    assert encoder_for(spec).dimensions == 32
