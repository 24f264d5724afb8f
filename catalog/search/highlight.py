"""What to show of a hit: its best passage cut to length, with the query's words marked. Text only, never HTML."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from catalog.search.lexical import CJK_CHARACTER, CJK_CHARACTERS, Words, fold
from catalog.search.stems import stems_of

SNIPPET_CHARACTERS = 280
#: If the best sentence is longer than a snippet, this much is shown before its first match.
LEAD_CHARACTERS = 60
#: A cut may be moved by this much so that the snippet does not begin inside a word.
WORD_CHARACTERS = 30
LONG_WORD_CHARACTERS = 6

# Combining marks belong to the letter before them, and some characters join emoji into one. Chinese and Japanese
# characters are words of their own; the keyword index stores them in pairs.
MARKS = "".join(chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)).startswith("M"))
JOINER = "\u200d"
ATTACHED = frozenset(MARKS + JOINER + "".join(map(chr, range(0x1F3FB, 0x1F400))))
KANA_AND_HAN = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
CJK_PAIR = re.compile(f"[{CJK_CHARACTERS}]{{2}}")
WORD = re.compile(rf"[{KANA_AND_HAN}]|[^\W_{KANA_AND_HAN}](?:[{MARKS}]*[^\W_{KANA_AND_HAN}])*[{MARKS}]*")
PLAIN_WORD = re.compile(r"[^\W_]+")
LETTERS = re.compile(r"[^\W\d_]+")
SENTENCE_END = re.compile(r"[。！？]+|[.!?…]+['\")\]»”]*(?=\s|$)")


class Part(NamedTuple):
    """A run of text. `word`: one of the query's words; `closest`: in the sentence that best answers the query."""

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
    """A passage in parts; `cut_before` and `cut_after` say whether the text continues there."""

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
    """The folded words of the texts that share a stem with the query, and the query's character pairs.

    Only words that begin like one of the stems are considered: stemming leaves the first letter alone, and in a long
    word the second too ("dying" becomes "die").
    """
    stems = {term.text for term in words.terms}
    if not stems:
        return frozenset()
    beginnings = {stem[:length] for stem in stems for length in (1, 2)}
    spoken = set[str]().union(*map(_folded_words, texts))
    asked = {word for word in spoken if word[: 2 if len(word) >= LONG_WORD_CHARACTERS else 1] in beginnings}
    found = stems_of(asked - stems, words.configurations)
    return frozenset(
        (asked & stems)
        | {word for word, own in found.items() if not own.isdisjoint(stems)}
        | {stem for stem in stems if CJK_PAIR.fullmatch(stem)}
    )


def mark(text: str, matching: frozenset[str], phrases: Sequence[re.Pattern[str]] = ()) -> tuple[Part, ...]:
    """The whole text, with the matching words and the phrases marked."""
    return _parts(text, _Range(0, len(text)), _all_matches(text, matching, phrase_ranges(text, phrases)), closest=None)


def snippet(text: str, matching: frozenset[str], phrases: Sequence[re.Pattern[str]] = ()) -> HighlightedPassage:
    """About SNIPPET_CHARACTERS of a passage, around the first phrase or the sentence with the most matching words."""
    text = " ".join(text.split())
    held = phrase_ranges(text, phrases)
    matches = _all_matches(text, matching, held)
    closest = _closest_sentence(text, held or matches)
    window = _window(text, closest, matches)
    return HighlightedPassage(
        parts=_parts(text, window, matches, closest=closest),
        cut_before=window.start > 0,
        cut_after=window.end < len(text),
    )


class _Letters(dict[int, str]):
    """Maps each character to its folded form, or to NUL if folding is not one character for one."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = fold(character)
        one_for_one = len(folded) == 1 and character not in MARKS and not CJK_CHARACTER.match(character)
        self[code] = letter = folded if one_for_one else "\0"
        return letter


class _Spaces(dict[int, str]):
    """Maps characters that are not part of a word to spaces: splitting a folded text is faster than matching words."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = kept = character if PLAIN_WORD.match(character) else " "
        return kept


_letters, _spaces = _Letters(), _Spaces()


def _folded(text: str) -> str | None:
    """The text folded with every character kept in its position; None if that is impossible."""
    folded = text.lower() if text.isascii() else text.translate(_letters)
    return None if "\0" in folded else folded


def _folded_words(text: str) -> Iterable[str]:
    """The words of a text, folded, in any order."""
    folded = _folded(text)
    return map(fold, set(WORD.findall(text))) if folded is None else folded.translate(_spaces).split()


def _matches(text: str, matching: frozenset[str]) -> list[_Range]:
    """The ranges of the matching words, in order."""
    if not matching:
        return []
    folded = _folded(text)
    if folded is not None:
        return sorted(_plain_matches(folded, matching))
    matches = [_Range(*word.span()) for word in WORD.finditer(text) if fold(word.group()) in matching]
    pairs = [pair for pair in matching if CJK_PAIR.fullmatch(pair)]
    found = [_Range(at, at + 2) for pair in pairs for at in _occurrences(text, pair)]
    return _merged(matches + found) if found else matches


