"""What a query demands besides words: quoted phrases that a hit must hold, and a minus before what it must not hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from catalog.search.highlight import KANA_AND_HAN, WORD
from catalog.search.lexical import fold

#: The most phrases and exclusions that a query may have together.
MAX_OPERATORS = 10
#: A text without any of these is not parsed for operators.
SIGNS = re.compile('[-"“„«]')
# A quote opens before a word and closes after one, so that 27" is not one; an unclosed quote, as while somebody is
# typing, is ignored. A minus before a number is its sign, and inside a word a hyphen.
OPERATOR = re.compile(
    r"""(?<![^\s(])(?P<minus>-)?["“„«](?P<phrase>[^"“”„«»]+)["”“»](?![^\W_])|(?<!\S)-(?P<word>[^\W\d_]\S*)"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that follow one another, whatever punctuation stands between them."""

    text: str
    """As written."""
    exact: bool = True
    """False for a single word that matches in any form."""

    @property
    def words(self) -> tuple[str, ...]:
        """In lower case and without accents."""
        return tuple(map(fold, WORD.findall(self.text)))

    @property
    def pattern(self) -> str:
        """A regular expression for it in folded text, for Python and PostgreSQL alike, without the word ends."""
        words = self.words
        joined = words[0]
        for before, word in pairwise(words):
            joined += ("{0}*" if _CHARACTER.match(before) and _CHARACTER.match(word) else "{0}+") + word
        return joined

    @property
    def ends(self) -> tuple[bool, bool]:
        """Whether it must begin, and end, at a word boundary. Chinese and Japanese have no spaces."""
        words = self.words
        return not _CHARACTER.match(words[0]), not _CHARACTER.match(words[-1])

    @property
    def finder(self) -> re.Pattern[str]:
        """Finds it in a folded text."""
        begins, ends = self.ends
        return re.compile(
            f"{_NOT_BEHIND_A_LETTER if begins else ''}{self.pattern.format(SIGN)}{_NOT_BEFORE_A_LETTER if ends else ''}"
        )


SIGN = r"[\W_]"
_NOT_BEHIND_A_LETTER, _NOT_BEFORE_A_LETTER = r"(?<![^\W_])", r"(?![^\W_])"
_CHARACTER = re.compile(f"[{KANA_AND_HAN}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operators:
    """A query with its operators taken apart."""

    text: str
    """What is searched for by words and meaning: includes the words of the phrases, not what is excluded."""
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()

    def __len__(self) -> int:
        """How many phrases and exclusions there are."""
        return len(self.phrases) + len(self.excluded)


NO_OPERATORS = Operators(text="")


def read_operators(text: str) -> Operators:
    """Take a query apart."""
    if not SIGNS.search(text):
        return Operators(text=text)
    phrases: dict[Phrase, None] = {}
    excluded: dict[Phrase, None] = {}

    def taken(found: re.Match[str]) -> str:
        written = " ".join((found["phrase"] or found["word"]).split())
        words = WORD.findall(written)
        if not words:
            return " "
        if found["phrase"] and not found["minus"]:
            phrases[Phrase(text=written)] = None
            return f"{written} "
        excluded[Phrase(text=written, exact=bool(found["phrase"]) or len(words) > 1)] = None
        return " "

    left = OPERATOR.sub(taken, text)
    return Operators(text=left, phrases=tuple(phrases), excluded=tuple(excluded))
