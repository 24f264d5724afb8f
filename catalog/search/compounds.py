"""Words that the catalogue writes as several where the query writes one, and the other way round: `wh1000xm4` and
`WH-1000XM4`, `ice cream` and `icecream`."""

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
    """Words of a query that follow one another, one of them unknown, which may be written as one; longest first."""
    return [
        run
        for length in range(MOST_JOINED, 1, -1)
        for run in (tuple(words[start : start + length]) for start in range(len(words) - length + 1))
        if not set(run).isdisjoint(unknown)
    ]


def divisions(word: str) -> list[Written]:
    """The words that one may be written as; fewest first. One of letters is cut once, one with digits beside them."""
    if LETTERS.fullmatch(word):
        return [(word[:at], word[at:]) for at in range(FEWEST_LETTERS, len(word) - FEWEST_LETTERS + 1)]
    boundaries = [found.start() for found in BOUNDARY.finditer(word)][:MOST_BOUNDARIES]
    return [
        tuple(word[start:end] for start, end in zip((0, *chosen), (*chosen, len(word)), strict=True))
        for count in range(1, len(boundaries) + 1)
        for chosen in combinations(boundaries, count)
    ]


def divided(word: str, uses: Mapping[str, int]) -> Written | None:
    """The words of the catalogue that stand for an unknown one; of letters only where some item has them side by side.

    Letters can be cut in many ways, and both halves are often words of something else.
    """
    known = [parts for parts in divisions(word) if all(uses.get(part) for part in parts)]
    if not known:
        return None
    best = min(known, key=lambda parts: (len(parts), -min(uses[part] for part in parts)))
    if LETTERS.fullmatch(word) and not written_together(Phrase(text=" ".join(best))):
        return None
    return best


def runs(words: Sequence[str], replaced: Mapping[Written, str]) -> Iterator[tuple[int, int]]:
    """From where to where among the words those lie that are replaced together, or each alone; longest first."""
    start = 0
    while start < len(words):
        ends = range(min(start + MOST_JOINED, len(words)), start + 1, -1)
        end = next((end for end in ends if tuple(words[start:end]) in replaced), start + 1)
        yield start, end
        start = end
