"""Two encoders side by side, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from transformers import BertModel

from catalog.embedding.base import EncoderSpec, EncoderUnavailable, FloatArray
from catalog.judged.comparing import compare_encoders
from catalog.judged.cost import measure_speed, weights_of
from catalog.judged.pairs import ScoredPair
from tests.catalog.judged.encoders import WordCounter, collection_of
from tests.checkpoints import write_checkpoint

TEXTS = {f"d{number}": f"the {word} in the night" for number, word in enumerate(["ship", "storm", "robot", "city"])}
TINY = collection_of(TEXTS, {"q1": "ship", "q2": "robot"}, {"q1": {"d0": 1.0}, "q2": {"d2": 1.0}})
PAIRS = [ScoredPair(first="ship", second=second, score=score) for second, score in (("ship", 3), ("sea", 2), ("a", 1))]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("models") / "small", seed=3)


def test_weights_are_counted_by_their_files(checkpoint):
    weights = weights_of(EncoderSpec(model=str(checkpoint)))
    assert weights is not None
    assert weights.parameters == sum(weight.numel() for weight in BertModel.from_pretrained(checkpoint).parameters())
    assert weights.disk_bytes == (checkpoint / "model.safetensors").stat().st_size
    assert weights_of(EncoderSpec(model="/nowhere/at all")) is None


def test_the_packaged_model_has_the_size_that_is_known_of_it():
    weights = weights_of(EncoderSpec())
    assert weights is not None
    assert weights.parameters == 22_713_728


class Listening(WordCounter):
    """Records what it was asked for."""

    asked: ClassVar[list[str]] = []

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        self.asked.append(self.spec.model)
        return super().encode_documents(texts)


def test_speed_is_measured_in_turns():
    encoders = {name: Listening(name) for name in ("slow", "fast")}
    found = measure_speed(encoders, texts=["ship"] * 10, queries=["storm", "love"])
    assert Listening.asked == ["slow", "fast"] * 3
    assert all(speed.texts_per_s > 0 and speed.query_ms > 0 for speed in found.values())


def test_two_encoders_are_measured_on_the_same_queries_and_pairs(checkpoint):
    said: list[str] = []
    spec = EncoderSpec(model=str(checkpoint))
    report = compare_encoders(
        spec, EncoderSpec(model=str(checkpoint), dimensions=8), collection=TINY, pairs=PAIRS, report=said.append
    )
    ours, theirs = report.rows()
    assert ours["collection"] == theirs["collection"] == "tiny"
    assert (ours["queries"], ours["documents"]) == (2, 4)
    assert (ours["dimensions"], theirs["dimensions"]) == (32, 8)
    assert (ours["vector_bytes"], theirs["vector_bytes"]) == (64, 16)
    assert 0 < ours["ndcg@10"] <= 1
    assert -1 <= theirs["spearman"] <= 1
    assert theirs["gain"]["mean"] == pytest.approx(theirs["ndcg@10"] - ours["ndcg@10"], abs=2e-4)
    assert theirs["query_ms_ratio"] > 0
    assert "gain" not in ours
    assert said[-1] == "Measuring speed"
    assert f"Encoding 4 documents with {checkpoint}" in said


def test_an_encoder_alone_is_measured_on_pairs_alone(checkpoint):
    (row,) = compare_encoders(EncoderSpec(model=str(checkpoint)), None, collection=None, pairs=PAIRS).rows()
    assert (row["ndcg@10"], row["queries"]) == (None, 0)
    assert row["spearman"] is not None


def test_an_encoder_that_cannot_be_had_is_named(checkpoint):
    with pytest.raises(EncoderUnavailable, match="no encoder backend"):
        compare_encoders(EncoderSpec(model=str(checkpoint)), EncoderSpec(backend="none"), collection=TINY)
