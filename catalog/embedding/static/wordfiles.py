"""Files of word vectors: word2vec's text and binary formats and GloVe's, told apart by their content."""

from __future__ import annotations

import gzip
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from catalog.embedding.base import EncoderUnavailable

HEADER = re.compile(rb"(\d+) (\d+)\s*")
GZIP = b"\x1f\x8b"
LINES_AT_ONCE = 1_000
LONGEST_LINE_BYTES = 1024 * 1024
LONGEST_WORD_BYTES = 4_096
MOST_DIMENSIONS = 4_096
MOST = float(np.finfo(np.float16).max)

Vectors = NDArray[np.float16]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordVectors:
    """The contents of a file."""

    words: list[str]
    """In the order of the file: most frequent first."""
    vectors: Vectors
    """(words, dimensions), float16, with a mean length of about 1."""


def read_word_vectors(path: Path) -> WordVectors:
    """Read a word2vec text or binary file or a GloVe text file, gzipped or not, scaled to float16.

    A repeated word keeps its first vector. Raises EncoderUnavailable, naming the line or byte at fault.
    """
    try:
        with _opened(path) as file:
            return _read(file, path)
    except (OSError, EOFError) as error:
        raise EncoderUnavailable(f"{path} cannot be read: {error}.") from error


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(len(GZIP)) == GZIP
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")


def _read(file: BinaryIO, path: Path) -> WordVectors:
    first = file.readline(LONGEST_LINE_BYTES)
    header = HEADER.fullmatch(first)
    if header is None:
        return _from_lines(file, path, first=first, dimensions=_dimensions(first, path), skipped=0)
    words, dimensions = int(header[1]), int(header[2])
    if not words or not 1 <= dimensions <= MOST_DIMENSIONS:
        raise EncoderUnavailable(f"{path}, line 1: {words} words of {dimensions} dimensions cannot be loaded.")
    after = file.tell()
    text = _is_text(file.read(LONGEST_WORD_BYTES + 32 * dimensions), dimensions)
    file.seek(after)
    if not text:
        return _from_binary(file, path, words=words, dimensions=dimensions, start=after)
    return _from_lines(file, path, first=b"", dimensions=dimensions, skipped=1, promised=words)


def _dimensions(line: bytes, path: Path) -> int:
    """How many numbers follow the word in the first line of a GloVe file."""
    parts = line.split()
    numbers = len(parts) - 1
    if not 1 <= numbers <= MOST_DIMENSIONS or not _are_numbers(parts[1:]):
        raise EncoderUnavailable(
            f"{path}, line 1: neither a word and its numbers (GloVe) nor how many words and dimensions (word2vec)."
        )
    return numbers


def _is_text(block: bytes, dimensions: int) -> bool:
    """Whether a word and its numbers follow the header as text."""
    line = block.partition(b"\n")[0]
    return _are_numbers(line.split()[-dimensions:]) and len(line.split()) > dimensions


def _are_numbers(parts: list[bytes]) -> bool:
    try:
        return all(np.isfinite(float(part)) for part in parts)
    except ValueError:
        return False


def _from_lines(
    file: BinaryIO, path: Path, *, first: bytes, dimensions: int, skipped: int, promised: int | None = None
) -> WordVectors:
    collected = _Collected(path, dimensions)
    line_number = skipped + 1
    lines = _lines(file, first)
    while block := list(islice(lines, LINES_AT_ONCE)):
        words, rests = zip(*(line.partition(b" ")[::2] for line in block), strict=True)
        vectors = _parsed(b"\n".join(rests), len(block), dimensions)
        if vectors is None:  # a word with a space in it, or a malformed line
            pairs = [_line(line, dimensions, path, line_number + place) for place, line in enumerate(block)]
            words, vectors = tuple(word for word, _ in pairs), np.stack([vector for _, vector in pairs])
        collected.add(words, vectors, places=[f"line {line_number + place}" for place in range(len(block))])
        line_number += len(block)
    if promised is not None and line_number - skipped - 1 != promised:
        count = line_number - skipped - 1
        raise EncoderUnavailable(f"{path} ends at line {line_number - 1}: {count:,} words instead of {promised:,}.")
    return collected.finished()


