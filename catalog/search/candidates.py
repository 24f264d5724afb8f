"""The one candidate set of a search: the best of both legs, each scored on both.

It does not depend on the page asked for, so totals, facets and every page come from the same items in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.models import IndexVersion
from catalog.search import dense, lexical
from catalog.search.lexical import WEIGHT_SQL, Words
from catalog.search.predicates import Predicate, all_of

#: Items from each leg.
ITEMS_PER_LEG = 200
#: A filter that leaves at most so many items is searched exactly; one that leaves more goes through the HNSW index.
EXACT_UP_TO_ITEMS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Parallel arrays, in the order of item ids."""

    item_ids: npt.NDArray[np.int64]
    keyword_scores: npt.NDArray[np.float64]
    matched_idf: npt.NDArray[np.float64]
    """Weight of those of the query's words that the item holds."""
    title_overlaps: npt.NDArray[np.float64]
    """Jaccard index of the query's words and the title's: 1 where they are the same."""
    cosines: npt.NDArray[np.float64]
    """Of the best passage; NaN without a vector."""
    ordinals: npt.NDArray[np.int64]
    """Which passage that is; -1 without one."""
    spans: Sequence[tuple[int, int] | None]
    """Where it lies in the item's document."""


POSTINGS_OF_TERM = f"""
    SELECT posting.item_id, {WEIGHT_SQL} AS weight FROM catalog_posting AS posting
    WHERE posting.term = term.term {{within}}
"""  # noqa: S608
# A word in more items than are read of one is looked for where it weighs most: in titles, or repeated. The plain list
# fills up where that is nowhere.
HEAVIEST_POSTINGS = f"""
    (
        {POSTINGS_OF_TERM} AND (posting.title_terms > 0 OR posting.frequency > 1)
        ORDER BY posting.frequency / (posting.frequency + posting.length / 100) DESC LIMIT %(postings_budget)s
    ) UNION ({POSTINGS_OF_TERM} LIMIT %(items)s)
"""
WORD_LEG = """
    SELECT found.item_id FROM unnest(%(generating)s::text[], %(generating_idfs)s::float8[]) AS term (term, idf)
    CROSS JOIN LATERAL ({postings}) AS found
    GROUP BY found.item_id ORDER BY sum(found.weight) DESC, found.item_id LIMIT %(items)s
"""
DENSE_LEG = """
    SELECT passage.item_id FROM catalog_passage AS passage
    WHERE passage.version_id = %(version_id)s {within}
    ORDER BY {distance} LIMIT %(passages)s
"""
EXACT_DENSE_LEG = """
    SELECT passage.item_id FROM subset JOIN catalog_passage AS passage ON passage.item_id = subset.item_id
    WHERE passage.version_id = %(version_id)s
    GROUP BY passage.item_id ORDER BY min({distance}), passage.item_id LIMIT %(items)s
"""
NAMED_LEG = """
    SELECT catalog_item.id AS item_id FROM catalog_item WHERE catalog_item.published AND catalog_item.id = ANY(%(also)s)
"""
# Scores of every candidate, by primary keys: for each term, its posting list is walked along the sorted ids. The
# cosine is not an ORDER BY on the distance, which would invite the planner to walk the HNSW index for each item.
WORD_SCORES = f"""
    SELECT slot.item_id, sum(slot.weight) AS score, sum(slot.idf) AS idf,
        count(*) FILTER (WHERE slot.title_terms > 0) AS in_title, max(slot.title_terms) AS title_terms
    FROM (
        SELECT posting.item_id, max({WEIGHT_SQL}) AS weight, max(term.idf) AS idf,
            max(posting.title_terms) AS title_terms
        FROM unnest(%(terms)s::text[], %(slots)s::int[], %(idfs)s::float8[]) AS term (term, slot, idf)
        JOIN catalog_posting AS posting ON posting.term = term.term
            AND posting.item_id = ANY(ARRAY(SELECT item_id FROM candidate))
        GROUP BY posting.item_id, term.slot
    ) AS slot GROUP BY slot.item_id
"""  # noqa: S608
BEST_PASSAGE = """
    SELECT 1 - ({distance}) AS cosine, passage.ordinal, passage.span_start, passage.span_end
    FROM catalog_passage AS passage
    WHERE passage.version_id = %(version_id)s AND passage.item_id = candidate.item_id
    ORDER BY cosine DESC, passage.ordinal LIMIT 1
"""
CANDIDATES = """
    WITH {subset} candidate AS MATERIALIZED ({legs})
    SELECT candidate.item_id, coalesce(words.score, 0), coalesce(words.idf, 0),
        coalesce(words.in_title::float8 / (%(slots_asked)s + words.title_terms - words.in_title), 0),
        passage.cosine, coalesce(passage.ordinal, -1), passage.span_start, passage.span_end
    FROM candidate
    LEFT JOIN ({word_scores}) AS words ON words.item_id = candidate.item_id
    LEFT JOIN LATERAL ({best_passage}) AS passage ON true
    ORDER BY candidate.item_id
"""
NO_PASSAGE = "SELECT NULL::float8 AS cosine, NULL::int AS ordinal, NULL::int AS span_start, NULL::int AS span_end"


