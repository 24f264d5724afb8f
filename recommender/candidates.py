"""The items that a recommendation is chosen from: near an interest, popular, or new; each appears once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.database.wire import HALVES, IDS, binary, halves_of, ids_of
from catalog.index.graphs import distance_sql, nearest_rows, passages_of
from catalog.models import IndexVersion
from catalog.search import dense
from catalog.search.predicates import Predicate, all_of
from catalog.search.scope import Scope, array_literal, scope_of
from recommender.models import TasteModel
from recommender.past import Past
from recommender.popularity import table
from recommender.serving.scenarios import Leg

Vectors = npt.NDArray[np.float32]

#: Items that the popular leg and the new leg each contribute.
ITEMS_PER_LEG = 200
#: Passages that the `near` leg reads; several may belong to one item.
PASSAGES = 300
PUBLISHED = Scope(condition="catalog_item.published")

# A subquery, because the planner would take longer to cost every id of a long history than the search takes.
EXCLUDED = "<> ALL ((SELECT %(excluded)s::bigint[])::bigint[])"
NOT_EXCLUDED = f"passage.item_id {EXCLUDED}"

# Each leg skips excluded items and is bounded. When a filter matches few items, those are scanned exactly, so that no
# index is walked in vain. Versions, models and limits are inlined: the statements are planned once per connection.
POPULAR = """
    SELECT popularity.item_id FROM {popularity} AS popularity
    WHERE popularity.item_id {excluded} {within_popular}
    ORDER BY popularity.score DESC, popularity.item_id LIMIT {items}
"""
NEW = """
    SELECT catalog_item.id FROM catalog_item
    WHERE catalog_item.id {excluded} {within_new}
    ORDER BY catalog_item.created_at DESC, catalog_item.id DESC LIMIT {items}
"""
NEAR = "SELECT passage.item_id {nearest}"
EXACT_NEAR = """
    SELECT passage.item_id FROM catalog_passage AS passage
    WHERE {passages_of} {within_near}
    GROUP BY passage.item_id ORDER BY min({distance}), passage.item_id LIMIT {items}
"""
CANDIDATES = """
    WITH {then} candidate (item_id) AS MATERIALIZED ({legs})
    SELECT candidate.item_id, coalesce(popularity.score, 0)
    FROM candidate LEFT JOIN {popularity} AS popularity ON popularity.item_id = candidate.item_id
    ORDER BY candidate.item_id
"""
IN_SPACE = f"""
    SELECT {IDS.format(column="item_id")}, {HALVES.format(column="target")} FROM (
        SELECT placed.item_id, placed.target FROM recommender_tastevector AS placed
        WHERE placed.model_id = {{model_id}} AND placed.item_id {{excluded}} {{within}}
        ORDER BY {{distance}} LIMIT {{items}}
    ) AS nearest
"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Parallel arrays of shape (n,), ordered by item id."""

    item_ids: npt.NDArray[np.int64]
    popularity: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """An interest, as a vector among the passages of an index version."""

    version: IndexVersion
    vector: npt.NDArray[Any]


def find_candidates(
    *,
    legs: Collection[Leg],
    near: Around | None = None,
    wanted: Predicate | None = None,
    excluded: Iterable[int] = (),
    past: Past | None = None,
) -> Candidates:
    """Gather the candidates, now or as of a moment, in one statement; a filter takes one more to find its items.

    With the `new` leg there are at least min(ITEMS_PER_LEG, matching items) of them. The `near` leg, by cosine, is
    skipped when `near` is None.
    """
    parameters: dict[str, Any] = {"excluded": array_literal(excluded)} | (past.parameters if past else {})
    if near is not None:
        parameters["vector"] = dense.vector_literal(near.vector.tolist())
    else:
        legs = [leg for leg in legs if leg != "near"]
    if not legs:
        return Candidates(item_ids=np.empty(0, dtype=np.int64), popularity=np.empty(0, dtype=np.float64))
    with dense.vector_search() as cursor:
        scope = _scope(cursor, wanted, past)
        cursor.execute(_statement(legs, near, scope, past), parameters | dict(scope.parameters))
        rows = cursor.fetchall()
    return Candidates(
        item_ids=np.array([row[0] for row in rows], dtype=np.int64),
        popularity=np.array([row[1] for row in rows], dtype=np.float64),
    )


def nearest_in_space(
    model: TasteModel,
    vector: npt.NDArray[Any],
    *,
    items: int,
    wanted: Predicate | None = None,
    excluded: Iterable[int] = (),
    past: Past | None = None,
) -> tuple[npt.NDArray[np.int64], Vectors]:
    """The items of a taste space with the largest inner products, now or among those of a moment, and their targets,
    of shape (n, dimensions). One statement; a filter takes one more to find its items."""
    cast = f"halfvec({model.dimensions})"
    with dense.vector_search() as cursor:
        scope = _scope(cursor, wanted, past)
        distance = f"placed.target::{cast} <#> %(vector)s::{cast}"
        statement = IN_SPACE.format(
            model_id=int(model.pk),
            excluded=EXCLUDED,
            within=scope.within("placed.item_id"),
            # Subtracting zero keeps the planner from walking the graph when the items are known.
            distance=f"({distance}) - 0" if scope.exact else distance,
            items=int(items),
        )
        parameters = {"vector": dense.vector_literal(vector.tolist()), "excluded": array_literal(excluded)}
        binary(cursor).execute(statement, parameters | dict(scope.parameters))
        ids, targets = cursor.fetchone()
    found = ids_of(ids)
    return found, halves_of(targets, rows=len(found)).reshape(len(found), model.dimensions)


def _scope(cursor: Any, wanted: Predicate | None, past: Past | None) -> Scope:
    """The items to search among. Without a filter the graph is walked the same way as of a moment as it is now."""
    there = past.items if past else None
    if wanted:
        return scope_of(cursor, wanted=all_of(wanted, there))
    if there is None:
        return PUBLISHED
    condition, parameters = there.named()
    return Scope(condition=f"{PUBLISHED.condition} AND {condition}", parameters=parameters)


def _statement(legs: Collection[Leg], near: Around | None, scope: Scope, past: Past | None) -> str:
    texts = {"popular": POPULAR, "new": NEW, "near": EXACT_NEAR if scope.exact else NEAR}
    # Unpublished items have no passages.
    within_near = f"AND {NOT_EXCLUDED} {'' if scope is PUBLISHED else scope.within('passage.item_id')}"
    parts = {
        "passages_of": passages_of(near.version) if near else "",
        "excluded": EXCLUDED,
        "distance": distance_sql(near.version) if near else "",
        "within_near": within_near,
        "nearest": nearest_rows(near.version, rows=PASSAGES, within=within_near) if near else "",
        "within_popular": scope.within("popularity.item_id"),
        "within_new": scope.within("catalog_item.id") if scope.exact else f"AND {scope.condition}",
        "items": ITEMS_PER_LEG,
        "popularity": "popularity_then" if past else table(past),
    }
    return CANDIDATES.format(
        legs=" UNION ".join(f"({texts[leg].format(**parts)})" for leg in legs),
        then=f"popularity_then AS MATERIALIZED {table(past)}," if past else "",
        popularity=parts["popularity"],
    )