def _plain_matches(text: str, matching: frozenset[str]) -> list[_Range]:
    """The same for a folded text, in any order: searching for each word is faster than checking every word."""
    found = []
    for word in matching:
        start = text.find(word)
        while start >= 0:
            end = start + len(word)
            if not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum():
                found.append(_Range(start, end))
            start = text.find(word, start + 1)
    return found


def phrase_ranges(text: str, phrases: Sequence[re.Pattern[str]]) -> list[_Range]:
    """The ranges of the phrases, in order."""
    if not phrases:
        return []
    folded = _folded(text)
    if folded is None:  # positions in the folded text would not be those of the original
        folded = text.lower()
    return _merged(_Range(*found.span()) for phrase in phrases for found in phrase.finditer(folded))


def _all_matches(text: str, matching: frozenset[str], held: list[_Range]) -> list[_Range]:
    matches = _matches(text, matching)
    return _merged([*matches, *held]) if held else matches


def _occurrences(text: str, pair: str) -> Iterator[int]:
    at = text.find(pair)
    while at >= 0:
        yield at
        at = text.find(pair, at + 1)


def _merged(ranges: Iterable[_Range]) -> list[_Range]:
    """The ranges in order, with overlapping ones merged."""
    merged: list[_Range] = []
    for start, end in sorted(ranges):
        if merged and start < merged[-1].end:
            merged[-1] = _Range(merged[-1].start, max(end, merged[-1].end))
        else:
            merged.append(_Range(start, end))
    return merged


def _closest_sentence(text: str, matches: list[_Range]) -> _Range | None:
    """The first of the sentences with the most distinct matching words; None when no word matches."""
    if not matches:
        return None
    words = [fold(text[start:end]) for start, end in matches]
    starts = [match.start for match in matches]
    best, most, first = None, -1, 0
    for sentence in _sentences(text):
        end = bisect_left(starts, sentence.end, first)
        if (different := len({*words[first:end]})) > most:
            best, most = sentence, different
        first = end
    return best


def _sentences(text: str) -> Iterator[_Range]:
    """The sentences of a text whose white space is single spaces. Each has at least one character before it can end."""
    start = 0
    while start < len(text):
        ended = SENTENCE_END.search(text, start + 1)
        end = ended.end() if ended else len(text)
        yield _Range(start, end)
        start = end + 1 if text[end : end + 1] == " " else end


def _within(outer: _Range, position: int) -> bool:
    return outer.start <= position < outer.end


def _window(text: str, closest: _Range | None, matches: list[_Range]) -> _Range:
    """The part of the text to show, cut between words unless they are too long."""
    if len(text) <= SNIPPET_CHARACTERS:
        return _Range(0, len(text))
    start = shown = 0
    if closest is not None:
        room = SNIPPET_CHARACTERS - (closest.end - closest.start)
        start, shown = closest.start - room // 2, closest.start
        if room < 0:
            shown = next(match.start for match in matches if _within(closest, match.start))
            start = max(shown - LEAD_CHARACTERS, closest.start)
    start = max(min(start, len(text) - SNIPPET_CHARACTERS), 0)
    end = min(start + SNIPPET_CHARACTERS, len(text))
    return _Range(_start_of_word(text, start, min(start + WORD_CHARACTERS, shown)), _end_of_word(text, end))


def _start_of_word(text: str, start: int, latest: int) -> int:
    """The start of the first word at or after `start`; if there is none up to `latest`, the start of a character."""
    if start == 0 or text[start - 1] == " ":
        return start
    if (space := text.find(" ", start, latest)) >= 0:
        return space + 1
    while start > 0 and _joined(text, start):
        start -= 1
    return start


def _end_of_word(text: str, end: int) -> int:
    if end == len(text) or text[end] == " ":
        return end
    if (space := text.rfind(" ", end - WORD_CHARACTERS, end)) >= 0:
        return space
    while _joined(text, end):
        end -= 1
    return end


def _joined(text: str, at: int) -> bool:
    """Whether a cut here would split something that is read as one character."""
    return text[at] in ATTACHED or text[at - 1] == JOINER


def _parts(text: str, window: _Range, matches: list[_Range], *, closest: _Range | None) -> tuple[Part, ...]:
    """Cut the window wherever a match or the closest sentence begins or ends."""
    edges = {edge for match in matches for edge in match} if matches else set()
    inner = sorted(edge for edge in {*window, *edges, *(closest or ())} if window.start <= edge <= window.end)
    starts = {match.start for match in matches}
    near, far = closest or (0, 0)
    return tuple([Part(text[start:end], start in starts, near <= start < far) for start, end in pairwise(inner)])