def find_candidates(
    *,
    words: Words,
    version: IndexVersion | None = None,
    vector: Sequence[float] | None = None,
    wanted: Predicate | None = None,
    hidden: Predicate | None = None,
    also: Sequence[int] = (),
    use_words: bool = True,
) -> Candidates:
    """Gather and score the candidates in one statement, after one that counts what a filter leaves, or what is hidden.

    Without `vector` the words alone find them; without `use_words` the vector alone does, and words are scored only.
    With a filter there are at least min(ITEMS_PER_LEG, matching items) of them, whether or not they match the query.
    What meets `hidden` is not among them, the published items of `also` are in any case.
    """
    matching = all_of(wanted, None if hidden is None else ~hidden)
    statement = _Statement(
        words=words,
        version=version,
        vector=vector,
        wanted=matching,
        fill=wanted is not None,
        also=also,
        use_words=use_words,
    )
    with dense.vector_search() as cursor:
        # The index passes over a few hidden items: no reason to leave it, however few items there are.
        few_hidden = wanted is None and hidden is not None and matches_at_most(cursor, hidden, EXACT_UP_TO_ITEMS)
        exact = matching is not None and not few_hidden and matches_at_most(cursor, matching, EXACT_UP_TO_ITEMS)
        cursor.execute(statement.sql(exact=exact), statement.parameters())
        return _candidates(cursor.fetchall())


def matches_at_most(cursor: Any, wanted: Predicate, limit: int) -> bool:
    """Whether a filter leaves so few items; counts no further than that."""
    statement = f"""
        SELECT count(*) FROM (
            SELECT FROM catalog_item WHERE catalog_item.published AND {wanted.sql} LIMIT %s
        ) AS matching
    """  # noqa: S608
    cursor.execute(statement, [*wanted.parameters, limit + 1])
    return bool(cursor.fetchone()[0] <= limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    words: Words
    version: IndexVersion | None
    vector: Sequence[float] | None
    wanted: Predicate | None
    fill: bool
    also: Sequence[int]
    use_words: bool

    def sql(self, *, exact: bool) -> str:
        matching = "true" if self.wanted is None else f"catalog_item.published AND {self.wanted.named()[0]}"
        items = f"SELECT catalog_item.id AS item_id FROM catalog_item WHERE {matching}"  # noqa: S608
        legs = []
        if self.version is not None and self.vector is not None:
            legs.append(EXACT_DENSE_LEG if exact else DENSE_LEG)
        if self.use_words:
            legs.append(WORD_LEG)
        if self.wanted is not None and self.fill:
            legs.append(("SELECT item_id FROM subset" if exact else items) + " ORDER BY item_id LIMIT %(items)s")  # noqa: S608
        if self.also:
            legs.append(NAMED_LEG)
        distance = dense.distance_sql(self.version) if self.version else ""
        return CANDIDATES.format(
            subset=f"subset AS MATERIALIZED ({items})," if exact else "",
            legs=" UNION ".join(f"({leg.format(**self._parts(leg, exact))})" for leg in legs),
            word_scores=WORD_SCORES,
            best_passage=NO_PASSAGE if self.vector is None else BEST_PASSAGE.format(distance=distance),
        )

    def _parts(self, leg: str, exact: bool) -> dict[str, str]:
        within = self._within("posting" if leg is WORD_LEG else "passage", exact)
        postings = HEAVIEST_POSTINGS if self.words.generates_too_many else POSTINGS_OF_TERM
        return {
            "within": within,
            "distance": dense.distance_sql(self.version) if self.version else "",
            "postings": postings.format(within=within),
        }

    def _within(self, table: str, exact: bool) -> str:
        if self.wanted is None:
            return ""
        if exact:
            return f"AND {table}.item_id IN (SELECT item_id FROM subset)"  # noqa: S608
        return (
            f"AND EXISTS (SELECT FROM catalog_item WHERE catalog_item.id = {table}.item_id"
            f" AND {self.wanted.named()[0]})"
        )

    def parameters(self) -> dict[str, Any]:
        return {
            **lexical.parameters(self.words),
            **(self.wanted.named()[1] if self.wanted else {}),
            "version_id": self.version.pk if self.version else None,
            "vector": dense.vector_literal(self.vector) if self.vector is not None else None,
            "also": list(self.also),
            "items": ITEMS_PER_LEG,
            "passages": dense.PASSAGES,
        }


def _candidates(rows: Sequence[tuple[Any, ...]]) -> Candidates:
    ids, scores, idfs, overlaps, cosines, ordinals, starts, ends = zip(*rows, strict=True) if rows else ((),) * 8
    return Candidates(
        item_ids=np.array(ids, dtype=np.int64),
        keyword_scores=np.array(scores, dtype=np.float64),
        matched_idf=np.array(idfs, dtype=np.float64),
        title_overlaps=np.array(overlaps, dtype=np.float64),
        cosines=np.array(cosines, dtype=np.float64),
        ordinals=np.array(ordinals, dtype=np.int64),
        spans=[(start, end) if end is not None else None for start, end in zip(starts, ends, strict=True)],
    )
