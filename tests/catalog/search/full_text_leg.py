"""An alternative keyword leg on PostgreSQL's full-text ranking, plugged in as a BM25 extension would be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from catalog.search.keywords import KEYWORD_ITEMS
from catalog.search.lexical import Term, Words
from catalog.search.scope import Scope

DOCUMENT = "to_tsvector('english', catalog_item.title || ' ' || catalog_item.body)"
# ts_rank_cd, brought below 1 by its normalisation 32, on the scale of the words' bound.
SCORE = f"ts_rank_cd({DOCUMENT}, %(any_word)s::tsquery, 32) * %(bound)s"


class FullTextLeg:
    def leg(self, words: Words, scope: Scope, *, alone: bool) -> str:
        return f"""
            SELECT catalog_item.id AS item_id FROM catalog_item
            WHERE catalog_item.published AND {DOCUMENT} @@ %(any_word)s::tsquery {scope.within("catalog_item.id")}
            ORDER BY {SCORE} DESC, catalog_item.id LIMIT {KEYWORD_ITEMS}
        """

    def sought(self, words: Words, *, alone: bool) -> Sequence[Term]:
        return words.terms

    def scores(self, words: Words) -> str:
        return f"""
            SELECT catalog_item.id AS item_id, {SCORE} AS score, (
                SELECT sum(held.idf) FROM (
                    SELECT max(idf) AS idf FROM unnest(%(terms)s::text[], %(slots)s::int[], %(idfs)s::float8[])
                        AS term (term, slot, idf)
                    WHERE {DOCUMENT} @@ quote_literal(term.term)::tsquery GROUP BY slot
                ) AS held
            ) AS idf, 0::float8 AS title_overlap
            FROM candidate JOIN catalog_item ON catalog_item.id = candidate.item_id
            WHERE {DOCUMENT} @@ %(any_word)s::tsquery
        """

    def parameters(self, words: Words, *, alone: bool) -> dict[str, Any]:
        quoted = ("'{}'".format(term.text.replace("'", "''").replace("\\", "\\\\")) for term in words.terms)
        return {
            "any_word": " | ".join(quoted),
            "bound": words.score_bound,
            "terms": [term.text for term in words.terms],
            "slots": [term.slot for term in words.terms],
            "idfs": [term.idf for term in words.terms],
        }

    def term_weights(self, words: Words, item_ids: Sequence[int]) -> dict[int, dict[str, float]]:
        statement = f"""
            SELECT catalog_item.id, term, ts_rank_cd({DOCUMENT}, quote_literal(term)::tsquery, 32)
            FROM catalog_item CROSS JOIN unnest(%(terms)s::text[]) AS term
            WHERE catalog_item.id = ANY(%(ids)s) AND {DOCUMENT} @@ quote_literal(term)::tsquery
        """
        weights: dict[int, dict[str, float]] = {item_id: {} for item_id in item_ids}
        with connection.cursor() as cursor:
            cursor.execute(statement, {"terms": [term.text for term in words.terms], "ids": list(item_ids)})
            for item_id, term, weight in cursor.fetchall():
                weights[item_id][term] = weight
        return weights
