"""Replaces words that the catalogue does not hold with words it does.

Several words may be one word in the catalogue. Otherwise a word is compared with those that begin or end the same: if
one letter is wrong, one half of the word is right. The last word may be unfinished, since whoever types it sees what it
is the beginning of. Finally, one word may be several in the catalogue. A word is changed only if neither the catalogue
nor the encoder knows it: a single token of the encoder is a word, and its meaning finds something whether or not any
item contains it. Words are joined regardless, since the result is in the catalogue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from rapidfuzz.distance import OSA

from catalog.embedding.base import Encoder
from catalog.search.compounds import Written, divided, divisions, joins, runs
from catalog.search.highlight import LETTERS, WORD
from catalog.search.lexical import CJK_CHARACTER, CONFIGURATIONS, COUNTS_SQL, fold

MIN_CHARACTERS = 5
#: From this many characters on, a last word may be the beginning of a longer one.
MIN_CHARACTERS_BEGUN = 4
MAX_CHARACTERS = 30
#: From this many characters on, two letters may be wrong, though not the first.
TWO_MISTAKES_FROM = 9
MAX_WORDS = 5
#: Characters at either end of a word that are assumed to be right.
END_CHARACTERS = 3
WORDS_READ = 5_000
WORDS_COUNTED = 20

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
    """Each corrected word and its replacement, both folded; words that were joined are separated by spaces."""


def correct(text: str, unknown: Sequence[str], *, encoder: Encoder | None = None) -> Correction | None:
    """Replace the unknown words of a query that are similar enough to a catalogue word; None if there are none.

    `unknown` are folded words that the catalogue holds in no form. One statement finds similar words, one completes the
    last word, and one counts how often all of these are used. The most similar word wins, and among equals the one in
    most items. Two more statements for a word of letters that may be written as two.
    """
    doubtful = [word for word in unknown if len(word) <= MAX_CHARACTERS and not CJK_CHARACTER.search(word)][:MAX_WORDS]
    if not doubtful:
        return None
    words = [fold(word) for word in WORD.findall(text)]
    mistaken = [word for word in doubtful if LETTERS.fullmatch(word) is None or not _is_word(encoder, word)]
    likely = _likely(mistaken, last=words[-1])
    joined = joins(words, doubtful)
    uses = _uses(
        {known for found in likely.values() for known in found}
        | {"".join(run) for run in joined}
        | {part for word in mistaken for parts in divisions(word) for part in parts}
    )
    replaced: dict[Written, str] = {run: "".join(run) for run in joined if uses.get("".join(run))}
    replaced |= {(word,): best for word, found in likely.items() if (best := _best(word, found, uses))}
    for word in mistaken:
        if (word,) not in replaced and (parts := divided(word, uses)):
            replaced[(word,)] = " ".join(parts)
    return _corrected(text, words, replaced)


def _corrected(text: str, words: Sequence[str], replaced: Mapping[Written, str]) -> Correction | None:
    """The text with those words replaced; None if none is."""
    found = list(WORD.finditer(text))
    corrected, end, made = "", 0, {}
    for start, stop in runs(words, replaced):
        run = tuple(words[start:stop])
        if run in replaced:
            corrected += text[end : found[start].start()] + replaced[run]
            end = found[stop - 1].end()
            made[" ".join(run)] = replaced[run]
    return Correction(text=corrected + text[end:], replaced=made) if made else None


def _is_word(encoder: Encoder | None, word: str) -> bool:
    return encoder is not None and len(encoder.token_offsets([word])[0]) == 1


def _likely(words: Sequence[str], *, last: str) -> dict[str, list[str]]:
    """For words of letters only, the catalogue words that may be meant; for the last word its completions, if any."""
    lettered = [word for word in words if LETTERS.fullmatch(word)]
    mistyped = [word for word in lettered if len(word) >= MIN_CHARACTERS]
    likely = _nearest(mistyped) if mistyped else {}
    if last in lettered and len(last) >= MIN_CHARACTERS_BEGUN and (begun := _beginning(last)):
        likely[last] = begun
    return likely


def _mistakes(word: str) -> int:
    return 2 if len(word) >= TWO_MISTAKES_FROM else 1


def _nearest(words: Sequence[str]) -> dict[str, list[str]]:
    """For each word, the catalogue words that are the fewest mistakes away (optimal string alignment)."""
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


def _beginning(begun: str) -> list[str]:
    """The shortest words that begin with it."""
    with connection.cursor() as cursor:
        cursor.execute(BEGUN_SQL, {"word": begun, "read": WORDS_READ})
        words = sorted((word for (word,) in cursor.fetchall()), key=lambda word: (len(word), word))
    return words[:WORDS_COUNTED]


def _best(word: str, found: Sequence[str], uses: Mapping[str, int]) -> str | None:
    """Of the similar words, the one in most items; a mistake in the first letter is the least likely."""
    used = [known for known in found if uses.get(known)]
    return max(used, key=lambda known: (known[0] == word[0], uses[known]), default=None)


def _uses(words: Collection[str]) -> dict[str, int]:
    """How many items hold each word, in any form."""
    uses: defaultdict[str, int] = defaultdict(int)
    if not words:
        return uses
    with connection.cursor() as cursor:
        cursor.execute(USES_SQL, {"words": sorted(words)})
        for word, documents in cursor.fetchall():
            uses[word] = max(uses[word], int(documents))
    return uses
