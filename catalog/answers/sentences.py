"""Sentence boundaries, in complete texts and in texts still arriving."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_SENTENCE = 400
# A full stop with closing marks and a space; Chinese and Japanese full stops; the end of a line.
BOUNDARY = re.compile(r"[.!?…]+[\"'”»’)]*(?=\s)|[。！？]+[」』”]*|(?=\n)")
LAST_WORD = re.compile(r"([^\W_]+(?:\.[^\W_]+)*)\.$")
ABBREVIATIONS = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "gen", "col", "sgt", "capt", "rev", "vs", "etc", "eg", "e.g"}
    | {"ie", "i.e", "cf", "al", "vol", "fig", "inc", "ltd", "co", "approx", "ca"}
)
NEXT = re.compile(r"\s+(\S)")


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """First and last-plus-one character of each sentence; a very long one comes in pieces."""
    start = 0
    for end in boundaries(text):
        yield from _pieces(text, start, end)
        start = end
    yield from _pieces(text, start, len(text))


def boundaries(text: str) -> Iterator[int]:
    """The ends of all sentences but the last."""
    return (match.end() for match in BOUNDARY.finditer(text) if _is_end(text, match))


def _is_end(text: str, match: re.Match[str]) -> bool:
    """Whether a full stop ends a sentence rather than an abbreviation or an initial."""
    if not match[0].startswith("."):
        return True
    following = NEXT.match(text, match.end())
    if following is not None and following[1].islower() and "\n" not in following[0]:
        return False
    word = LAST_WORD.search(text, max(match.start() - 20, 0), match.start() + 1)
    if word is None or match[0] != ".":
        return True
    return word[1].lower() not in ABBREVIATIONS and not (len(word[1]) == 1 and word[1].isupper())


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > LONGEST_SENTENCE:
        cut = text.rfind(" ", start + 1, start + LONGEST_SENTENCE)
        cut = cut if cut > 0 else start + LONGEST_SENTENCE
        yield start, cut
        start = cut
        while text[start].isspace():
            start += 1
    if end > start:
        yield start, end