def _lines(file: BinaryIO, first: bytes) -> Iterator[bytes]:
    line = first or file.readline(LONGEST_LINE_BYTES)
    while line:
        yield line.strip(b" \r\n")
        line = file.readline(LONGEST_LINE_BYTES)


def _parsed(text: bytes, rows: int, dimensions: int) -> NDArray[np.float32] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            numbers = np.fromstring(text, dtype=np.float32, sep=" ")
        except (DeprecationWarning, ValueError):
            return None
    # The total alone would not notice a line with one number too many and another with one too few.
    if numbers.size != rows * dimensions or any(line.count(b" ") != dimensions - 1 for line in text.split(b"\n")):
        return None
    return numbers.reshape(rows, dimensions)


def _line(line: bytes, dimensions: int, path: Path, number: int) -> tuple[bytes, NDArray[np.float32]]:
    word, *numbers = line.rsplit(None, dimensions)
    if len(numbers) != dimensions:
        raise EncoderUnavailable(f"{path}, line {number}: {len(numbers)} numbers instead of {dimensions}.")
    try:
        return word, np.array([float(part) for part in numbers], dtype=np.float32)
    except ValueError as error:
        raise EncoderUnavailable(f"{path}, line {number}: {error}; {dimensions} numbers are expected.") from error


def _from_binary(file: BinaryIO, path: Path, *, words: int, dimensions: int, start: int) -> WordVectors:
    """A word is its bytes, a space, and its numbers as little-endian float32; some writers add a line feed."""
    collected = _Collected(path, dimensions)
    size = 4 * dimensions
    block, offset, at = b"", start, 0
    found: list[tuple[bytes, bytes, int]] = []
    for number in range(1, words + 1):
        if len(block) - at < LONGEST_WORD_BYTES + size:
            offset, block, at = offset + at, block[at:] + file.read(1 << 22), 0
        space = block.find(b" ", at, at + LONGEST_WORD_BYTES)
        if space < 0 or len(block) - space - 1 < size:
            raise EncoderUnavailable(f"{path}, byte {offset + at}: word {number:,} of {words:,} is cut off.")
        found.append((block[at:space].lstrip(b"\n"), block[space + 1 : space + 1 + size], offset + at))
        at = space + 1 + size
        if len(found) == LINES_AT_ONCE or number == words:
            vectors = np.frombuffer(b"".join(row for _, row, _ in found), dtype="<f4").reshape(-1, dimensions)
            collected.add([word for word, _, _ in found], vectors, places=[f"byte {place}" for *_, place in found])
            found = []
    if (rest := block[at:].strip() + file.read(1)) and rest.strip():
        raise EncoderUnavailable(f"{path}, byte {offset + at}: there is more data than the {words:,} words announced.")
    return collected.finished()


class _Collected:
    """Collects words and vectors as float16, each word once."""

    def __init__(self, path: Path, dimensions: int) -> None:
        self._path = path
        self._dimensions = dimensions
        self._numbers: dict[str, int] = {}
        self._blocks: list[Vectors] = []
        self._scale = 0.0

    def add(self, words: list[bytes] | tuple[bytes, ...], vectors: NDArray[np.float32], *, places: list[str]) -> None:
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all():
            place = places[int(np.argmin(finite))]
            raise EncoderUnavailable(f"{self._path}, {place}: a number is not finite.")
        if not self._scale:
            # Lengths differ between files and only directions matter. Around 1, float16 has range on both sides.
            self._scale = 1 / (float(np.linalg.norm(vectors, axis=1).mean()) or 1.0)
        kept = []
        for row, word in enumerate(words):
            text = word.decode("utf-8", "replace")
            if text not in self._numbers:
                self._numbers[text] = len(self._numbers)
                kept.append(row)
        # Clipped, since an infinite number would spoil every text that contains the word.
        self._blocks.append(np.clip(vectors[kept] * self._scale, -MOST, MOST).astype(np.float16))

    def finished(self) -> WordVectors:
        if not self._numbers:
            raise EncoderUnavailable(f"{self._path} contains no words.")
        return WordVectors(words=list(self._numbers), vectors=np.concatenate(self._blocks))
