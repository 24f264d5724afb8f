"""The mean of word vectors, in numbers small enough to check by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog.embedding.base import EncoderSpec, EncoderUnavailable
from catalog.embedding.static.converted import word_vectors
from catalog.embedding.static.encoder import StaticEncoder
from catalog.embedding.static.table import smooth_inverse_frequency, zipf
from tests.word_vectors import glove, student

WORDS = ["the", "ship", "Storm", "fog"]
VECTORS = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


@pytest.fixture
def spec(tmp_path: Path) -> EncoderSpec:
    return EncoderSpec(backend="static", model=str(glove(tmp_path / "vectors.txt", WORDS, VECTORS)))


def test_the_plain_mean_of_words_at_length_1(spec: EncoderSpec):
    encoder = StaticEncoder(replace(spec, revision="mean"))
    # (0, 2, 0) + (2, 0, 0) + (0, 2, 0) again: in proportion (1, 2, 0).
    vector = encoder.encode_documents(["ship Storm ship"])[0]
    np.testing.assert_allclose(vector, np.array([1, 2, 0]) / np.sqrt(5), atol=1e-3)


def test_frequent_words_count_less(spec: EncoderSpec):
    encoder = StaticEncoder(replace(spec, revision="sif-common"))
    shares = np.array([1, 1 / 2, 1 / 3, 1 / 4]) / (1 + 1 / 2 + 1 / 3 + 1 / 4)
    np.testing.assert_allclose(zipf(4), shares, rtol=1e-6)
    weights = 1e-3 / (1e-3 + shares)
    np.testing.assert_allclose(smooth_inverse_frequency(zipf(4)), weights, rtol=1e-6)
    wanted = weights[0] * VECTORS[0] + weights[3] * VECTORS[3]
    np.testing.assert_allclose(encoder.encode_documents(["the fog"])[0], wanted / np.linalg.norm(wanted), atol=1e-3)


def test_what_all_texts_have_in_common_is_taken_out(spec: EncoderSpec):
    encoder, other = StaticEncoder(spec), StaticEncoder(spec)
    shares = zipf(4)
    mean = (shares * smooth_inverse_frequency(shares)) @ VECTORS
    vectors = encoder.encode_documents(["the ship", "Storm", "fog of the ship"])
    np.testing.assert_allclose(vectors @ mean, 0, atol=1e-3)
    assert (vectors == other.encode_documents(["the ship", "Storm", "fog of the ship"])).all()


def test_a_word_is_looked_up_as_it_is_and_then_in_lower_case(spec: EncoderSpec):
    encoder = StaticEncoder(replace(spec, revision="mean"))
    known = encoder.encode_documents(["SHIP", "Ship,", "(ship)", "Storm", "ship-ship"])
    np.testing.assert_allclose(known[[0, 1, 2, 4]], [[0, 1, 0]] * 4, atol=1e-3)
    np.testing.assert_allclose(known[3], [1, 0, 0], atol=1e-3)
    # The file does not have this word in lower case, and no other case is tried.
    assert encoder.encode_documents(["storm"])[0] @ known[3] < 0.5


@pytest.mark.parametrize("revision", ["", "sif", "sif-common", "mean"])
def test_a_text_of_unknown_words_is_close_to_none(tmp_path: Path, revision: str):
    rows = np.random.default_rng(3).normal(size=(200, 16)) + 0.5
    words = [f"w{number}" for number in range(200)]
    spec = EncoderSpec(backend="static", model=str(glove(tmp_path / "v", words, rows)), revision=revision)
    encoder = StaticEncoder(spec)
    unknown, blank = encoder.encode_documents(["zyzzyva qwerty", ""])
    texts = encoder.encode_documents([" ".join(words[first : first + 20]) for first in range(0, 200, 20)])
    assert np.linalg.norm(unknown) == pytest.approx(1, abs=1e-5)
    assert (unknown == blank).all()
    assert (texts @ unknown).max() < 0.01


def test_unknown_words_have_places_too(spec: EncoderSpec):
    assert StaticEncoder(spec).token_offsets(["The zyzzyva's fog."]) == [
        [(0, 3), (4, 11), (11, 12), (12, 13), (14, 17), (17, 18)]
    ]


def test_a_student_knows_words_by_their_parts(tmp_path: Path):
    encoder = StaticEncoder(EncoderSpec(backend="static", model=str(student(tmp_path / "student"))))
    assert encoder.max_tokens == 128
    assert encoder.token_offsets(["Ships in fog"]) == [[(0, 4), (4, 5), (6, 8), (9, 12)]]
    first, second = encoder.encode_documents(["ship", "ships"])
    assert 0.1 < first @ second < 0.99


def test_folders_of_other_libraries_can_be_read(tmp_path: Path):
    from safetensors.numpy import load_file, save_file

    folder = student(tmp_path / "student")
    wanted = StaticEncoder(EncoderSpec(backend="static", model=str(folder))).encode_documents(["fog at sea"])
    table = load_file(folder / "model.safetensors")["embeddings"]
    inner = tmp_path / "other" / "0_StaticEmbedding"
    inner.mkdir(parents=True)
    (folder / "tokenizer.json").rename(inner / "tokenizer.json")
    save_file({"embedding.weight": table}, inner / "model.safetensors")
    found = StaticEncoder(EncoderSpec(backend="static", model=str(inner.parent))).encode_documents(["fog at sea"])
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def bad_folder(name: str, folder: Path) -> None:
    from safetensors.numpy import save_file

    weights = folder / "model.safetensors"
    match name:
        case "no weights":
            weights.unlink()
        case "no tokenizer":
            (folder / "tokenizer.json").unlink()
        case "weights that are none":
            weights.write_bytes(b"\0" * 100)
        case "another table":
            save_file({"other": np.ones((3, 3), dtype=np.float32)}, weights)
        case "too few vectors":
            save_file({"embeddings": np.ones((3, 3), dtype=np.float32)}, weights)
        case "not finite":
            save_file({"embeddings": np.full((500, 3), np.nan, dtype=np.float32)}, weights)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no weights", "is not a static encoder"),
        ("no tokenizer", "is not a static encoder"),
        ("weights that are none", "cannot be read"),
        ("another table", "has no table named"),
        ("too few vectors", "3 vectors for"),
        ("not finite", "not finite"),
    ],
)
def test_a_bad_folder_says_what_is_wrong(tmp_path: Path, name: str, message: str):
    folder = student(tmp_path / "student")
    bad_folder(name, folder)
    with pytest.raises(EncoderUnavailable, match=message):
        StaticEncoder(EncoderSpec(backend="static", model=str(folder)))


def test_what_is_not_there_or_cannot_be_done_is_said(spec: EncoderSpec):
    for wrong, message in (
        (replace(spec, model="/nowhere"), "There is no file or folder /nowhere"),
        (replace(spec, dimensions=4), "has 3 dimensions, but 4 were requested"),
        (replace(spec, revision="latest"), "revisions sif, sif-common, mean, not latest"),
    ):
        with pytest.raises(EncoderUnavailable, match=message):
            StaticEncoder(wrong)


def test_a_file_is_read_once_and_mapped_from_then_on(tmp_path: Path, cache: Path):
    path = glove(tmp_path / "vectors.txt", WORDS, VECTORS)
    first = word_vectors(path)
    assert isinstance(first.vectors, np.memmap)
    assert len(list(cache.iterdir())) == 1
    again = word_vectors(path)
    assert again.words == first.words
    assert (again.vectors == first.vectors).all()
    assert len(list(cache.iterdir())) == 1


def test_a_file_that_has_changed_is_read_anew(tmp_path: Path):
    path = tmp_path / "vectors.txt"
    word_vectors(glove(path, WORDS, VECTORS))
    assert word_vectors(glove(path, [*WORDS, "sea"], np.vstack([VECTORS, [[1, 2, 3]]]))).words == [*WORDS, "sea"]


def test_where_no_copy_can_be_kept_it_is_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("ENCODER_CACHE", str(tmp_path / "file"))
    found = word_vectors(glove(tmp_path / "vectors.txt", WORDS, VECTORS))
    assert found.words == WORDS
    assert not isinstance(found.vectors, np.memmap)
