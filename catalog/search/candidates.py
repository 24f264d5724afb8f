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
NEAR = """
    SELECT passage.item_id, passage.ordinal, passage.span_start, passage.span_end, 1 - ({distance}) AS cosine
    FROM catalog_passage AS passage
    WHERE passage.version_id = %(version_id)s {within}
    ORDER BY {distance} LIMIT %(passages)s
"""
EXACT_NEAR = """
    SELECT * FROM (
        SELECT DISTINCT ON (passage.item_id)
            passage.item_id, passage.ordinal, passage.span_start, passage.span_end, 1 - ({distance}) AS cosine
        FROM subset JOIN catalog_passage AS passage ON passage.item_id = subset.item_id
        WHERE passage.version_id = %(version_id)s
        ORDER BY passage.item_id, cosine DESC, passage.ordinal
    ) AS best ORDER BY cosine DESC, item_id LIMIT %(items)s
"""
NO_NEAR = """
    SELECT NULL::bigint AS item_id, NULL::int AS ordinal, NULL::int AS span_start, NULL::int AS span_end,
        NULL::float8 AS cosine WHERE false
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
NO_WORD_SCORES = """
    SELECT NULL::bigint AS item_id, 0::float8 AS score, 0::float8 AS idf, 0::int AS in_title, 0::int AS title_terms
    WHERE false
"""
BEST_PASSAGE = """
    SELECT passage.ordinal, passage.span_start, passage.span_end, 1 - ({distance}) AS cosine
    FROM catalog_passage AS passage
    WHERE passage.version_id = %(version_id)s AND passage.item_id = candidate.item_id AND near.item_id IS NULL
    ORDER BY cosine DESC, passage.ordinal LIMIT 1
"""
# An item that the dense leg found has its best passage already; others are looked up by their keys.
CANDIDATES = """
    WITH {subset} near AS MATERIALIZED ({near}), candidate AS MATERIALIZED ({legs})
    SELECT candidate.item_id, coalesce(words.score, 0), coalesce(words.idf, 0),
        coalesce(words.in_title::float8 / (%(slots_asked)s + words.title_terms - words.in_title), 0),
        coalesce(near.cosine, far.cosine), coalesce(near.ordinal, far.ordinal, -1),
        coalesce(near.span_start, far.span_start), coalesce(near.span_end, far.span_end)
    FROM candidate
    LEFT JOIN (
        SELECT DISTINCT ON (item_id) * FROM near ORDER BY item_id, cosine DESC, ordinal
    ) AS near ON near.item_id = candidate.item_id
    LEFT JOIN ({word_scores}) AS words ON words.item_id = candidate.item_id
    LEFT JOIN LATERAL ({far}) AS far ON true
    ORDER BY candidate.item_id
"""


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
        legs = ["SELECT item_id FROM near"]
        if self.use_words:
            legs.append(WORD_LEG.format(postings=self._postings(exact)))
        if self.wanted is not None and self.fill:
            legs.append(("SELECT item_id FROM subset" if exact else items) + " ORDER BY item_id LIMIT %(items)s")  # noqa: S608
        if self.also:
            legs.append(NAMED_LEG)
        return CANDIDATES.format(
            subset=f"subset AS MATERIALIZED ({items})," if exact else "",
            near=self._near(exact),
            legs=" UNION ".join(f"({leg})" for leg in legs),
            word_scores=WORD_SCORES if self.words.terms else NO_WORD_SCORES,
            far=BEST_PASSAGE.format(distance=self._distance) if self._has_vector else NO_NEAR,
        )

    @property
    def _has_vector(self) -> bool:
        return self.version is not None and self.vector is not None

    @property
    def _distance(self) -> str:
        return dense.distance_sql(self.version) if self.version else ""

    def _near(self, exact: bool) -> str:
        if not self._has_vector:
            return NO_NEAR
        return (EXACT_NEAR if exact else NEAR).format(distance=self._distance, within=self._within("passage", exact))

    def _postings(self, exact: bool) -> str:
        postings = (
            HEAVIEST_POSTINGS if self.words.generates_too_many else f"{POSTINGS_OF_TERM} LIMIT %(postings_budget)s"
        )
        return postings.format(within=self._within("posting", exact))

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
