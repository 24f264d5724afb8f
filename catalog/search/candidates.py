"""The single candidate set of a search: the best of both legs, each scored on both.

It does not depend on the page requested, so totals, facets and every page come from the same items in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from catalog.database.wire import binary
from catalog.models import IndexVersion
from catalog.search import dense
from catalog.search.closeness import closeness_parameters, closeness_sql
from catalog.search.keywords import keyword_leg
from catalog.search.lexical import Words
from catalog.search.predicates import Predicate
from catalog.search.scope import array_literal, scope_of

#: With a filter, the candidates of a search by meaning are filled up to this many from the items that meet it.
ITEMS_PER_LEG = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Parallel arrays, in the order of item ids."""

    item_ids: npt.NDArray[np.int64]
    keyword_scores: npt.NDArray[np.float64]
    matched_idf: npt.NDArray[np.float64]
    """Total weight of the query's words that the item holds."""
    title_overlaps: npt.NDArray[np.float64]
    """Jaccard index of the query's words and the title's: 1 if they are the same."""
    cosines: npt.NDArray[np.float64]
    """Cosine of the best passage, NaN without a vector; with pictures, its `catalog.search.closeness`."""
    ordinals: npt.NDArray[np.int64]
    """The ordinal of that passage, or PICTURE_ORDINAL; -1 without one."""
    spans: Sequence[tuple[int, int] | None]
    """Its position in the item's document."""
    edge: float = -math.inf
    """No other item has a passage with a higher cosine than this, as far as the index tells."""
    scope_size: float = math.inf
    """How many items meet the filter, if they were counted."""


#: What the dense leg found; `known` says whether it also found the best passage of each item.
NEAR_LEG = "SELECT unnest(%(near)s::bigint[]), {known}"
WORDS_LEG = "SELECT item_id, false FROM ({found}) AS worded"
FILLING_LEG = "SELECT item_id, false FROM ({first_items}) AS filling"
PINNED_LEG = """
    SELECT catalog_item.id, false FROM catalog_item WHERE catalog_item.published AND catalog_item.id = ANY(%(pinned)s)
"""
BEST_PASSAGES = """
    SELECT DISTINCT ON (passage.item_id)
        passage.item_id, {cosine} AS cosine, passage.ordinal, passage.span_start, passage.span_end
    FROM catalog_passage AS passage
    WHERE passage.version_id = {version_id}
        AND passage.item_id = ANY(ARRAY(SELECT item_id FROM candidate WHERE NOT is_known))
    ORDER BY passage.item_id, cosine DESC, passage.ordinal
"""
NO_PASSAGES = """
    SELECT NULL::bigint AS item_id, NULL::float8 AS cosine, NULL::int AS ordinal, NULL::int AS span_start,
        NULL::int AS span_end WHERE false
"""
# Items from the dense leg come with their best passage; for the others it is looked up by key.
CANDIDATES = """
    WITH candidate AS MATERIALIZED (
        SELECT item_id, bool_or(is_known) AS is_known FROM ({legs}) AS leg (item_id, is_known) GROUP BY item_id
    )
    SELECT candidate.item_id, coalesce(words.score, 0), coalesce(words.idf, 0), coalesce(words.title_overlap, 0),
        far.cosine, far.ordinal, far.span_start, far.span_end
    FROM candidate
    LEFT JOIN ({word_scores}) AS words ON words.item_id = candidate.item_id
    LEFT JOIN ({far}) AS far ON far.item_id = candidate.item_id
    ORDER BY candidate.item_id
"""
#: Word scores of an item that matches no words: keyword score, matched idf and title overlap.
NO_WORDS = (0.0, 0.0, 0.0)


