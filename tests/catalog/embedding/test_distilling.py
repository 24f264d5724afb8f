"""Students learn from a real but small teacher; the arithmetic is checked on numbers made for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from catalog.embedding.base import EncoderSpec
from catalog.embedding.distilling.distill import agreement, distill
from catalog.embedding.distilling.fitting import fit
from catalog.embedding.distilling.teacher import NotATransformer, load_teacher
from catalog.embedding.distilling.vocabulary import vocabulary
from catalog.embedding.static.encoder import StaticEncoder
from catalog.embedding.static.lookup import Lookup, Subwords
from catalog.embedding.static.students import write_student
from tests.checkpoints import WORDS, write_checkpoint, write_decoder


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("teachers") / "bert", seed=11)


def sentences(count: int, *, seed: int) -> list[str]:
    chance = np.random.default_rng(seed)
    return [" ".join(chance.choice(WORDS.split(), size=6)) for _ in range(count)]


def test_words_that_made_the_texts_are_found_again_up_to_their_scale():
    chance = np.random.default_rng(1)
    words = chance.normal(size=(12, 5)).astype(np.float32)
    bags = csr_array((chance.random((400, 12)) < 0.3).astype(np.float32))
    bags = bags[np.asarray(bags.sum(axis=1)).ravel() > 0]
    wanted = bags @ words
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    start = (words + 0.5 * chance.normal(size=words.shape)).astype(np.float32)

    def error(table: np.ndarray) -> float:
        texts = bags @ table
        return float(1 - ((texts / np.linalg.norm(texts, axis=1, keepdims=True)) * wanted).sum(axis=1).mean())

    found = fit(bags.tocsr(), wanted, start, ridge=1e-3)
    assert error(found) < error(start) / 20


def test_a_word_without_texts_stays_where_it_was():
    start = np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)
    bags = csr_array(np.array([[1.0, 0, 0], [1, 1, 0]], dtype=np.float32))
    wanted = np.eye(4, dtype=np.float32)[:2]
    found = fit(bags, wanted, start, ridge=0.1)
    np.testing.assert_allclose(found[2], start[2], atol=1e-6)
    assert np.abs(found[:2] - start[:2]).max() > 0.1


def test_agreement_is_the_rank_correlation_of_all_pairs():
    first = np.array([[1, 0], [0, 1], [np.sqrt(0.5), np.sqrt(0.5)]], dtype=np.float32)
    assert agreement(first, first) == pytest.approx(1)
    # The cosines are 0, .71, .71 and -1, .71, -.71: ranks 1, 2.5, 2.5 against 1, 3, 2.
    second = np.array([[1, 0], [-1, 0], [np.sqrt(0.5), np.sqrt(0.5)]], dtype=np.float32)
    assert agreement(first, second) == pytest.approx(np.corrcoef([1, 2.5, 2.5], [1, 3, 2])[0, 1])


@pytest.mark.parametrize("write", [write_checkpoint, write_decoder])
def test_the_vocabulary_has_the_teachers_words_and_others_and_spells_what_it_lacks(tmp_path: Path, write):
    _, tokenizer = load_teacher(EncoderSpec(model=str(write(tmp_path / "teacher", seed=3))))
    found = vocabulary(tokenizer, ["Hedgehogs", "ship"])
    assert found.tokens.count("ship") == 1
    lookup = Lookup(Subwords(found.tokenizer()))
    assert lookup.offsets("hedgehogs Ship") == [(0, 9), (10, 14)]
    numbers, _ = lookup.bags(["shiphe"], max_tokens=10)
    assert len(numbers) > 1
    assert found.texts()[found.tokens.index("##s")] == "s"


def test_a_student_agrees_with_its_teacher_more_for_having_seen_texts(checkpoint: Path, tmp_path: Path):
    teacher, tokenizer = load_teacher(EncoderSpec(model=str(checkpoint)))
    steps: list[tuple[str, int, int]] = []
    taught = distill(
        teacher, tokenizer, texts=sentences(400, seed=1), dimensions=16, on_progress=lambda *step: steps.append(step)
    )
    untaught = distill(teacher, tokenizer, dimensions=16)
    assert untaught.spearman is None
    assert taught.texts == 380
    assert all(done <= total for _, done, total in steps)
    assert {what for what, _, _ in steps} == {"Teacher: words", "Teacher: texts", "Teacher: texts held out", "Fitting"}
    others = sentences(60, seed=9)
    wanted = teacher.encode_documents(others)
    reached = {}
    for name, found in (("taught", taught), ("untaught", untaught)):
        write_student(found.student, tmp_path / name)
        student = StaticEncoder(EncoderSpec(backend="static", model=str(tmp_path / name)))
        assert student.dimensions == 16
        reached[name] = agreement(student.encode_documents(others), wanted)
    assert reached["taught"] > reached["untaught"]
    assert reached["taught"] == pytest.approx(taught.spearman, abs=0.15)


def test_the_same_lessons_make_the_same_student(checkpoint: Path):
    teacher, tokenizer = load_teacher(EncoderSpec(model=str(checkpoint)))
    first, second = (distill(teacher, tokenizer, texts=sentences(100, seed=1)) for _ in range(2))
    assert (first.student.vectors == second.student.vectors).all()


def test_only_transformers_can_be_distilled():
    with pytest.raises(NotATransformer, match="Only transformers"):
        load_teacher(EncoderSpec(backend="static", model="/vectors"))
