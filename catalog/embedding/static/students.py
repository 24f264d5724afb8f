"""Folders of static encoders: safetensors, a `tokenizer.json` and a `config.json`.

The format written by `manage.py distill`, model2vec and sentence-transformers (StaticEmbedding).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from catalog.embedding.base import EncoderUnavailable, FloatArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WEIGHTS, TOKENIZER, CONFIG = "model.safetensors", "tokenizer.json", "config.json"
#: Where sentence-transformers puts the files of its first module.
SUBFOLDERS = ("", "0_StaticEmbedding")
TABLES = ("embeddings", "embedding.weight")


@dataclass(frozen=True, slots=True, kw_only=True)
class Student:
    """A distilled static encoder."""

    tokenizer: Tokenizer
    vectors: NDArray[np.floating]
    """(tokens, dimensions), already multiplied by the tokens' weights."""
    counts: FloatArray
    """(tokens,): the expected frequency of each token, on any scale."""
    config: dict[str, Any]


def read_student(folder: Path) -> Student:
    """Raises EncoderUnavailable, naming the file at fault."""
    place = next((folder / name for name in SUBFOLDERS if (folder / name / WEIGHTS).is_file()), None)
    if place is None or not (place / TOKENIZER).is_file():
        raise EncoderUnavailable(f"{folder} is not a static encoder: it has no {WEIGHTS} and {TOKENIZER}.")
    try:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(place / TOKENIZER))
        tensors = _tensors(place / WEIGHTS)
        config = json.loads((place / CONFIG).read_bytes()) if (place / CONFIG).is_file() else {}
    except Exception as error:  # the libraries below raise errors of their own, one of them a bare Exception
        raise EncoderUnavailable(f"{place} cannot be read: {type(error).__name__}: {error}") from error
    return _student(tokenizer, tensors, config, folder)


def write_student(student: Student, folder: Path) -> None:
    """Write a folder that this site and model2vec can load. Raises OSError."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    student.tokenizer.save(str(folder / TOKENIZER))
    save_file({TABLES[0]: np.ascontiguousarray(student.vectors), "counts": student.counts}, folder / WEIGHTS)
    known_to_model2vec = {"model_type": "model2vec", "architectures": ["StaticModel"], "normalize": True}
    (folder / CONFIG).write_text(json.dumps(known_to_model2vec | student.config, indent=2) + "\n", encoding="utf-8")


def _tensors(path: Path) -> dict[str, NDArray[Any]]:
    from safetensors.numpy import load_file

    found: dict[str, NDArray[Any]] = load_file(path)
    return found


def _student(tokenizer: Tokenizer, tensors: dict[str, NDArray[Any]], config: dict[str, Any], folder: Path) -> Student:
    vectors = next((tensors[name] for name in TABLES if name in tensors), None)
    if vectors is None or vectors.ndim != 2 or vectors.dtype.kind not in "fi" or not vectors.size:
        raise EncoderUnavailable(
            f"{folder} is not a static encoder: {WEIGHTS} has no table named {' or '.join(TABLES)}."
        )
    if vectors.dtype.kind == "i":  # model2vec's int8; one scale for all, so directions are unchanged
        vectors = vectors.astype(np.float16) / 127
    if (mapping := tensors.get("mapping")) is not None:  # model2vec's shared vectors
        vectors = vectors[mapping]
    if (weights := tensors.get("weights")) is not None:
        vectors = vectors * weights.astype(vectors.dtype)[:, None]
    tokens = max(tokenizer.get_vocab().values()) + 1
    if len(vectors) < tokens:
        raise EncoderUnavailable(f"{folder}: {len(vectors):,} vectors for {tokens:,} tokens.")
    if not np.isfinite(vectors).all():
        raise EncoderUnavailable(f"{folder}: {WEIGHTS} contains numbers that are not finite.")
    counts = tensors.get("counts")
    return Student(
        tokenizer=tokenizer,
        vectors=vectors,
        counts=np.ones(len(vectors), dtype=np.float32) if counts is None else counts.astype(np.float32),
        config=config,
    )
