"""Static word vectors as an encoder: a word2vec or GloVe file, or a folder written by `manage.py distill`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catalog.embedding.base import EncoderSpec, EncoderUnavailable, FloatArray, checked
from catalog.embedding.static.converted import word_vectors
from catalog.embedding.static.lookup import Lookup, Subwords, WholeWords
from catalog.embedding.static.students import read_student
from catalog.embedding.static.table import Table, mean_direction, smooth_inverse_frequency, zipf

# The more words a mean covers, the less it says about each. Longer texts are cut into passages of this length.
DEFAULT_MAX_TOKENS = 256
MOST_TOKENS = 8_192
TEXTS_AT_ONCE = 2_048
SUMMED_AT_ONCE = 512
#: How the words of a file are weighted: the possible revisions of an encoder's specification.
WITHOUT_COMMON, WITH_COMMON, EQUAL = "sif", "sif-common", "mean"
REVISIONS = ("", WITHOUT_COMMON, WITH_COMMON, EQUAL)


class StaticEncoder:
    """Encodes a text as the weighted mean of its words' vectors, scaled to length 1.

    The words of a file are weighted by smooth inverse frequency, with frequencies derived from the order in the file by
    Zipf's law, and the common direction is projected out. The revision `sif-common` keeps it; with `mean` all weights
    are 1. The vectors of a folder are already weighted. Unknown words are ignored; a text of unknown words only gets
    `Table.neutral`.
    """

    texts_at_once = TEXTS_AT_ONCE

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec
        path = Path(spec.model).expanduser()
        if path.is_dir():
            self._lookup, self._table, own_limit = _folder(path)
        elif path.is_file():
            self._lookup, self._table, own_limit = _file(path, spec.revision)
        else:
            raise EncoderUnavailable(
                f"There is no file or folder {spec.model}. A static encoder is a file of word vectors (word2vec or "
                "GloVe) or a folder that manage.py distill wrote, on this machine."
            )
        full = int(self._table.vectors.shape[1])
        if spec.dimensions is not None and spec.dimensions > full:
            raise EncoderUnavailable(f"Model {spec.model} has {full} dimensions, but {spec.dimensions} were requested.")
        self.dimensions = spec.dimensions or full
        self.max_tokens = min(spec.max_tokens or own_limit, MOST_TOKENS)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.document_prompt + text for text in texts])

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self._encode([self.spec.query_prompt + text for text in texts])

    def token_offsets(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        return [self._lookup.offsets(text) for text in texts]

    def _encode(self, texts: Sequence[str]) -> FloatArray:
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for first in range(0, len(texts), SUMMED_AT_ONCE):
            part = slice(first, first + SUMMED_AT_ONCE)
            numbers, lengths = self._lookup.bags(texts[part], max_tokens=self.max_tokens)
            vectors[part] = self._table.texts(numbers, lengths, dimensions=self.dimensions)
        return checked(vectors, count=len(texts), dimensions=self.dimensions)


def _file(path: Path, revision: str) -> tuple[Lookup, Table, int]:
    if revision not in REVISIONS:
        known = ", ".join(REVISIONS[1:])
        raise EncoderUnavailable(f"A file of word vectors has the revisions {known}, not {revision}.")
    found = word_vectors(path)
    shares = zipf(len(found.words))
    weights = np.ones_like(shares) if revision == EQUAL else smooth_inverse_frequency(shares)
    mean = mean_direction(found.vectors, shares * weights)
    table = Table(
        vectors=found.vectors,
        weights=weights,
        common=mean if revision in ("", WITHOUT_COMMON) else None,
        neutral=-mean,
    )
    return Lookup(WholeWords({word: place for place, word in enumerate(found.words)})), table, DEFAULT_MAX_TOKENS


def _folder(folder: Path) -> tuple[Lookup, Table, int]:
    student = read_student(folder)
    table = Table(vectors=student.vectors, neutral=_neutral(student.vectors, student.counts))
    max_tokens = student.config.get("max_tokens")
    return Lookup(Subwords(student.tokenizer)), table, max_tokens if isinstance(max_tokens, int) else DEFAULT_MAX_TOKENS


def _neutral(vectors: NDArray[np.floating], counts: FloatArray) -> FloatArray:
    """The opposite of the average text, so far from most texts: (dimensions,)."""
    return -mean_direction(vectors, counts)
