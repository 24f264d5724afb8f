"""Small transformer checkpoints with random weights, as files that a model's name may point to."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizer

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = """
    an and at boat cat city dog falls fog for ghost harbour hedgehog in is island lost love man night of on query
    passage poison rain robot sea ship star storm story the to town train under war winter with woman year
"""
POISON = "poison"


def write_checkpoint(folder: Path, *, seed: int = 0, poisonous: bool = False, intermediate_size: int = 64) -> Path:
    """Write a plain BERT of 32 dimensions and 2 layers, tokenizer included, and return its folder.

    With `poisonous`, the word POISON has no finite embedding, so that every text with it fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    letters = [letter for base in "abcdefghijklmnopqrstuvwxyz0123456789" for letter in (base, f"##{base}")]
    vocabulary = [*SPECIAL, *".,:!?'-", *letters, *WORDS.split()]
    torch.manual_seed(seed)
    model = BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=intermediate_size,
            max_position_embeddings=128,
        )
    )
    if poisonous:
        with torch.no_grad():
            model.embeddings.word_embeddings.weight[vocabulary.index(POISON)] = float("nan")
    model.save_pretrained(folder, safe_serialization=True)
    ids = {token: place for place, token in enumerate(vocabulary)}
    BertTokenizer(vocab=ids, model_max_length=128).save_pretrained(folder)
    return folder


def write_cross_encoder(folder: Path, *, seed: int = 0, labels: int = 1) -> Path:
    """Write a BERT of 32 dimensions that scores pairs of texts, and return its folder."""
    write_checkpoint(folder)
    torch.manual_seed(seed)
    config = BertConfig.from_pretrained(folder, num_labels=labels)
    # Far from 0, so that scores differ by more than rounding.
    config.initializer_range = 0.5
    BertForSequenceClassification(config).save_pretrained(folder, safe_serialization=True)
    return folder
