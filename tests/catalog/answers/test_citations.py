"""A language model's text is passed on only where it cites passages that exist, and as plain text."""

from __future__ import annotations

import pytest

from catalog.answers.citations import CitationChecker


def checked(text: str, *, size: int = 10_000, passages: int = 3) -> tuple[list[tuple[str, tuple[int, ...]]], int]:
    checker = CitationChecker(passages=passages)
    found = [sentence for at in range(0, len(text), size) for sentence in checker.feed(text[at : at + size])] + list(
        checker.finish()
    )
    return [(sentence.text, sentence.markers) for sentence in found], checker.dropped


@pytest.mark.parametrize(
    ("text", "expected", "dropped"),
    [
        ("A robot loves [1]. A whale swims [2][3].", [("A robot loves.", (1,)), ("A whale swims.", (2, 3))], 0),
        ("A robot loves. [1] A whale swims. [2]", [("A robot loves.", (1,)), ("A whale swims.", (2,))], 0),
        ("Both swim [1, 3]. All three do [1-3].", [("Both swim.", (1, 3)), ("All three do.", (1, 2, 3))], 0),
        ("Footnotes [^2]. And 【3】.", [("Footnotes.", (2,)), ("And.", (3,))], 0),
        ("Invented [4]. Not [1][9]. None at all.", [("Not.", (1,))], 2),
        ("Zero [0] and huge [99999999999].", [], 1),
        ("Dr. No lives [1].", [("Dr. No lives.", (1,))], 0),
        ("- First [1]\n- Second [2]\n", [("First", (1,)), ("Second", (2,))], 0),
        ("See [the site](http://evil.example/?q=1) [1].", [("See the site.", (1,))], 0),
        ("![x](http://evil.example/a.png) Look [2]. <http://evil.example>", [("x Look.", (2,))], 0),
        ("**Bold** [1].", [("Bold.", (1,))], 0),
        ("<script>alert(1)</script> [1].", [("<script>alert(1)</script>.", (1,))], 0),
        ("[1]. [2]", [], 0),
        ("", [], 0),
    ],
)
def test_sentences_and_the_passages_they_name(text: str, expected: list[tuple[str, tuple[int, ...]]], dropped: int):
    assert checked(text) == (expected, dropped)


@pytest.mark.parametrize("size", [1, 2, 5, 11])
def test_the_pieces_in_which_a_text_comes_change_nothing(size: int):
    text = "Dr. No loves [1, 2]. A whale, e.g. a blue one, swims. [3] Dropped! It ends [2]\nLast [1]."
    assert checked(text, size=size) == checked(text)


def test_a_sentence_is_given_out_once_it_is_whole():
    checker = CitationChecker(passages=2)
    assert [sentence.text for sentence in checker.feed("One [1].")] == []
    assert [sentence.text for sentence in checker.feed(" Two")] == ["One."]
    assert [sentence.text for sentence in checker.finish()] == []
    assert checker.dropped == 1


@pytest.mark.parametrize("text", ["NO ANSWER", "No answer.", "NO ANSWER\n"])
def test_that_there_is_no_answer_is_no_sentence(text: str):
    checker = CitationChecker(passages=2)
    assert [*checker.feed(text), *checker.finish()] == []
    assert checker.dropped == 0
