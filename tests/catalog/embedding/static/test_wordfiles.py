"""Files of word vectors, well-formed and not."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from catalog.embedding.base import EncoderUnavailable
from catalog.embedding.static.wordfiles import LINES_AT_ONCE, read_word_vectors
from tests.word_vectors import glove, random_vectors, word2vec_binary, word2vec_text

WORDS = ["the", "Storm", "café", "雪", ".", "new_york"]


def scaled(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1).mean()


@pytest.mark.parametrize("write", [glove, word2vec_text, word2vec_binary])
@pytest.mark.parametrize("packed", [False, True])
def test_each_format_is_known_by_its_content(tmp_path: Path, write: Callable, packed: bool):
    vectors = random_vectors(len(WORDS))
    path = write(tmp_path / "vectors", WORDS, vectors)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    found = read_word_vectors(path)
    assert found.words == WORDS
    assert found.vectors.dtype == np.float16
    np.testing.assert_allclose(found.vectors, scaled(vectors), atol=2e-3)


def test_a_binary_file_without_line_ends_is_read_alike(tmp_path: Path):
    with_ends = read_word_vectors(word2vec_binary(tmp_path / "a", WORDS))
    without = read_word_vectors(word2vec_binary(tmp_path / "b", WORDS, line_ends=False))
    assert with_ends.words == without.words
    assert (with_ends.vectors == without.vectors).all()


@pytest.mark.parametrize("write", [glove, word2vec_binary])
def test_files_longer_than_one_block_are_read_whole(tmp_path: Path, write: Callable):
    words = [f"word{number}" for number in range(2 * LINES_AT_ONCE + 7)]
    vectors = random_vectors(len(words), 6)
    found = read_word_vectors(write(tmp_path / "vectors", words, vectors))
    assert found.words == words
    cosines = (found.vectors.astype(np.float32) * scaled(vectors)).sum(axis=1) / (
        np.linalg.norm(found.vectors.astype(np.float32), axis=1) * np.linalg.norm(scaled(vectors), axis=1)
    )
    assert cosines.min() > 0.9999


def test_a_word_that_comes_twice_keeps_its_first_vector(tmp_path: Path):
    found = read_word_vectors(glove(tmp_path / "vectors", ["a", "b", "a"], np.array([[3, 4], [0, 5], [5, 0]])))
    assert found.words == ["a", "b"]
    np.testing.assert_allclose(found.vectors.astype(np.float32), np.array([[0.6, 0.8], [0, 1]]), atol=1e-3)


def test_a_word_may_have_spaces_in_it(tmp_path: Path):
    path = tmp_path / "vectors"
    path.write_text("the 1 0\n. . . 0 1\n")
    assert read_word_vectors(path).words == ["the", ". . ."]


BAD_TEXTS = {
    "empty": ("", "line 1"),
    "prose": ("It was a dark and stormy night.\n", "line 1"),
    "too few numbers": ("the 1 2 3\na 1 2\n", "line 2: 2 numbers instead of 3|line 2: could not convert"),
    "too many, then too few": ("the 1 2 3\na 1 2 3 4\nof 1 2\n", "line 3"),
    "no number": ("the 1 2 3\na 1 zwei 3\n", "line 2: could not convert string to float: b'zwei'"),
    "not finite": ("the 1 2 3\na 1 nan 3\n", "line 2: a number is not finite"),
    "infinite": ("the 1 2 3\na 1 1e999 3\n", "line 2: a number is not finite"),
    "cut off": ("3 2\nthe 1 2\na 3 4\n", "ends at line 3: 2 words instead of 3"),
    "longer than promised": ("1 2\nthe 1 2\na 3 4\n", "2 words instead of 1"),
    "no words promised": ("0 300\n", "line 1: 0 words of 300 dimensions"),
    "absurd dimensions": ("10 999999999\n", "line 1: 10 words of 999999999 dimensions"),
}


@pytest.mark.parametrize("name", BAD_TEXTS)
def test_a_bad_text_file_says_which_line_is_wrong(tmp_path: Path, name: str):
    text, message = BAD_TEXTS[name]
    path = tmp_path / "vectors"
    path.write_text(text)
    with pytest.raises(EncoderUnavailable, match=message):
        read_word_vectors(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-30], r"byte \d+: word 6 of 6 is cut off"),
        (lambda data: data[:40], r"byte \d+: word 1 of 6 is cut off"),
        (lambda data: data + b"more", r"byte \d+: there is more data than the 6 words announced"),
        (lambda data: data.replace(b"the ", b"the "[:4] + np.float32("nan").tobytes(), 1), "not finite|more than"),
    ],
)
def test_a_bad_binary_file_says_which_byte_is_wrong(tmp_path: Path, change: Callable, message: str):
    path = word2vec_binary(tmp_path / "vectors", WORDS)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(EncoderUnavailable, match=message):
        read_word_vectors(path)


def test_a_broken_archive_says_so(tmp_path: Path):
    path = glove(tmp_path / "vectors", WORDS)
    path.write_bytes(gzip.compress(path.read_bytes())[:-20])
    with pytest.raises(EncoderUnavailable, match="cannot be read"):
        read_word_vectors(path)
