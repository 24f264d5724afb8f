"""Words that the catalogue does not hold, put right by those it does.

A word is looked for among those that begin or end as it does: where one letter is wrong, one half of the word is right.
The last one may be unfinished, as whoever types it sees what it is the beginning of.
Only words that neither the catalogue nor the encoder knows are touched: what the encoder reads as one piece is a word,
and its meaning finds something whether or not it is written anywhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from rapidfuzz.distance import OSA

from catalog.embedding.base import Encoder
from catalog.search.highlight import WORD
from catalog.search.lexical import CJK_CHARACTER, CONFIGURATIONS, COUNTS_SQL, fold

MIN_CHARACTERS = 5
#: From so many characters on a last word may be the beginning of a longer one.
MIN_CHARACTERS_BEGUN = 4
MAX_CHARACTERS = 30
#: From so many characters on, two letters may be wrong, though not the first.
TWO_MISTAKES_FROM = 9
MAX_WORDS = 5
#: Characters at either end of a word that are taken to be right.
END_CHARACTERS = 3
WORDS_READ = 5_000
WORDS_COUNTED = 20
LETTERS = re.compile(r"[^\W\d_]+")

LIKE_SQL = """
    SELECT DISTINCT asked.word, known.word
    FROM unnest(%(words)s::text[], %(heads)s::text[], %(tails)s::text[], %(mistakes)s::int[])
        AS asked (word, head, tail, mistakes)
    CROSS JOIN LATERAL (
        (SELECT word FROM catalog_word WHERE word >= asked.head AND word < asked.head || U&'\\+10FFFF'
            AND abs(length(word) - length(asked.word)) <= asked.mistakes LIMIT %(read)s)
        UNION
        (SELECT word FROM catalog_word WHERE reverse(word) >= asked.tail AND reverse(word) < asked.tail || U&'\\+10FFFF'
            AND abs(length(word) - length(asked.word)) <= asked.mistakes LIMIT %(read)s)
    ) AS known
"""
BEGUN_SQL = """
    SELECT word FROM catalog_word WHERE word >= %(word)s AND word < %(word)s || U&'\\+10FFFF' LIMIT %(read)s
"""
USES_SQL = f"""
    WITH configuration AS MATERIALIZED ({CONFIGURATIONS}), stem AS (
        SELECT DISTINCT word, catalog_unaccent(stem.lexeme) COLLATE "C" AS term FROM unnest(%(words)s::text[]) AS word
        CROSS JOIN configuration CROSS JOIN LATERAL unnest(to_tsvector(configuration.name, word)) AS stem
    )
    SELECT stem.word, (
        SELECT coalesce(sum(documents), 0) FROM {COUNTS_SQL.format(condition="term = stem.term")} AS known
    ) FROM stem
"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A query as it was probably meant."""

    text: str
    replaced: Mapping[str, str]
    """What each word that was put right became, both folded."""


def correct(text: str, unknown: Sequence[str], *, encoder: Encoder | None = None) -> Correction | None:
    """Replace those unknown words of a query that a word of the catalogue is like enough to; None if there are none.

    `unknown` are folded words that the catalogue holds in no form. One statement for the words like them, one for those
    that the last is the beginning of, and one for how often all of them are used; the likest word is taken, and of
    several the one in most items.
    """
    asked = [word for word in unknown if _may_be_mistaken(word) and not _is_word(encoder, word)][:MAX_WORDS]
    if not asked:
        return None
    mistyped = [word for word in asked if len(word) >= MIN_CHARACTERS]
    replaced = _best((_nearest(mistyped) if mistyped else {}) | _finished(text, asked))
    if not replaced:
        return None
    corrected = WORD.sub(lambda found: replaced.get(fold(found.group()), found.group()), text)
    return Correction(text=corrected, replaced=replaced)


def _may_be_mistaken(word: str) -> bool:
    lengthy = MIN_CHARACTERS_BEGUN <= len(word) <= MAX_CHARACTERS
    return lengthy and LETTERS.fullmatch(word) is not None and CJK_CHARACTER.search(word) is None


def _is_word(encoder: Encoder | None, word: str) -> bool:
    return encoder is not None and len(encoder.token_offsets([word])[0]) == 1


def _mistakes(word: str) -> int:
    return 2 if len(word) >= TWO_MISTAKES_FROM else 1


def _nearest(words: Sequence[str]) -> dict[str, list[str]]:
    """For each word those of the catalogue that the fewest mistakes lead to (optimal string alignment)."""
    ends = [min((len(word) - 1) // 2, END_CHARACTERS) for word in words]
    parameters: dict[str, Any] = {
        "words": list(words),
        "heads": [word[:end] for word, end in zip(words, ends, strict=True)],
        "tails": [word[::-1][:end] for word, end in zip(words, ends, strict=True)],
        "mistakes": [_mistakes(word) for word in words],
        "read": WORDS_READ,
    }
    with connection.cursor() as cursor:
        cursor.execute(LIKE_SQL, parameters)
        rows = cursor.fetchall()
    by_distance: defaultdict[str, defaultdict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for word, known in rows:
        distance = OSA.distance(word, known, score_cutoff=_mistakes(word))
        if distance <= (_mistakes(word) if known[0] == word[0] else 1):
            by_distance[word][distance].append(known)
    return {word: sorted(found[min(found)])[:WORDS_COUNTED] for word, found in by_distance.items()}


def _finished(text: str, asked: Sequence[str]) -> dict[str, list[str]]:
    """The last word of a text, if it is among those asked for, with the shortest words that begin with it."""
    last = fold(WORD.findall(text)[-1])
    if last not in asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(BEGUN_SQL, {"word": last, "read": WORDS_READ})
        words = sorted((word for (word,) in cursor.fetchall()), key=lambda word: (len(word), word))
    return {last: words[:WORDS_COUNTED]} if words else {}


def _best(nearest: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Of the words that are alike the one in most items; a mistake in the first letter is the least likely one."""
    uses = _uses({known for found in nearest.values() for known in found})
    return {
        word: max(used, key=lambda known: (known[0] == word[0], uses[known]))
        for word, found in nearest.items()
        if (used := [known for known in found if uses.get(known)])
    }


def _uses(words: Iterable[str]) -> dict[str, int]:
    """In how many items each word is, in any form."""
    uses: defaultdict[str, int] = defaultdict(int)
    with connection.cursor() as cursor:
        cursor.execute(USES_SQL, {"words": sorted(words)})
        for word, documents in cursor.fetchall():
            uses[word] = max(uses[word], int(documents))
    return uses
