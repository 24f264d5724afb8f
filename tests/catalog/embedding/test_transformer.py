"""What the contract cannot require of every encoder: running out of memory, and models of several kinds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from catalog.embedding.base import EncoderSpec, EncoderUnavailable, InvalidVectors
from catalog.embedding.transformer import TransformerEncoder
from searchsite.local_site import PROJECT
from tests.checkpoints import POISON, write_checkpoint, write_decoder, write_sentence_transformer

# In a separate process, whose address space may not grow by more than a small batch needs.
SHORT_OF_MEMORY = """
import logging, resource, sys
import psutil
from catalog.embedding.base import EncoderOutOfMemory, EncoderSpec
from catalog.embedding.transformer import TransformerEncoder

logging.basicConfig(stream=sys.stdout)
encoder = TransformerEncoder(EncoderSpec(model=sys.argv[1]))
encoder.encode_documents(["a robot", "a man"])  # starts the threads of both libraries
texts = [sys.argv[2]] * int(sys.argv[3])
room = int(sys.argv[4]) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + room, resource.RLIM_INFINITY))
try:
    print("vectors", encoder.encode_documents(texts).shape)
except EncoderOutOfMemory as error:
    print("error", error)
"""


def short_of_memory(folder: Path, *, text: str, count: int, room_mib: int) -> str:
    return subprocess.run(
        [sys.executable, "-c", SHORT_OF_MEMORY, str(folder), text, str(count), str(room_mib)],
        cwd=PROJECT,
        # With several lanes it is a matter of chance whose allocation fails; if it is oneDNN's own, that crashes.
        env=os.environ | {"ENCODER_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that needs at least 128 KiB for each token."""
    return write_checkpoint(tmp_path_factory.mktemp("models") / "wide", intermediate_size=65_536)


def test_a_batch_that_does_not_fit_into_memory_is_halved_and_completes(wide: Path):
    output = short_of_memory(wide, text="robot in the storm at sea", count=200, room_mib=220)
    assert "Out of memory on" in output and "trying halves" in output
    assert "vectors (200, 32)" in output


def test_a_single_text_that_does_not_fit_says_so(wide: Path):
    output = short_of_memory(wide, text="storm " * 120, count=1, room_mib=10)
    assert "error Out of memory on a single input." in output


def test_a_text_without_a_finite_vector_is_refused(tmp_path: Path):
    encoder = TransformerEncoder(EncoderSpec(model=str(write_checkpoint(tmp_path / "model", poisonous=True))))
    with pytest.raises(InvalidVectors, match="not finite"):
        encoder.encode_documents(["robot", POISON])
    assert np.isfinite(encoder.encode_documents(["robot"])).all()


def test_a_model_that_names_its_prompts_has_them_used(tmp_path: Path):
    folder = write_sentence_transformer(
        tmp_path / "model", pooling="mean", prompts={"query": "query: ", "passage": "passage: "}
    )
    encoder = TransformerEncoder(EncoderSpec(model=str(folder)))
    assert (encoder.spec.query_prompt, encoder.spec.document_prompt) == ("query: ", "passage: ")
    named = TransformerEncoder(EncoderSpec(model=str(folder), query_prompt="on "))
    assert (named.spec.query_prompt, named.spec.document_prompt) == ("on ", "")
    np.testing.assert_allclose(named.encode_documents(["passage: robot"]), encoder.encode_documents(["robot"]))


def test_pooling_is_the_models_own(tmp_path: Path):
    mean, first = (
        TransformerEncoder(EncoderSpec(model=str(write_sentence_transformer(tmp_path / name, pooling=name))))
        for name in ("mean", "cls")
    )
    assert (mean.encode_documents(["robot"]) @ first.encode_documents(["robot"]).T).item() < 0.999


def test_a_decoder_reads_an_empty_text_and_needs_no_token_for_padding(tmp_path: Path):
    encoder = TransformerEncoder(EncoderSpec(model=str(write_decoder(tmp_path / "model"))))
    together = encoder.encode_documents(["", "robot", "the storm at sea " * 9])
    alone = np.concatenate([encoder.encode_documents([text]) for text in ("", "robot", "the storm at sea " * 9)])
    assert (together * alone).sum(axis=1).min() > 0.999


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
@pytest.mark.parametrize("content", [None, b"broken"], ids=["missing", "broken"])
def test_a_file_that_is_missing_or_broken_is_named_as_the_reason(tmp_path: Path, name: str, content: bytes | None):
    folder = write_checkpoint(tmp_path / "model")
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(EncoderUnavailable, match=r"cannot be loaded .* Check the files in"):
        TransformerEncoder(EncoderSpec(model=str(folder)))


def test_more_texts_than_a_window_come_back_in_their_order(tmp_path: Path):
    encoder = TransformerEncoder(EncoderSpec(model=str(write_checkpoint(tmp_path / "model"))))
    texts = [f"robot {number}" for number in range(encoder.texts_at_once * 2 + 3)]
    vectors = encoder.encode_documents(texts)
    some = [0, encoder.texts_at_once, len(texts) - 1]
    alone = np.concatenate([encoder.encode_documents([texts[place]]) for place in some])
    assert (vectors[some] * alone).sum(axis=1).min() > 0.999
