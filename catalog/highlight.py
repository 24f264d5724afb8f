"""What to show of a hit: its best passage cut to size, with the query's words marked. Text only, never HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from django.db import connection

from catalog.lexical import Words, fold

SNIPPET_CHARACTERS = 280
#: Where the best sentence is longer than a snippet, so much is shown before its first match.
LEAD_CHARACTERS = 60
#: Stemming leaves at least this much of a word's beginning alone, so other words need not be asked about.
STEM_CHARACTERS = 2

WORD = re.compile(r"[^\W_]+")
SENTENCE = re.compile(r"\S.*?(?:[.!?…。！？]+['\")\]»”]*(?=\s|$)|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of text. `word`: one of the query's; `closest`: in the sentence that answers the query best."""

    text: str
    word: bool = False
    closest: bool = False

    @property
    def kind(self) -> Literal["plain", "word", "closest"]:
        if self.word:
            return "word"
        return "closest" if self.closest else "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class HighlightedPassage:
    """A passage in parts; `cut_before` and `cut_after` say whether the text goes on there."""

    parts: tuple[Part, ...]
    cut_before: bool = False
    cut_after: bool = False

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


class _Range(NamedTuple):
    start: int
    end: int


def matching_words(texts: Iterable[str], words: Words) -> frozenset[str]:
    """Those words of the texts, folded, that have a stem in common with the query.

    PostgreSQL is asked, in one statement, only about words that begin as one of the stems does.
    """
    beginnings = {term.text[:STEM_CHARACTERS] for term in words.terms}
    spoken = {fold(word) for text in texts for word in WORD.findall(text)}
    asked = sorted(word for word in spoken if word[:STEM_CHARACTERS] in beginnings)
    if not asked:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM unnest(%s::text[]) AS word WHERE catalog_query_terms(word) && %s::text[]",
            [asked, [term.text for term in words.terms]],
        )
        return frozenset(word for (word,) in cursor.fetchall())


def mark(text: str, matching: frozenset[str]) -> tuple[Part, ...]:
    """The whole text, with the matching words marked."""
    return tuple(_parts(text, _Range(0, len(text)), _matches(text, matching), closest=None))


def snippet(text: str, matching: frozenset[str]) -> HighlightedPassage:
    """About SNIPPET_CHARACTERS of a passage, around the sentence that holds most of the matching words."""
    text = " ".join(text.split())
    matches = _matches(text, matching)
    closest = _closest_sentence(text, matches)
    window = _window(text, closest, matches)
    return HighlightedPassage(
        parts=tuple(_parts(text, window, matches, closest=closest)),
        cut_before=window.start > 0,
        cut_after=window.end < len(text),
    )


def _matches(text: str, matching: frozenset[str]) -> list[_Range]:
    return [_Range(*word.span()) for word in WORD.finditer(text) if fold(word.group()) in matching]


def _closest_sentence(text: str, matches: list[_Range]) -> _Range | None:
    """The first of the sentences with the most different matching words; None when no word matches."""
    if not matches:
        return None
    sentences = [_Range(*sentence.span()) for sentence in SENTENCE.finditer(text)]
    return max(sentences, key=lambda sentence: len({fold(text[a:b]) for a, b in matches if _within(sentence, a)}))


def _within(outer: _Range, position: int) -> bool:
    return outer.start <= position < outer.end


def _window(text: str, closest: _Range | None, matches: list[_Range]) -> _Range:
    """The part of the text to show, beginning and ending between words."""
    if len(text) <= SNIPPET_CHARACTERS:
        return _Range(0, len(text))
    start = 0
    if closest is not None:
        room = SNIPPET_CHARACTERS - (closest.end - closest.start)
        start = closest.start - room // 2
        if room < 0:
            start = next(a for a, _ in matches if _within(closest, a)) - LEAD_CHARACTERS
            start = max(start, closest.start)
    start = max(min(start, len(text) - SNIPPET_CHARACTERS), 0)
    if start > 0:
        start = text.find(" ", start) + 1 or start
    end = start + SNIPPET_CHARACTERS
    if end < len(text):
        end = text.rfind(" ", start + 1, end + 1) if " " in text[start + 1 : end + 1] else end
    return _Range(start, min(end, len(text)))


def _parts(text: str, window: _Range, matches: list[_Range], *, closest: _Range | None) -> Iterator[Part]:
    """Cut the window wherever a match or the closest sentence begins or ends."""
    edges = {window.start, window.end, *(edge for match in matches for edge in match), *(closest or ())}
    inner = sorted(edge for edge in edges if window.start <= edge <= window.end)
    starts = {match.start for match in matches}
    for start, end in pairwise(inner):
        marked = start in starts
        yield Part(text=text[start:end], word=marked, closest=closest is not None and _within(closest, start))
