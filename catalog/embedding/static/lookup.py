"""Texts as the numbers of their words. Chunks, the runs of characters between spaces, are cached."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = -1
CHUNK = re.compile(r"\S+")
WORD = re.compile(r"[^\W_]+|[^\s\w]|_")
CHUNKS_KEPT = 200_000
# In languages without spaces between words a chunk is as long as a sentence and rarely recurs: not cached.
LONGEST_CHUNK_KEPT = 40

#: The number of a word, or UNKNOWN; then its first character, and its last plus one.
Piece = tuple[int, int, int]


class Splitter(Protocol):
    def pieces(self, chunk: str) -> list[Piece]:
        """The words of a chunk, which has no spaces. They cover its letters and digits."""


class WholeWords:
    """Looks up words as written, then in lower case.

    A chunk that is not a word is split into runs of letters and digits, and single signs.
    """

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers

    def pieces(self, chunk: str) -> list[Piece]:
        if (number := self._number(chunk)) != UNKNOWN:
            return [(number, 0, len(chunk))]
        return [(self._number(match[0]), match.start(), match.end()) for match in WORD.finditer(chunk)]

    def _number(self, word: str) -> int:
        number = self._numbers.get(word, UNKNOWN)
        return self._numbers.get(word.lower(), UNKNOWN) if number == UNKNOWN else number


class Subwords:
    """The tokens of a `tokenizer.json`, chunk by chunk."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        described = tokenizer.to_str()
        # In byte-level tokenizers the space before a word is part of its token.
        self._before = " " if '"ByteLevel"' in described else ""
        unknown = getattr(tokenizer.model, "unk_token", None)
        self._unknown = tokenizer.token_to_id(unknown) if isinstance(unknown, str) else None

    def pieces(self, chunk: str) -> list[Piece]:
        found = self._tokenizer.encode(self._before + chunk, add_special_tokens=False)
        shift = len(self._before)
        return [
            (UNKNOWN if number == self._unknown else number, max(start - shift, 0), end - shift)
            for number, (start, end) in zip(found.ids, found.offsets, strict=True)
            if max(start - shift, 0) < end - shift
        ]


class _Numbers(dict[str, tuple[int, ...]]):
    """The numbers of each chunk, computed on first use; emptied when it holds CHUNKS_KEPT."""

    def __init__(self, splitter: Splitter) -> None:
        super().__init__()
        self._splitter = splitter

    def __missing__(self, chunk: str) -> tuple[int, ...]:
        numbers = tuple(number for number, _, _ in self._splitter.pieces(chunk))
        if len(chunk) <= LONGEST_CHUNK_KEPT:
            if len(self) >= CHUNKS_KEPT:
                self.clear()
            self[chunk] = numbers
        return numbers


class Lookup:
    """The words of texts as numbers. Thread-safe."""

    def __init__(self, splitter: Splitter) -> None:
        self._splitter = splitter
        self._numbers = _Numbers(splitter)

    def bags(self, texts: Sequence[str], *, max_tokens: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The numbers of the known words of all texts, one text after another, and how many each has, (texts,).

        A text is cut after `max_tokens` words, known or not.
        """
        number_of = self._numbers.__getitem__
        rows = []
        for text in texts:
            row = list(chain.from_iterable(map(number_of, text.split())))
            rows.append(row[:max_tokens] if len(row) > max_tokens else row)
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        numbers = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(lengths.sum()))
        known = numbers != UNKNOWN
        if known.all():
            return numbers, lengths
        texts_of = np.repeat(np.arange(len(rows)), lengths)[known]
        return numbers[known], np.bincount(texts_of, minlength=len(rows))

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """First and last-plus-one character of each word, known or not."""
        return [
            (match.start() + start, match.start() + end)
            for match in CHUNK.finditer(text)
            for _, start, end in self._splitter.pieces(match[0])
        ]
