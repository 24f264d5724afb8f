"""A query's words as the keyword index knows them, and their weights by BM25 (Robertson & Zaragoza, 2009)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection

K1: float = settings.KEYWORD_K1
B: float = settings.KEYWORD_B
MAX_TERMS = 64
PREFIX_EXPANSIONS = 10
PREFIX_MIN_CHARACTERS = 2
CJK_EXPANSIONS = 40

LAST_WORD = re.compile(r"[^\W_]+\Z")
ACCENTS = re.compile("[\u0300-\u036f]")
#: Chinese, Japanese and Korean, which are indexed as pairs of characters.
CJK_CHARACTERS = "\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
CJK_CHARACTER = re.compile(f"[{CJK_CHARACTERS}]")

# Both tables are looked up by term, so changes not yet folded in count immediately.
COUNTS_SQL = """
    (SELECT term, documents, tokens FROM catalog_termcount WHERE {condition}
     UNION ALL SELECT term, documents, tokens FROM catalog_termdelta WHERE {condition})
"""
BEGINNING_SQL = f"""
    SELECT term FROM {COUNTS_SQL} AS known GROUP BY term
    HAVING sum(documents) > 0 ORDER BY sum(documents) DESC, term LIMIT {{limit}}
"""  # noqa: S608
BEGINNING_WITH_FRAGMENT = BEGINNING_SQL.format(
    condition="term >= %(first)s AND term < %(last)s", limit="%(expansions)s"
)
BEGINNING_WITH_CJK = BEGINNING_SQL.format(
    condition="term >= word.text AND term < word.text || U&'\\+10FFFF'", limit=CJK_EXPANSIONS
)
# The text search configurations of the languages that items are in.
CONFIGURATIONS = f"""
    SELECT DISTINCT catalog_configuration(coalesce(nullif(substr(language.term, 2), ''), built.language)) AS name
    FROM catalog_keywordsettings AS built LEFT JOIN (
        SELECT term FROM {COUNTS_SQL.format(condition="term >= ' ' AND term < '!'")} AS counts
        GROUP BY term HAVING sum(documents) > 0
    ) AS language ON true
"""  # noqa: S608

# Each word of the query with the terms an item may hold for it: its stem in each language of the catalogue, with and
# without accents. A single Chinese, Japanese or Korean character stands for the pairs that begin with it. A term of
# kind 'plain' is the word itself, which counts in a query made up of stop words.
READ_TERMS_SQL = f"""
    WITH configuration AS MATERIALIZED ({CONFIGURATIONS}
    ), word AS MATERIALIZED (
        SELECT lexeme AS text, catalog_unaccent(lexeme) AS folded
        FROM unnest(to_tsvector('simple', catalog_prepare(%(text)s::text)))
    ), asked (word, kind, written) AS (
        SELECT folded, 'stem', text FROM word
        UNION ALL SELECT folded, 'stem', folded FROM word WHERE text <> folded
        {{more_asked}}
    ), form (word, kind, term) AS (
        SELECT asked.word, asked.kind, catalog_unaccent(stem.lexeme) COLLATE "C"
        FROM asked CROSS JOIN configuration
        CROSS JOIN LATERAL unnest(to_tsvector(configuration.name, asked.written)) AS stem
        UNION ALL SELECT folded, 'plain', folded COLLATE "C" FROM word
        UNION ALL SELECT word.folded, 'stem', beginning.term
            FROM word CROSS JOIN LATERAL ({BEGINNING_WITH_CJK}) AS beginning
            WHERE length(word.text) = 1 AND catalog_prepare(word.text) <> word.text
        UNION ALL SELECT '', 'total', ''
        {{more_forms}}
    )
    SELECT form.word, form.kind, form.term, greatest(counts.documents, 0), counts.tokens
    FROM form CROSS JOIN LATERAL (
        SELECT coalesce(sum(documents), 0)::bigint AS documents, coalesce(sum(tokens), 0) AS tokens
        FROM {COUNTS_SQL.format(condition="term = form.term")} AS counts
    ) AS counts
    UNION ALL SELECT '', 'configuration', name::text, 0, 0 FROM configuration
"""  # noqa: S608
# What an unfinished word may become: the word itself, the first words that begin with it, and the commonest terms.
COMPLETIONS_ASKED = """
    UNION ALL SELECT '', 'completion', catalog_prepare(%(fragment)s::text)
    UNION ALL (
        SELECT '', 'completion', word FROM catalog_word
        WHERE word >= %(first)s AND word < %(last)s ORDER BY word LIMIT %(expansions)s
    )
