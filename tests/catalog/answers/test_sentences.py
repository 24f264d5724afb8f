"""Where sentences end."""

from __future__ import annotations

import pytest

from catalog.answers.sentences import LONGEST_SENTENCE, sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Strange met Mrs. Lee. They left.", ["Dr. Strange met Mrs. Lee.", "They left."]),
        ("J. R. R. Tolkien wrote it. Long ago.", ["J. R. R. Tolkien wrote it.", "Long ago."]),
        ("It cost 3.50 in all. Cheap.", ["It cost 3.50 in all.", "Cheap."]),
        ("He said “No.” She left.", ["He said “No.”", "She left."]),
        ("Foxes, e.g. red ones, run. Hares too.", ["Foxes, e.g. red ones, run.", "Hares too."]),
        ("A line without a stop\nIt begins. It ends.", ["A line without a stop", "It begins.", "It ends."]),
        ("これは本です。それも本です。", ["これは本です。", "それも本です。"]),
        ("Wait... what? Yes", ["Wait... what?", "Yes"]),
        ("  \n ", []),
        ("", []),
    ],
)
def test_sentences_of_a_text(text: str, expected: list[str]):
    assert sentences(text) == expected


def test_a_text_without_stops_comes_in_pieces_that_end_between_words():
    pieces = sentences("robot " * 1_000)
    assert max(map(len, pieces)) <= LONGEST_SENTENCE
    assert {word for piece in pieces for word in piece.split()} == {"robot"}
    assert sum(len(piece.split()) for piece in pieces) == 1_000


def test_a_word_without_end_is_cut():
    assert "".join(sentences("x" * 5_000)) == "x" * 5_000