class Around(NamedTuple):
    """A vector to search around, among those of an index version."""

    version: IndexVersion
    vector: Sequence[float]

    @property
    def best_passages(self) -> str:
        """A query for the best passage of each candidate whose best passage is not known."""
        return BEST_PASSAGES.format(cosine=closeness_sql(self.version), version_id=int(self.version.pk))

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of that query."""
        return {"vector": dense.vector_literal(self.vector), **closeness_parameters(self.version, self.vector)}


def find_candidates(
    *,
    words: Words,
    version: IndexVersion | None = None,
    vector: Sequence[float] | None = None,
    wanted: Predicate | None = None,
    hidden: Predicate | None = None,
    pinned: Sequence[int] = (),
    use_words: bool = True,
    holds_phrases: bool = False,
    nearest: int = dense.NEAREST_ITEMS,
) -> Candidates:
    """Gather the candidates and score them: one statement for the dense leg, one for the words and everything else.

    With a filter, another statement comes first and counts the items that meet it. With `vector` there are then at
    least min(ITEMS_PER_LEG, matching items) candidates, however far from the query. Without it, only the words find
    candidates, unless `holds_phrases` says that whatever is wanted holds the query's phrases, which may be stop words.
    Without `use_words`, only the vector finds candidates, and words just add to scores. Without words that find
    candidates, those `nearest` to the vector are that many or more. Items that meet `hidden` are left out, and
    published items among `pinned` are always included.
    """
    around = Around(version, vector) if version is not None and vector is not None else None
    leg_words = words if use_words and words.terms else None
    with dense.vector_search() as cursor:
        scope = scope_of(cursor, wanted=wanted, hidden=hidden)
        items = nearest if leg_words is None else dense.NEAREST_ITEMS_BESIDE_WORDS
        if scope.exact:  # all of them are compared anyway
            items = max(items, ITEMS_PER_LEG)
        near, edge = dense.nearest(cursor, *around, scope, items=items) if around else dense.NOTHING_NEAR
        bounds = {"edge": edge, "scope_size": scope.size}
        # An item found by its text may be closer by its picture, or vice versa, so the best of the two is looked up.
        known = {} if around and around.version.reads_pictures else near
        fill = wanted is not None and (around is not None or holds_phrases)
        fill &= len(near) < min(ITEMS_PER_LEG, scope.size)
        if len(known) == len(near) and not (words.terms or fill or pinned):
            return _candidates([(item_id, *NO_WORDS, *known[item_id]) for item_id in sorted(known)], **bounds)
        legs = [NEAR_LEG.format(known="true" if known else "false")]
        if leg_words is not None:
            legs.append(WORDS_LEG.format(found=keyword_leg().leg(leg_words, scope, alone=around is None)))
        if fill:
            legs.append(FILLING_LEG.format(first_items=scope.first(ITEMS_PER_LEG)))
        if pinned:
            legs.append(PINNED_LEG)
        parameters = {**scope.parameters, "near": array_literal(near), "pinned": list(pinned)}
        rows = _scored(cursor, legs, parameters, words=words, around=around)
    return _candidates([(*row[:4], *known.get(row[0], row[4:])) for row in rows], **bounds)


def _scored(
    cursor: Any, legs: Sequence[str], parameters: Mapping[str, Any], *, words: Words, around: Around | None
) -> list[tuple[Any, ...]]:
    """Rows for `Candidates`: what the legs find, by id, with word scores and any best passage not yet known."""
    keywords = keyword_leg()
    statement = CANDIDATES.format(
        legs=" UNION ALL ".join(f"({leg})" for leg in legs),
        word_scores=keywords.scores(words),
        far=around.best_passages if around else NO_PASSAGES,
    )
    by_meaning = around.parameters if around else {}
    binary(cursor).execute(statement, {**keywords.parameters(words, alone=around is None), **parameters, **by_meaning})
    return cursor.fetchall()


def _candidates(rows: Sequence[tuple[Any, ...]], *, edge: float, scope_size: float) -> Candidates:
    ids, scores, idfs, overlaps, cosines, ordinals, starts, ends = zip(*rows, strict=True) if rows else ((),) * 8
    return Candidates(
        item_ids=np.array(ids, dtype=np.int64),
        keyword_scores=np.array(scores, dtype=np.float64),
        matched_idf=np.array(idfs, dtype=np.float64),
        title_overlaps=np.array(overlaps, dtype=np.float64),
        cosines=np.array(cosines, dtype=np.float64),
        ordinals=np.array([-1 if ordinal is None else ordinal for ordinal in ordinals], dtype=np.int64),
        spans=[(start, end) if end is not None else None for start, end in zip(starts, ends, strict=True)],
        edge=edge,
        scope_size=scope_size,
    )