"""
COMPLETION_FORMS = f"UNION ALL SELECT '', 'completion', term FROM ({BEGINNING_WITH_FRAGMENT}) AS beginning"  # noqa: S608
SYNONYMS_ASKED = """
    UNION ALL SELECT word, 'synonym', catalog_prepare(written)
    FROM unnest(%(synonym_of)s::text[], %(synonyms)s::text[]) AS given (word, written)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A stem of the query. Terms in one slot are alternatives, of which an item's best one counts.

    A term that stands for several words appears in the slot of each.
    """

    text: str
    slot: int
    documents: int
    idf: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of a query as the keyword index knows them."""

    terms: tuple[Term, ...] = ()
    average_length: float = 1.0
    configurations: tuple[str, ...] = ()
    """The text search configurations, one per language of the catalogue, that stemmed them."""
    unknown: tuple[str, ...] = ()
    """Folded words that no item holds in any form; an unfinished word is among them if no term begins with it."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """The idf of each finished word, folded, that is not a stop word."""

    @property
    def slots(self) -> int:
        return len({term.slot for term in self.terms})

    @property
    def total_idf(self) -> float:
        """How much there is to match: the weight of each slot, counted once."""
        return sum({term.slot: term.idf for term in self.terms}.values())

    @property
    def score_bound(self) -> float:
        """The BM25 score that no item can exceed."""
        return (K1 + 1) * self.total_idf

    @property
    def rarest_documents(self) -> int:
        """The number of items that hold the rarest term that occurs."""
        return min((term.documents for term in self.terms if term.documents), default=0)

    def generating(self, budget: int) -> tuple[Term, ...]:
        """The rarest terms whose posting lists together fit the budget; at least one, if any occurs."""
        chosen: list[Term] = []
        postings = 0
        occurring = {term.text: term for term in self.terms if term.documents}
        for term in sorted(occurring.values(), key=lambda term: term.documents):
            postings += term.documents
            if chosen and postings > budget:
                break
            chosen.append(term)
        return tuple(chosen)


def fold(text: str) -> str:
    """Lower case without accents, as `catalog_unaccent` does it."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", ACCENTS.sub("", unicodedata.normalize("NFKD", text.lower())))


def idf(*, documents: int, total: int) -> float:
    return math.log(1 + (total - documents + 0.5) / (documents + 0.5))


def read_words(text: str, *, prefix: bool = False, synonyms: Sequence[tuple[str, str]] = ()) -> Words:
    """Look up the terms of `text` and their document counts: one statement, two index probes per term.

    With `prefix` the last word may be unfinished: the commonest terms that begin with it count as alternatives, with
    the weight of a word that occurs as often as all of them together. `synonyms` pairs folded words of the text with
    words that count as alternatives for them.
    """
    typed = LAST_WORD.search(text) if prefix else None
    if typed and CJK_CHARACTER.search(typed.group()):
        typed = None
    fragment = fold(typed.group()) if typed else ""
    bounded = len(fragment) >= PREFIX_MIN_CHARACTERS
    parameters: dict[str, Any] = {
        "text": text[: typed.start()] if typed else text,
        "fragment": fragment,
        "first": fragment if bounded else "",
        "last": f"{fragment}\U0010ffff" if bounded else "",
        "expansions": PREFIX_EXPANSIONS,
        "synonym_of": [word if word != fragment else "" for word, _ in synonyms],
        "synonyms": [synonym for _, synonym in synonyms],
    }
    more_asked = (COMPLETIONS_ASKED if fragment else "") + (SYNONYMS_ASKED if synonyms else "")
    statement = READ_TERMS_SQL.format(more_asked=more_asked, more_forms=COMPLETION_FORMS if fragment else "")
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    return _words(rows, fragment=fragment)


def _words(rows: Iterable[tuple[str, str, str, int, float]], *, fragment: str) -> Words:
    """Words from rows of (word, kind, term, documents, tokens)."""
    by_kind: defaultdict[str, defaultdict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    configurations: list[str] = []
    total = tokens = 0.0
    for word, kind, term, documents, count in rows:
        if kind == "total":
            total, tokens = documents, count
        elif kind == "configuration":
            configurations.append(term)
        else:
            by_kind[kind][word][term] = documents
    completions = by_kind["completion"].get("", {})
    stems = by_kind["stem"] or ({} if completions else by_kind["plain"])
    spoken = {word: terms for word, terms in sorted(stems.items()) if not _ends_a_pair(word, stems)}
    slots = _slots([*spoken.items(), *([("", completions)] if completions else [])], synonyms=by_kind["synonym"])
    weights = {
        word: idf(documents=min(sum(alternatives.values()), int(total)), total=int(total))
        for word, alternatives in slots.items()
    }
    distinct = {id(alternatives): word for word, alternatives in slots.items()}
    terms = [
        Term(text=term, slot=slot, documents=documents, idf=weights[word])
        for slot, word in enumerate(distinct.values())
        for term, documents in sorted(slots[word].items())
    ]
    rarest = sorted(terms, key=lambda term: (-term.idf, term.text))[:MAX_TERMS]
    return Words(
        terms=tuple(rarest),
        average_length=max(tokens / total, 1.0) if total else 1.0,
        configurations=tuple(sorted(configurations)),
        unknown=tuple(sorted(word or fragment for word, found in slots.items() if not any(found.values()))),
        weights={word: weight for word, weight in weights.items() if word},
    )


def _ends_a_pair(word: str, words: Iterable[str]) -> bool:
    """Whether a word is the last character of a run, already covered by the pair before it."""
    return bool(CJK_CHARACTER.fullmatch(word)) and any(len(other) == 2 and other.endswith(word) for other in words)


def _slots(
    groups: Iterable[tuple[str, dict[str, int]]], *, synonyms: Mapping[str, dict[str, int]]
) -> dict[str, dict[str, int]]:
    """The alternatives for each word: its own terms and its synonyms'. Words with a stem in common share theirs.

    A synonym may stand for several words, each of which is still looked for.
    """
    slots: dict[str, dict[str, int]] = {}
    for word, terms in groups:
        kin = next((slot for slot in slots.values() if not slot.keys().isdisjoint(terms)), {})
        kin.update(terms)
        slots[word] = kin
    for word, terms in synonyms.items():
        slots.setdefault(word, {}).update(terms)
    return slots
