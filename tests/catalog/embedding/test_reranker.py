"""A reranker scores pairs as its model does, keeps to its time budget, and reports a model that is no reranker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import CrossEncoder

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.reranker import OutOfTime, Reranker, RerankerSpec, reranker_for
from tests.checkpoints import write_cross_encoder

QUERY = "robot in love"
PLACES = ("sea", "fog", "rain")
PASSAGES = [f"a {noun} in the {place}" for noun in ("dog", "robot", "ghost", "city") for place in PLACES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("cross") / "model")


def test_scores_are_those_of_the_model_in_the_order_of_the_passages(folder: Path):
    passages = [passage * (1 + number % 4) for number, passage in enumerate(PASSAGES)]
    scores = Reranker(RerankerSpec(model=str(folder))).scores(QUERY, passages, budget_s=60)
    wanted = CrossEncoder(str(folder), device="cpu").predict([(QUERY, passage) for passage in passages])
    assert scores == pytest.approx(wanted, abs=0.02)
    assert np.ptp(wanted) > 0.05
    assert ((scores > 0) & (scores < 1)).all()


def test_no_passages_have_no_scores(folder: Path):
    assert Reranker(RerankerSpec(model=str(folder))).scores(QUERY, [], budget_s=0).shape == (0,)


def test_passages_too_long_for_the_model_are_cut(folder: Path):
    scores = Reranker(RerankerSpec(model=str(folder), max_tokens=16)).scores(QUERY, ["robot " * 5000], budget_s=60)
    assert np.isfinite(scores).all()


def test_pairs_are_cut_to_what_the_model_can_read(folder: Path):
    """The tests' model has 128 positions."""
    reranker = Reranker(RerankerSpec(model=str(folder), max_tokens=256))
    assert np.isfinite(reranker.scores(QUERY, ["storm " * 300], budget_s=30)).all()


def test_it_gives_up_once_the_time_will_not_do(folder: Path):
    with pytest.raises(OutOfTime, match="longer than 0 ms"):
        Reranker(RerankerSpec(model=str(folder))).scores(QUERY, PASSAGES * 5, budget_s=0)


def test_who_comes_while_another_is_served_waits_no_longer_than_their_time(folder: Path):
    reranker = Reranker(RerankerSpec(model=str(folder)))
    with reranker._lock, pytest.raises(OutOfTime, match="busy"):
        reranker.scores(QUERY, PASSAGES, budget_s=0.01)


def test_a_model_that_gives_several_scores_for_a_pair_is_refused(tmp_path: Path):
    spec = RerankerSpec(model=str(write_cross_encoder(tmp_path / "classes", labels=3)))
    with pytest.raises(EncoderUnavailable, match="gives 3 scores"):
        reranker_for(spec)


def test_a_missing_model_is_refused_with_what_to_do(tmp_path: Path):
    with pytest.raises(EncoderUnavailable, match=r"cannot be loaded.*give a path"):
        reranker_for(RerankerSpec(model=str(tmp_path / "nowhere")))


def test_weights_that_could_run_code_are_refused(tmp_path: Path):
    folder = write_cross_encoder(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderUnavailable, match="cannot be loaded"):
        reranker_for(RerankerSpec(model=str(folder)))
