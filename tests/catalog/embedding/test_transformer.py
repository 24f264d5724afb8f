"""What the contract cannot ask of every encoder: memory that runs out, and models of several kinds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from catalog.embedding.base import EncoderSpec, InvalidVectors
from catalog.embedding.transformer import TransformerEncoder
from searchsite.local_site import PROJECT
from tests.checkpoints import POISON, write_checkpoint

# In a process of its own, whose address space is not allowed to grow by more than a small batch needs.
SHORT_OF_MEMORY = """
import logging, resource, sys
import psutil
from catalog.embedding.base import EncoderOutOfMemory, EncoderSpec
from catalog.embedding.transformer import TransformerEncoder

logging.basicConfig(stream=sys.stdout)
encoder = TransformerEncoder(EncoderSpec(model=sys.argv[1]))
encoder.encode_documents(["a robot"])
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
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that needs 128 KiB and more for each token it is given."""
    return write_checkpoint(tmp_path_factory.mktemp("models") / "wide", intermediate_size=65_536)


def test_a_batch_that_does_not_fit_into_memory_is_halved_and_completes(wide: Path):
    output = short_of_memory(wide, text="robot in the storm at sea", count=200, room_mib=220)
    assert "Out of memory on" in output and "trying halves" in output
    assert "vectors (200, 32)" in output


def test_a_single_text_that_does_not_fit_says_so(wide: Path):
    output = short_of_memory(wide, text="storm " * 120, count=1, room_mib=10)
    assert "error Out of memory on a single text." in output


def test_a_text_without_a_finite_vector_is_refused(tmp_path: Path):
    encoder = TransformerEncoder(EncoderSpec(model=str(write_checkpoint(tmp_path / "model", poisonous=True))))
    with pytest.raises(InvalidVectors, match="not finite"):
        encoder.encode_documents(["robot", POISON])
    assert np.isfinite(encoder.encode_documents(["robot"])).all()
