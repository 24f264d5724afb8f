"""`manage.py distill`, from a catalogue and from a file."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from catalog.embedding.base import EncoderSpec
from catalog.embedding.static.encoder import StaticEncoder
from catalog.encoders.lessons import file_documents, lessons
from catalog.items.saving import save_items
from tests.checkpoints import WORDS, write_checkpoint
from tests.word_vectors import glove


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("teachers") / "bert", seed=11)


def documents(count: int) -> list[str]:
    chance = np.random.default_rng(4)
    return [" ".join(chance.choice(WORDS.split(), size=7)) + ". The hedgehogs sleep." for _ in range(count)]


def distilled(*arguments: str) -> dict[str, object]:
    printed = StringIO()
    call_command("distill", *arguments, "--json", stdout=printed)
    figures: dict[str, object] = json.loads(printed.getvalue().splitlines()[-1])
    return figures


def test_a_catalogue_makes_a_student_of_its_own_words(db, checkpoint: Path, tmp_path: Path):
    save_items(
        [
            {"external_id": str(place), "title": f"Item {place}", "body": text}
            for place, text in enumerate(documents(80))
        ]
    )
    figures = distilled(str(tmp_path / "student"), "--model", str(checkpoint), "--dimensions", "16")
    assert figures["dimensions"] == 16
    assert figures["sentences fitted to"] > 70  # type: ignore[operator]
    assert -1 <= figures["Spearman with the teacher, held-out pairs"] <= 1  # type: ignore[operator]
    assert figures["times as fast as the teacher"] > 1  # type: ignore[operator]
    student = StaticEncoder(EncoderSpec(backend="static", model=str(tmp_path / "student")))
    # A word that the teacher spells in letters is a single token for the student.
    assert student.token_offsets(["hedgehogs"]) == [[(0, 9)]]


def test_a_file_will_do_in_place_of_a_catalogue(checkpoint: Path, tmp_path: Path):
    rows = [{"_id": str(place), "title": "", "text": text} for place, text in enumerate(documents(60))]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    where = ["--model", str(checkpoint), "--from", str(tmp_path / "corpus.jsonl")]
    figures = distilled(str(tmp_path / "student"), *where, "--dimensions", "0", "--texts", "50", "--words", "0")
    assert figures["dimensions"] == 32
    assert StaticEncoder(EncoderSpec(backend="static", model=str(tmp_path / "student"))).dimensions == 32


def test_sentences_are_chosen_alike_each_time_and_words_by_how_many_texts_have_them():
    texts = documents(50)
    first, second = (lessons(iter(texts), sentences=20, words=3) for _ in range(2))
    assert first == second
    assert len(first.sentences) <= 20
    assert lessons(["a a b b b.", "a c."], sentences=9, words=9).words == {"a": 3}


@pytest.mark.parametrize("line", ["no json", "[1]", '{"title": "no text"}'])
def test_a_bad_line_is_named(tmp_path: Path, line: str):
    path = tmp_path / "corpus.jsonl"
    path.write_text(json.dumps({"text": "good"}) + "\n" + line)
    with pytest.raises(ValueError, match="line 2"):
        list(file_documents(path))


def test_what_cannot_be_distilled_is_said(db, tmp_path: Path, settings):
    settings.ENCODER_BACKEND, settings.ENCODER_MODEL = "static", str(glove(tmp_path / "vectors.txt"))
    with pytest.raises(CommandError, match="Only transformers can be distilled"):
        call_command("distill", str(tmp_path / "student"))
    with pytest.raises(CommandError, match="/nowhere"):
        call_command("distill", str(tmp_path / "student"), "--model", "/nowhere")
    with pytest.raises(CommandError, match="must not be negative"):
        call_command("distill", str(tmp_path / "student"), "--texts", "-1")
