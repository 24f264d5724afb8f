"""Words that the catalogue writes as several and the query as one, or the reverse.

For example `wh1000xm4` and `WH-1000XM4`, `ice cream` and `icecream`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from catalog.search.highlight import LETTERS
from catalog.search.holding import written_together
from catalog.search.operators import Phrase

Written = tuple[str, ...]

MOST_JOINED = 3
FEWEST_LETTERS = 3
MOST_BOUNDARIES = 4
BOUNDARY = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")


def joins(words: Sequence[str], unknown: Sequence[str]) -> list[Written]:
    """Runs of adjacent query words, at least one of them unknown, that may be written as one; longest first."""
    return [
        run
        for length in range(MOST_JOINED, 1, -1)
        for run in (tuple(words[start : start + length]) for start in range(len(words) - length + 1))
        if not set(run).isdisjoint(unknown)
    ]


def divisions(word: str) -> list[Written]:
    """The ways to split a word, fewest parts first: letters with one cut, others where digits begin or end."""
    if LETTERS.fullmatch(word):
        return [(word[:at], word[at:]) for at in range(FEWEST_LETTERS, len(word) - FEWEST_LETTERS + 1)]
    boundaries = [found.start() for found in BOUNDARY.finditer(word)][:MOST_BOUNDARIES]
    return [
        tuple(word[start:end] for start, end in zip((0, *chosen), (*chosen, len(word)), strict=True))
        for count in range(1, len(boundaries) + 1)
        for chosen in combinations(boundaries, count)
    ]


def divided(word: str, uses: Mapping[str, int]) -> Written | None:
    """The catalogue words that an unknown word splits into; for letters only, some item must have them side by side.

    A word of letters can be cut in many ways, and both halves are often unrelated words.
    """
    known = [parts for parts in divisions(word) if all(uses.get(part) for part in parts)]
    if not known:
        return None
    best = min(known, key=lambda parts: (len(parts), -min(uses[part] for part in parts)))
    if LETTERS.fullmatch(word) and not written_together(Phrase(text=" ".join(best))):
        return None
    return best


def runs(words: Sequence[str], replaced: Mapping[Written, str]) -> Iterator[tuple[int, int]]:
    """Start and end of each run of words that is replaced as a unit, longest first, or of a single word."""
    start = 0
    while start < len(words):
        ends = range(min(start + MOST_JOINED, len(words)), start + 1, -1)
        end = next((end for end in ends if tuple(words[start:end]) in replaced), start + 1)
        yield start, end
        start = end
