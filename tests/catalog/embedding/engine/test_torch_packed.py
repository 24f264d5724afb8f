"""Packed batches on the CPU: the same vectors as padded ones, or not used at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import RobertaConfig, RobertaModel

from catalog.embedding.engine.checkpoint import describe, load
from catalog.embedding.engine.runtime import Feeder
from catalog.embedding.engine.samples import least_cosine
from catalog.embedding.engine.tokens import Tokens
from catalog.embedding.engine.torch_packed import TorchPacked, packed_where_it_fits
from catalog.embedding.engine.torch_padded import TorchPadded
from tests.checkpoints import write_checkpoint, write_decoder, write_sentence_transformer

TEXTS = ["robot", "the storm at sea", "a ghost in the harbour " * 9, "man", "train to the island of winter"]


def write_roberta(folder: Path) -> Path:
    """Positions that start after the padding token's id; the tokenizer is BERT's."""
    write_checkpoint(folder)
    RobertaModel(
        RobertaConfig(
            vocab_size=200,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=130,
            pad_token_id=0,
        )
    ).save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.mark.parametrize(
    "write",
    [
        write_checkpoint,
        write_decoder,
        write_roberta,
        lambda folder: write_sentence_transformer(folder, pooling="cls"),
        lambda folder: write_sentence_transformer(folder, pooling="max"),
    ],
    ids=["BERT, mean", "GPT-2, last token", "RoBERTa, mean", "BERT, first token", "BERT, maximum"],
)
def test_vectors_are_those_of_padded_batches(write, tmp_path: Path):
    folder = write(tmp_path / "model")
    plain, other = (load(folder, name="it", device="cpu", precise=True) for _ in range(2))
    facts, tokenizer_json = describe(plain, name="it")
    tokens = Tokens(tokenizer_json, max_tokens=facts.max_tokens, pad_id=facts.pad_id)
    packed = packed_where_it_fits(TorchPadded(other, pad_id=facts.pad_id), tokens, pad_id=facts.pad_id)
    assert isinstance(packed, TorchPacked)
    ids = tokens.ids(TEXTS)
    expected = Feeder(lambda: TorchPadded(plain, pad_id=facts.pad_id)).vectors(ids)
    np.testing.assert_allclose(Feeder(lambda: packed).vectors(ids), expected, atol=1e-5)


def test_a_model_whose_packed_vectors_are_others_keeps_to_padded_batches(tmp_path: Path):
    model = load(write_checkpoint(tmp_path / "model"), name="it", device="cpu", precise=True)
    facts, tokenizer_json = describe(model, name="it")
    tokens = Tokens(tokenizer_json, max_tokens=facts.max_tokens, pad_id=facts.pad_id)
    padded = TorchPadded(model, pad_id=facts.pad_id)
    ids = tokens.ids(TEXTS)
    before = padded.fetch(padded.compute(ids))
    # Like a model that needs its tokens numbered in its own way.
    first: Any = model[0]
    first.auto_model.embeddings.create_position_ids_from_input_ids = None
    first.auto_model.embeddings.padding_idx = 7
    assert packed_where_it_fits(padded, tokens, pad_id=facts.pad_id) is padded
    assert least_cosine(before, padded.fetch(padded.compute(ids))) > 0.9999
