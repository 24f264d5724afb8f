"""The keyword leg: BM25 (Robertson & Zaragoza, 2009) over the posting lists that triggers keep in PostgreSQL."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

K1 = 1.2
B = 0.5
#: Postings read to find candidates. Commoner words only add to the scores of what rarer words have found.
POSTINGS_BUDGET = 100_000
MAX_TERMS = 64
PREFIX_EXPANSIONS = 10
PREFIX_MIN_CHARACTERS = 2
FOLD_BATCH_ROWS = 200_000
#: Key of the advisory lock that the one folding process holds.
FOLD_LOCK = 0x666F6C64

LAST_WORD = re.compile(r"[^\W_]+\Z")
ACCENTS = re.compile("[\u0300-\u036f]")

# What one posting adds to the score of its item. `term` has the columns term, slot and idf.
WEIGHT_SQL = f"""term.idf * posting.frequency * {K1 + 1}
    / (posting.frequency + {K1} * ({1 - B} + {B} * posting.length / %(average_length)s))"""

# Both tables are looked up by term; changes not yet folded in count at once.
COUNTS_SQL = """
    (SELECT documents, tokens FROM catalog_termcount WHERE term = wanted.term
     UNION ALL SELECT documents, tokens FROM catalog_termdelta WHERE term = wanted.term)
"""
READ_TERMS_SQL = f"""
    WITH wanted (term, alternative) AS (
        SELECT unnest(catalog_query_terms(%(text)s)), false UNION ALL SELECT '', false
        UNION ALL SELECT unnest(tsvector_to_array(catalog_stop_words(%(text)s))), false WHERE %(prefix)s = ''
        UNION ALL SELECT unnest(catalog_query_terms(%(prefix)s)), true
    ), expanded AS (
        SELECT term FROM (
            SELECT term, documents FROM catalog_termcount WHERE term >= %(first)s AND term < %(last)s
            UNION ALL SELECT term, documents FROM catalog_termdelta WHERE term >= %(first)s AND term < %(last)s
        ) AS known GROUP BY term HAVING sum(documents) > 0 ORDER BY sum(documents) DESC, term LIMIT %(expansions)s
    )
    SELECT wanted.term, bool_and(wanted.alternative), greatest(counts.documents, 0), counts.tokens
    FROM (SELECT * FROM wanted UNION ALL SELECT term, true FROM expanded) AS wanted
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(documents), 0)::bigint AS documents, coalesce(sum(tokens), 0) AS tokens
        FROM {COUNTS_SQL} AS counts
    ) AS counts
    GROUP BY wanted.term, counts.documents, counts.tokens
"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A stem of the query. Terms of one slot are alternatives, of which an item's best one counts."""

    text: str
    slot: int
    documents: int
    idf: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of a query as the keyword index knows them."""

    terms: tuple[Term, ...] = ()
    average_length: float = 1.0

    @property
    def total_idf(self) -> float:
        """How much there is to match: each slot's weight once."""
        return sum({term.slot: term.idf for term in self.terms}.values())

    @property
    def score_bound(self) -> float:
        """The BM25 score that no item can exceed."""
        return (K1 + 1) * self.total_idf

    def generating(self) -> tuple[Term, ...]:
        """The rarest terms whose posting lists together fit the budget; at least one that occurs."""
        chosen: list[Term] = []
        postings = 0
        for term in sorted((term for term in self.terms if term.documents), key=lambda term: term.documents):
            postings += term.documents
            if chosen and postings > POSTINGS_BUDGET:
                break
            chosen.append(term)
        return tuple(chosen)


def fold(text: str) -> str:
    """Lower case without accents, as `catalog_fold` does it before stemming."""
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text.lower()))


def idf(*, documents: int, total: int) -> float:
    return math.log(1 + (total - documents + 0.5) / (documents + 0.5))


