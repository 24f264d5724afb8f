"""The keyword leg over the posting lists that triggers maintain: rare words find items, BM25 uses all words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from catalog.search.keywords import KEYWORD_ITEMS
from catalog.search.lexical import K1, B, Term, Words
from catalog.search.scope import Scope

#: Postings read to find candidates: when the vector finds some too, and when there are only words. Commoner words only
#: add to the scores of items that rarer words have found.
POSTINGS_BUDGET, POSTINGS_BUDGET_ALONE = 2_000, 20_000

# What one posting adds to its item's score. `term` has the columns term, slot and idf.
WEIGHT_SQL = f"""term.idf * posting.frequency * {K1 + 1}
    / (posting.frequency + {K1} * ({1 - B} + {B} * posting.length / %(average_length)s))"""

POSTINGS_OF_TERM = f"""
    SELECT posting.item_id, {WEIGHT_SQL} AS weight FROM catalog_posting AS posting
    WHERE posting.term = term.term
"""  # noqa: S608
PLAIN_POSTINGS = f"{POSTINGS_OF_TERM} {{by_key}} LIMIT {{budget}}"
# A word with more postings than the budget is read where it weighs most: in titles, or repeated. The plain list fills
# in if there are no such postings.
HEAVIEST_POSTINGS = f"""
    (
        {POSTINGS_OF_TERM} {{within}} AND (posting.title_terms > 0 OR posting.frequency > 1)
        ORDER BY posting.frequency / (posting.frequency + posting.length / 100) DESC LIMIT {{budget}}
    ) UNION ({POSTINGS_OF_TERM} {{by_key}} LIMIT {KEYWORD_ITEMS})
"""
WORD_LEG = f"""
    SELECT found.item_id FROM unnest(%(generating)s::text[], %(generating_idfs)s::float8[]) AS term (term, idf)
    CROSS JOIN LATERAL ({{postings}}) AS found
    GROUP BY found.item_id ORDER BY sum(found.weight) DESC, found.item_id LIMIT {KEYWORD_ITEMS}
"""  # noqa: S608
# Scores of every candidate, by primary key: each term's posting list is walked along the sorted ids.
WORD_SCORES = f"""
    SELECT slot.item_id, sum(slot.weight) AS score, sum(slot.idf) AS idf,
        count(slot.title_term)::float8 / (
            %(slots_asked)s + max(slot.title_terms) - count({{distinct}} slot.title_term)
        ) AS title_overlap
    FROM (
        SELECT posting.item_id, max({WEIGHT_SQL}) AS weight, max(term.idf) AS idf,
            max(posting.title_terms) AS title_terms,
            min({{title_term}}) FILTER (WHERE posting.title_terms > 0) AS title_term
        FROM unnest(%(terms)s::text[], %(slots)s::int[], %(idfs)s::float8[]) AS term (term, slot, idf)
        JOIN catalog_posting AS posting ON posting.term = term.term
            AND posting.item_id = ANY(ARRAY(SELECT item_id FROM candidate))
        GROUP BY posting.item_id, term.slot
    ) AS slot GROUP BY slot.item_id
"""  # noqa: S608
TERM_WEIGHTS = f"""
    SELECT posting.item_id, posting.term, {WEIGHT_SQL}
    FROM unnest(%(terms)s::text[], %(idfs)s::float8[]) AS term (term, idf)
    JOIN catalog_posting AS posting ON posting.term = term.term AND posting.item_id = ANY(%(item_ids)s)
"""  # noqa: S608


class PostingLists:
    """The `KeywordLeg` that needs only PostgreSQL itself."""

    def leg(self, words: Words, scope: Scope, *, alone: bool) -> str:
        budget = _budget(alone)
        postings = HEAVIEST_POSTINGS if words.rarest_documents > budget else PLAIN_POSTINGS
        within, by_key = scope.within("posting.item_id"), scope.by_key("posting.item_id")
        return WORD_LEG.format(postings=postings.format(within=within, by_key=by_key, budget=budget))

    def sought(self, words: Words, *, alone: bool) -> Sequence[Term]:
        return words.generating(_budget(alone))

    def scores(self, words: Words) -> str:
        # A title's word that stands for several of the query, as a synonym may, is still one word of the title.
        if len({term.text for term in words.terms}) < len(words.terms):
            return WORD_SCORES.format(distinct="DISTINCT", title_term="posting.term")
        return WORD_SCORES.format(distinct="", title_term="1")

    def parameters(self, words: Words, *, alone: bool) -> dict[str, Any]:
        generating = self.sought(words, alone=alone)
        return {
            "terms": [term.text for term in words.terms],
            "slots": [term.slot for term in words.terms],
            "idfs": [term.idf for term in words.terms],
            "generating": [term.text for term in generating],
            "generating_idfs": [term.idf for term in generating],
            "slots_asked": words.slots,
            "average_length": words.average_length,
        }

    def term_weights(self, words: Words, item_ids: Sequence[int]) -> dict[int, dict[str, float]]:
        weights: dict[int, dict[str, float]] = {item_id: {} for item_id in item_ids}
        parameters = self.parameters(words, alone=True)
        with connection.cursor() as cursor:
            cursor.execute(TERM_WEIGHTS, parameters | {"item_ids": list(item_ids)})
            for item_id, term, weight in cursor.fetchall():
                weights[item_id][term] = weights[item_id].get(term, 0.0) + weight
        return weights


def _budget(alone: bool) -> int:
    return POSTINGS_BUDGET_ALONE if alone else POSTINGS_BUDGET
