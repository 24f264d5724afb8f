"""What storage costs in quality: ranking by the stored vectors against ranking by full float32 vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from catalog.index.versions import ensure_active_version
from catalog.judged.evaluation import load_collection
from catalog.judged.storage_loss import RecordingEncoder, storage_loss
from tests.checkpoints import write_checkpoint
from tests.collections import TEXTS, write_collection
from workers.embed import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection(tmp_path: Path, settings) -> Path:
    settings.ENCODER_MODEL = str(write_checkpoint(tmp_path / "model"))
    return write_collection(tmp_path / "tiny")


@pytest.mark.parametrize("given", [{}, {"storage": "binary"}, {"storage": "half", "dimensions": 16}])
def test_both_rankings_are_of_the_same_texts(collection, given):
    version = ensure_active_version(**given)
    encoder = RecordingEncoder(version)
    load_collection(collection)
    drain()
    figures = storage_loss(collection, version, encoder)
    assert (figures["storage"], figures["dimensions"]) == (version.storage, given.get("dimensions", 32))
    assert figures["ndcg@10_by_meaning_float32_exact"] == 1
    assert 0 <= figures["loss"] < 0.5
    assert {len(vector) for vector in encoder.documents.values()} == {32}
    if not given:
        assert figures["loss"] == 0


def test_fewer_dimensions_are_the_first_ones_with_length_one(collection):
    encoder = RecordingEncoder(ensure_active_version(dimensions=8))
    short, full = encoder.encode_queries(TEXTS), encoder.full_queries(TEXTS)
    assert short.shape == (5, 8)
    assert np.allclose(short, full[:, :8] / np.linalg.norm(full[:, :8], axis=1, keepdims=True), atol=1e-3)
