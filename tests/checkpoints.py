"""Small transformer checkpoints with random weights, as files that a model name may point to."""

from __future__ import annotations

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    BertTokenizer,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
)

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


def write_decoder(folder: Path, *, seed: int = 0) -> Path:
    """Write a plain GPT-2 of 32 dimensions, whose tokenizer has no token for padding, and return its folder."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    tokenizer.train_from_iterator(
        [WORDS, WORDS.upper()],
        BpeTrainer(
            vocab_size=400, special_tokens=["<|endoftext|>"], initial_alphabet=ByteLevel.alphabet(), show_progress=False
        ),
    )
    torch.manual_seed(seed)
    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=tokenizer.get_vocab_size(), n_embd=32, n_layer=2, n_head=4, n_positions=128)
    )
    model.save_pretrained(folder, safe_serialization=True)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|endoftext|>", model_max_length=128
    ).save_pretrained(folder)
    return folder


def write_sentence_transformer(folder: Path, *, pooling: str, prompts: dict[str, str] | None = None) -> Path:
    """Write a BERT with its own modules and prompts, as sentence-transformers stores them, and return its folder."""
    bert = Transformer(str(write_checkpoint(folder / "bert")))
    modules = [bert, Pooling(bert.get_embedding_dimension(), pooling), Normalize()]
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save_pretrained(str(folder / "whole"))
    return folder / "whole"
