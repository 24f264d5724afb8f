"""A web process has loaded the encoders that its next queries need."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.registry import encoder_for
from catalog.embedding.reranker import reranker_for
from catalog.encoders.warming import load_query_encoders
from catalog.index.versions import new_version
from catalog.models import IndexVersion
from catalog.search.reranking import reranker_spec
from tests.checkpoints import write_checkpoint, write_cross_encoder
from tests.factories import make_version

pytestmark = pytest.mark.django_db


def version_of(model: Path, state: str) -> IndexVersion:
    return make_version(dimensions=32, state=state, backend="transformer", model=str(model))


def test_encoders_of_the_serving_and_of_the_coming_version_are_loaded_although_one_is_broken(tmp_path: Path):
    serving = version_of(write_checkpoint(tmp_path / "serving"), "active")
    broken = version_of(tmp_path / "nowhere", "ready")
    coming = version_of(write_checkpoint(tmp_path / "coming", seed=1), "building")

    load_query_encoders()

    assert encoder_for(serving.encoder_spec, wait_s=0).dimensions == 32
    assert encoder_for(coming.encoder_spec, wait_s=0).dimensions == 32
    with pytest.raises(EncoderUnavailable, match="cannot be loaded"):
        encoder_for(broken.encoder_spec, wait_s=0)


def test_before_there_is_a_version_the_encoder_of_the_first_is_loaded(settings, tmp_path: Path):
    settings.ENCODER_MODEL = str(write_checkpoint(tmp_path / "first", seed=2))

    load_query_encoders()

    first = new_version()
    assert encoder_for(first.encoder_spec, wait_s=0).dimensions == 32


def test_the_reranker_is_loaded_beside_them(settings, tmp_path: Path):
    settings.ENCODER_MODEL = str(write_checkpoint(tmp_path / "encoder", seed=3))
    settings.RERANK_MODEL = str(write_cross_encoder(tmp_path / "reranker"))
    spec = reranker_spec()
    assert spec is not None

    load_query_encoders()

    assert reranker_for(spec, wait_s=0).scores("robot", ["robot in love"], budget_s=60).shape == (1,)