def read_words(text: str, *, prefix: bool = False) -> Words:
    """Look up the terms of `text` and their document counts: one statement, two index probes a term.

    With `prefix` the last word may be unfinished: the commonest terms that begin with it count as alternatives, with
    the weight of a word that occurs as often as all of them together.
    """
    typed = LAST_WORD.search(text) if prefix else None
    fragment = fold(typed.group()) if typed else ""
    bounded = len(fragment) >= PREFIX_MIN_CHARACTERS
    parameters: dict[str, Any] = {
        "text": text[: typed.start()] if typed else text,
        "prefix": fragment,
        "first": fragment if bounded else "",
        "last": f"{fragment}\U0010ffff" if bounded else "",
        "expansions": PREFIX_EXPANSIONS,
    }
    with connection.cursor() as cursor:
        cursor.execute(READ_TERMS_SQL, parameters)
        rows = cursor.fetchall()
    return _words(rows)


def _words(rows: Sequence[tuple[str, bool, int, float]]) -> Words:
    total, tokens = next((documents, tokens) for term, _, documents, tokens in rows if not term)
    certain = sorted(row for row in rows if row[0] and not row[1])
    alternatives = sorted(row for row in rows if row[0] and row[1])
    terms = [
        Term(text=term, slot=slot, documents=documents, idf=idf(documents=documents, total=total))
        for slot, (term, _, documents, _) in enumerate(certain)
    ]
    shared_idf = idf(documents=min(sum(row[2] for row in alternatives), total), total=total)
    terms += [
        Term(text=term, slot=len(certain), documents=documents, idf=shared_idf)
        for term, _, documents, _ in alternatives
    ]
    rarest = sorted(terms, key=lambda term: (-term.idf, term.text))[:MAX_TERMS]
    return Words(terms=tuple(rarest), average_length=max(tokens / total, 1.0) if total else 1.0)


def parameters(words: Words) -> dict[str, Any]:
    """Parameters of the statements that read posting lists."""
    generating = words.generating()
    return {
        "terms": [term.text for term in words.terms],
        "slots": [term.slot for term in words.terms],
        "idfs": [term.idf for term in words.terms],
        "generating": [term.text for term in generating],
        "generating_idfs": [term.idf for term in generating],
        "average_length": words.average_length,
        "postings_budget": POSTINGS_BUDGET,
    }


def term_weights(words: Words, item_ids: Sequence[int]) -> dict[int, dict[str, float]]:
    """What each term adds to the BM25 score of each of these items."""
    statement = f"""
        SELECT posting.item_id, posting.term, {WEIGHT_SQL}
        FROM unnest(%(terms)s::text[], %(idfs)s::float8[]) AS term (term, idf)
        JOIN catalog_posting AS posting ON posting.term = term.term AND posting.item_id = ANY(%(item_ids)s)
    """  # noqa: S608
    weights: dict[int, dict[str, float]] = {item_id: {} for item_id in item_ids}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters(words) | {"item_ids": list(item_ids)})
        for item_id, term, weight in cursor.fetchall():
            weights[item_id][term] = weight
    return weights


def fold_term_counts() -> int:
    """Move the appended changes into the term counts and return how many rows there were.

    Batches keep each transaction far below the statement timeout even after a bulk load. Whoever finds another
    process at it leaves.
    """
    folded = 0
    while rows := _fold_batch():
        folded += rows
        if rows < FOLD_BATCH_ROWS:
            break
    return folded


def _fold_batch() -> int:
    statement = """
        WITH taken AS (
            DELETE FROM catalog_termdelta WHERE id IN (SELECT id FROM catalog_termdelta ORDER BY id LIMIT %s)
            RETURNING term, documents, tokens
        ), folded AS (
            INSERT INTO catalog_termcount AS counts (term, documents, tokens)
            SELECT term, sum(documents), sum(tokens) FROM taken GROUP BY term
            ON CONFLICT (term) DO UPDATE
            SET documents = counts.documents + excluded.documents, tokens = counts.tokens + excluded.tokens
        )
        SELECT count(*) FROM taken
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FOLD_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(statement, [FOLD_BATCH_ROWS])
        return int(cursor.fetchone()[0])
