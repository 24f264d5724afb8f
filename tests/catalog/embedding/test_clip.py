"""Encoders of texts and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from catalog.embedding.base import EncoderOutOfMemory, EncoderSpec, EncoderUnavailable, ImageEncoder
from catalog.embedding.registry import READ_PICTURES, encoder_for
from tests.checkpoints import write_checkpoint
from tests.clip_checkpoints import COLOURS, picture, write_clip, write_colours, write_siglip

PICTURES = [picture(colour, width=width, height=20) for colour, width in (("red", 20), ("lime", 90), ("blue", 31))]


@pytest.fixture(params=[write_clip, write_siglip, write_colours])
def encoder(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    write: Callable[[Path], Path] = request.param
    return encoder_for(EncoderSpec(backend="clip", model=str(write(tmp_path / "model"))))


@pytest.fixture
def colours(tmp_path: Path) -> Any:
    return encoder_for(EncoderSpec(backend="clip", model=str(write_colours(tmp_path / "colours"))))


def test_vectors_of_pictures_are_float32_finite_and_of_length_1(encoder):
    vectors = encoder.encode_images(PICTURES)
    assert vectors.shape == (len(PICTURES), encoder.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode_images([]).shape == (0, encoder.dimensions)


def test_the_company_of_a_picture_does_not_change_its_vector(encoder):
    together = encoder.encode_images(PICTURES * 5)[: len(PICTURES)]
    alone = np.concatenate([encoder.encode_images([image]) for image in PICTURES])
    assert (together * alone).sum(axis=1).min() > 0.999


def test_texts_and_pictures_of_the_same_are_closer_than_of_others(colours):
    closeness = colours.encode_queries(COLOURS) @ colours.encode_images([picture(name) for name in COLOURS]).T
    assert closeness.argmax(axis=1).tolist() == [0, 1, 2]


def test_fewer_dimensions_are_the_leading_ones_of_pictures_too(encoder):
    short = encoder_for(EncoderSpec(backend="clip", model=encoder.spec.model, dimensions=6))
    assert isinstance(short, ImageEncoder)
    leading = encoder.encode_images(PICTURES)[:, :6]
    leading = leading / np.linalg.norm(leading, axis=1, keepdims=True)
    assert (leading * short.encode_images(PICTURES)).sum(axis=1).min() > 0.999


def test_pictures_are_encoded_in_halves_where_memory_runs_out(colours, monkeypatch):
    sizes = []

    def small_memory(images):
        sizes.append(len(images))
        if len(images) > 2:
            raise torch.OutOfMemoryError
        return whole(images)

    whole = colours._pictures
    monkeypatch.setattr(colours, "_pictures", small_memory)
    expected = colours.encode_images(PICTURES[:2])
    np.testing.assert_allclose(colours.encode_images(PICTURES)[:2], expected, atol=1e-5)
    assert sizes == [2, 3, 1, 2]


def test_a_picture_that_does_not_fit_into_memory_alone_is_refused(colours, monkeypatch):
    def no_memory(images):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(colours, "_pictures", no_memory)
    with pytest.raises(EncoderOutOfMemory):
        colours.encode_images(PICTURES)


def test_a_model_of_one_tower_is_refused_with_the_reason(tmp_path):
    folder = write_checkpoint(tmp_path / "bert")
    with pytest.raises(EncoderUnavailable, match=r"cannot be loaded|no towers"):
        encoder_for(EncoderSpec(backend="clip", model=str(folder)))


def test_weights_that_are_no_safetensors_are_refused(tmp_path):
    folder = write_clip(tmp_path / "clip")
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(EncoderUnavailable, match="cannot be loaded"):
        encoder_for(EncoderSpec(backend="clip", model=str(folder)))


def test_a_checkpoint_of_sentence_transformers_is_found_in_its_folder(tmp_path, colours):
    write_colours(tmp_path / "st" / "0_CLIPModel")
    encoder = encoder_for(EncoderSpec(backend="clip", model=str(tmp_path / "st")))
    np.testing.assert_allclose(encoder.encode_queries(["red"]), colours.encode_queries(["red"]), atol=1e-5)


def test_more_dimensions_than_there_are_are_refused(tmp_path):
    with pytest.raises(EncoderUnavailable, match="16 dimensions"):
        encoder_for(EncoderSpec(backend="clip", model=str(write_colours(tmp_path / "model")), dimensions=17))


def test_the_backends_that_read_pictures_are_those_whose_encoders_do(colours):
    assert isinstance(colours, ImageEncoder)
    assert not isinstance(encoder_for(EncoderSpec()), ImageEncoder)
    assert frozenset({"clip"}) == READ_PICTURES
