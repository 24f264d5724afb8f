"""Small files of word vectors with random numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.checkpoints import WORDS

DIMENSIONS = 24
VOCABULARY = [",", ".", "the", "lonely", "learns", *WORDS.split(), "The"]


def random_vectors(words: int = len(VOCABULARY), dimensions: int = DIMENSIONS) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(words, dimensions)).astype(np.float32)


def glove(path: Path, words: list[str] = VOCABULARY, vectors: np.ndarray | None = None) -> Path:
    """One word and its numbers per line."""
    vectors = random_vectors(len(words)) if vectors is None else vectors
    lines = [f"{word} {' '.join(f'{number:.5f}' for number in row)}" for word, row in zip(words, vectors, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def word2vec_text(path: Path, words: list[str] = VOCABULARY, vectors: np.ndarray | None = None) -> Path:
    """Like `glove`, below a line with the number of words and dimensions."""
    vectors = random_vectors(len(words)) if vectors is None else vectors
    glove(path, words, vectors)
    path.write_text(f"{len(words)} {vectors.shape[1]}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    return path


def word2vec_binary(
    path: Path, words: list[str] = VOCABULARY, vectors: np.ndarray | None = None, *, line_ends: bool = True
) -> Path:
    """Like `word2vec_text` with float32 numbers; the original tool ends each with a newline, others do not."""
    vectors = random_vectors(len(words)) if vectors is None else vectors
    parts = [f"{len(words)} {vectors.shape[1]}\n".encode()]
    for word, row in zip(words, vectors, strict=True):
        parts += [word.encode(), b" ", row.astype("<f4").tobytes(), b"\n" if line_ends else b""]
    path.write_bytes(b"".join(parts))
    return path


def student(folder: Path) -> Path:
    """A folder as manage.py distill writes it, with whole words and letters."""
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    letters = [letter for base in "abcdefghijklmnopqrstuvwxyz" for letter in (base, f"##{base}")]
    tokens = ["[UNK]", ".", ",", "!", *letters, *WORDS.split()]
    tokenizer = Tokenizer(WordPiece({token: place for place, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file({"embeddings": random_vectors(len(tokens)).astype(np.float16)}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"max_tokens": 128}), encoding="utf-8")
    return folder
