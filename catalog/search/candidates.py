"""The one candidate set of a search: the best of both legs, each scored on both.

It does not depend on the page asked for, so totals, facets and every page come from the same items in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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

#: With a filter, the candidates are filled up to this many from the items that meet it.
ITEMS_PER_LEG = 200


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
    """Of the best passage; NaN without a vector. Where a version has pictures: how close it is, on the scale of
    `catalog.search.closeness`."""
    ordinals: npt.NDArray[np.int64]
    """Which passage that is, or PICTURE_ORDINAL; -1 without one."""
    spans: Sequence[tuple[int, int] | None]
    """Where it lies in the item's document."""


FILLING_LEG = "SELECT item_id, false FROM ({first_items}) AS filling"
PINNED_LEG = """
    SELECT catalog_item.id, false FROM catalog_item WHERE catalog_item.published AND catalog_item.id = ANY(%(pinned)s)
"""
BEST_PASSAGES = """
    SELECT DISTINCT ON (passage.item_id)
        passage.item_id, {cosine} AS cosine, passage.ordinal, passage.span_start, passage.span_end
    FROM catalog_passage AS passage
    WHERE passage.version_id = {version_id}
        AND passage.item_id = ANY(ARRAY(SELECT item_id FROM candidate WHERE NOT is_near))
    ORDER BY passage.item_id, cosine DESC, passage.ordinal
"""
NO_PASSAGES = """
    SELECT NULL::bigint AS item_id, NULL::float8 AS cosine, NULL::int AS ordinal, NULL::int AS span_start,
        NULL::int AS span_end WHERE false
"""
# What the dense leg found has its best passage already; the others' are looked up by their keys.
CANDIDATES = """
    WITH candidate AS MATERIALIZED (
        SELECT item_id, bool_or(is_near) AS is_near FROM ({legs}) AS leg (item_id, is_near) GROUP BY item_id
    )
    SELECT candidate.item_id, coalesce(words.score, 0), coalesce(words.idf, 0), coalesce(words.title_overlap, 0),
        far.cosine, far.ordinal, far.span_start, far.span_end
    FROM candidate
    LEFT JOIN ({word_scores}) AS words ON words.item_id = candidate.item_id
    LEFT JOIN ({far}) AS far ON far.item_id = candidate.item_id
    ORDER BY candidate.item_id
"""


def find_candidates(
    *,
    words: Words,
    version: IndexVersion | None = None,
    vector: Sequence[float] | None = None,
    wanted: Predicate | None = None,
    hidden: Predicate | None = None,
    pinned: Sequence[int] = (),
    use_words: bool = True,
) -> Candidates:
    """Gather the candidates and score them: one statement for the dense leg, one for the words and all the rest.

    With a filter a further statement comes first and counts the items that it leaves. Then there are at least
    min(ITEMS_PER_LEG, matching items) candidates, whether or not they match the query. Without `vector` the words alone
    find candidates; without `use_words` the vector alone does, and words only add to scores. Items that meet `hidden`
    are left out, and published items among `pinned` are always in.
    """
    keywords = keyword_leg()
    with dense.vector_search() as cursor:
        scope = scope_of(cursor, wanted=wanted, hidden=hidden)
        by_meaning = version is not None and vector is not None
        by_words = use_words and bool(words.terms)
        items = dense.NEAREST_ITEMS_BESIDE_WORDS if by_words else dense.NEAREST_ITEMS
        near = dense.nearest(cursor, version, vector, scope, items=items) if version and vector is not None else {}
        fill = wanted is not None and len(near) < ITEMS_PER_LEG
        if not (words.terms or fill or pinned or (version is not None and version.reads_pictures)):
            return _candidates([(item_id, 0.0, 0.0, 0.0, *near[item_id]) for item_id in sorted(near)])
        if version is not None and version.reads_pictures:
            # What is near by one kind may be nearer by the other: the best of an item is looked up by its key.
            legs, known = ["SELECT unnest(%(near)s::bigint[]), false"], {}
        else:
            legs, known = ["SELECT unnest(%(near)s::bigint[]), true"], near
        if by_words:
            legs.append(f"SELECT item_id, false FROM ({keywords.leg(words, scope, alone=not by_meaning)}) AS worded")  # noqa: S608
        if fill:
            legs.append(FILLING_LEG.format(first_items=scope.first(ITEMS_PER_LEG)))
        if pinned:
            legs.append(PINNED_LEG)
        statement = CANDIDATES.format(
            legs=" UNION ALL ".join(f"({leg})" for leg in legs),
            word_scores=keywords.scores(words),
            far=_far(version) if version and by_meaning else NO_PASSAGES,
        )
        parameters = {
            **keywords.parameters(words, alone=not by_meaning),
            **scope.parameters,
            "vector": None if vector is None else dense.vector_literal(vector),
            "near": array_literal(near),
            **(closeness_parameters(version, vector) if version and vector is not None else {}),
            "pinned": list(pinned),
        }
        binary(cursor).execute(statement, parameters)
        rows = cursor.fetchall()
    return _candidates([(*row[:4], *known.get(row[0], row[4:])) for row in rows])


def _far(version: IndexVersion) -> str:
    return BEST_PASSAGES.format(cosine=closeness_sql(version), version_id=int(version.pk))


def _candidates(rows: Sequence[tuple[Any, ...]]) -> Candidates:
    ids, scores, idfs, overlaps, cosines, ordinals, starts, ends = zip(*rows, strict=True) if rows else ((),) * 8
    return Candidates(
        item_ids=np.array(ids, dtype=np.int64),
        keyword_scores=np.array(scores, dtype=np.float64),
        matched_idf=np.array(idfs, dtype=np.float64),
        title_overlaps=np.array(overlaps, dtype=np.float64),
        cosines=np.array(cosines, dtype=np.float64),
        ordinals=np.array([-1 if ordinal is None else ordinal for ordinal in ordinals], dtype=np.int64),
        spans=[(start, end) if end is not None else None for start, end in zip(starts, ends, strict=True)],
    )
