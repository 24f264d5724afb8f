"""What a query says beside words: phrases in quotes, which a hit has to hold, and a minus before what it must not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from catalog.search.highlight import KANA_AND_HAN, WORD
from catalog.search.lexical import fold

#: What a text without any of them is not read for.
SIGNS = re.compile('[-"“„«]')
# A quote opens before a word and closes behind one, so that 27" is none; one that is not closed, as while somebody
# types, is passed over. A minus before a number is its sign, and inside a word a hyphen.
OPERATOR = re.compile(
    r"""(?<![^\s(])(?P<minus>-)?["“„«](?P<phrase>[^"“”„«»]+)["”“»](?![^\W_])|(?<!\S)-(?P<word>[^\W\d_]\S*)"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words that follow one another, whatever signs stand between them."""

    text: str
    """As it was written."""
    exact: bool = True
    """False for a single word that counts in any form."""

    @property
    def words(self) -> tuple[str, ...]:
        """In lower case and without accents."""
        return tuple(map(fold, WORD.findall(self.text)))

    @property
    def pattern(self) -> str:
        """A regular expression of it in a folded text, which Python and PostgreSQL read alike, without its ends."""
        words = self.words
        joined = words[0]
        for before, word in pairwise(words):
            joined += ("{0}*" if _CHARACTER.match(before) and _CHARACTER.match(word) else "{0}+") + word
        return joined

    @property
    def ends(self) -> tuple[bool, bool]:
        """Whether it has to begin, and to end, where a word does. Chinese and Japanese have no spaces."""
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
    """A query with what it demands taken apart."""

    text: str
    """What is looked for by words and meaning: with the words of the phrases, without what is excluded."""
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.phrases or self.excluded)


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
