"""Which words of a query have synonyms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.search.highlight import WORD
from catalog.search.lexical import fold

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Synonymous:
    """Words of a query that have synonyms: its folded words from `start` up to, but not including, `end`."""

    start: int
    end: int
    words: Phrase
    alternatives: tuple[Phrase, ...]

    def pairs(self) -> list[tuple[int, str]]:
        """Each alternative word with the index, among the query's folded words, of the word that it stands for.

        Words are paired in order. If the alternative is longer, its further words stand for the last of the query's
        words; if it is shorter, its last word stands for all further words of the query.
        """
        found = []
        for alternative in self.alternatives:
            for place in range(max(len(alternative), self.end - self.start)):
                own = min(self.start + place, self.end - 1)
                found.append((own, alternative[min(place, len(alternative) - 1)]))
        return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class SynonymTable:
    """Alternatives by phrase."""

    alternatives: Mapping[Phrase, tuple[Phrase, ...]] = field(default_factory=dict)
    longest: int = 0
    """Words of the longest phrase."""

    def synonyms_for(self, text: str) -> tuple[Synonymous, ...]:
        """The synonyms of a query's words. Of overlapping phrases the first wins, and of those the longest."""
        if not self.alternatives:
            return ()
        words = folded_words(text)
        found: list[Synonymous] = []
        start = 0
        while start < len(words):
            match = self._longest_at(words, start)
            found += [match] if match else []
            start = match.end if match else start + 1
        return tuple(found)

    def _longest_at(self, words: Phrase, start: int) -> Synonymous | None:
        for end in range(min(start + self.longest, len(words)), start, -1):
            if alternatives := self.alternatives.get(words[start:end]):
                return Synonymous(start=start, end=end, words=words[start:end], alternatives=alternatives)
        return None


def folded_words(text: str) -> Phrase:
    """The words of a text in lower case and without accents, as rules and synonyms compare them."""
    return tuple(fold(word) for word in WORD.findall(text))


def synonym_table(synonyms: Iterable[tuple[Sequence[str], Sequence[str]]]) -> SynonymTable:
    """Build a table from pairs of words and alternatives; without alternatives the words stand for each other."""
    found: dict[Phrase, dict[Phrase, None]] = defaultdict(dict)
    for words, alternatives in synonyms:
        given = [folded_words(phrase) for phrase in words]
        for phrase in filter(None, given):
            meant = map(folded_words, alternatives) if alternatives else given
            found[phrase].update(dict.fromkeys(other for other in meant if other and other != phrase))
    table = {phrase: tuple(others) for phrase, others in found.items() if others}
    return SynonymTable(alternatives=table, longest=max(map(len, table), default=0))
