"""The items a recommendation may be chosen from: near to an interest, popular, or new; each met once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.models import IndexVersion
from catalog.search import dense
from catalog.search.predicates import Predicate
from catalog.search.scope import EXACT_UP_TO_ITEMS, matches_at_most
from recommender.models import TasteModel
from recommender.serving.scenarios import Leg

#: Items that the popular and the new leg bring each.
ITEMS_PER_LEG = 200
#: Passages that the leg `near` reads; several may be of one item.
PASSAGES = 300

# Each leg leaves out what is excluded and is bounded. Where a filter matches few items these are listed first and
# searched exactly, so that no index is walked in vain.
LEGS: dict[Leg, str] = {
    "near": """
        SELECT near.item_id FROM {table} AS near
        WHERE near.{key} = %(key)s AND near.item_id <> ALL(%(excluded)s) {near_within}
        ORDER BY {distance} LIMIT %(passages)s
    """,
    "popular": """
        SELECT popularity.item_id FROM recommender_itempopularity AS popularity
        WHERE popularity.item_id <> ALL(%(excluded)s) AND {popularity_within}
        ORDER BY popularity.score DESC, popularity.item_id LIMIT %(items)s
    """,
    "new": """
        SELECT catalog_item.id FROM catalog_item
        WHERE catalog_item.id <> ALL(%(excluded)s) AND {item_within}
        ORDER BY catalog_item.created_at DESC, catalog_item.id DESC LIMIT %(items)s
    """,
}
EXACT_NEAR_LEG = """
    SELECT near.item_id FROM subset JOIN {table} AS near ON near.item_id = subset.item_id
    WHERE near.{key} = %(key)s AND near.item_id <> ALL(%(excluded)s)
    GROUP BY near.item_id ORDER BY min({distance}), near.item_id LIMIT %(items)s
"""
CANDIDATES = """
    WITH {subset} candidate (item_id) AS MATERIALIZED ({legs})
    SELECT candidate.item_id, coalesce(popularity.score, 0)
    FROM candidate LEFT JOIN recommender_itempopularity AS popularity ON popularity.item_id = candidate.item_id
    ORDER BY candidate.item_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """What the leg `near` looks around, and where: the rows of a table's partition, by their distance from `vector` in
    the very form that its graph was built on."""

    vector: npt.NDArray[Any]
    table: str
    key: str
    partition: int
    column: str
    operator: str
    keeps_unpublished: bool

    @property
    def distance(self) -> str:
        cast = f"halfvec({len(self.vector)})"
        return f"near.{self.column}::{cast} {self.operator} %(vector)s::{cast}"


def near_passages(version: IndexVersion, vector: npt.NDArray[Any]) -> Near:
    """The passages of an index version, by cosine; items that are not published have none."""
    return Near(
        vector=vector,
        table="catalog_passage",
        key="version_id",
        partition=version.pk,
        column="embedding",
        operator="<=>",
        keeps_unpublished=False,
    )


def near_targets(model: TasteModel, vector: npt.NDArray[Any]) -> Near:
    """The items of a taste space, by inner product."""
    return Near(
        vector=vector,
        table="recommender_tastevector",
        key="model_id",
        partition=model.pk,
        column="target",
        operator="<#>",
        keeps_unpublished=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Parallel arrays of shape (n,), in the order of item ids."""

    item_ids: npt.NDArray[np.int64]
    popularity: npt.NDArray[np.float64]


def find_candidates(
    *,
    legs: Collection[Leg],
    near: Near | None = None,
    wanted: Predicate | None = None,
    excluded: Iterable[int] = (),
) -> Candidates:
    """Gather the candidates in one statement, after one that counts what a filter leaves.

    With the leg `new` there are at least min(ITEMS_PER_LEG, matching items) of them. The leg `near` is left out where
    there is nothing to look around.
    """
    parameters: dict[str, Any] = {"excluded": list(excluded), "items": ITEMS_PER_LEG, "passages": PASSAGES}
    if near is not None:
        parameters |= {"key": near.partition, "vector": dense.vector_literal(near.vector.tolist())}
    else:
        legs = [leg for leg in legs if leg != "near"]
    with dense.vector_search() as cursor:
        exact = wanted is not None and matches_at_most(cursor, wanted, EXACT_UP_TO_ITEMS)
        statement = _statement(legs, near, wanted, exact=exact)
        cursor.execute(statement, parameters | (wanted.named()[1] if wanted else {}))
        rows = cursor.fetchall()
    return Candidates(
        item_ids=np.array([row[0] for row in rows], dtype=np.int64),
        popularity=np.array([row[1] for row in rows], dtype=np.float64),
    )


def _statement(legs: Collection[Leg], near: Near | None, wanted: Predicate | None, *, exact: bool) -> str:
    matching = "catalog_item.published" + (f" AND {wanted.named()[0]}" if wanted else "")
    items = f"SELECT catalog_item.id AS item_id FROM catalog_item WHERE {matching}"  # noqa: S608
    needs_matching = wanted is not None or (near is not None and near.keeps_unpublished)
    within = {
        "table": near.table if near else "",
        "key": near.key if near else "",
        "distance": near.distance if near else "",
        "near_within": f"AND {_within('near.item_id', matching, exact=exact)}" if needs_matching else "",
        "popularity_within": _within("popularity.item_id", matching, exact=exact),
        "item_within": _within("catalog_item.id", matching, exact=True) if exact else matching,
    }
    texts = [EXACT_NEAR_LEG if exact and leg == "near" else LEGS[leg] for leg in legs]
    return CANDIDATES.format(
        subset=f"subset AS MATERIALIZED ({items})," if exact else "",
        legs=" UNION ".join(f"({text.format(**within)})" for text in texts),
    )


def _within(column: str, matching: str, *, exact: bool) -> str:
    if exact:
        return f"{column} IN (SELECT item_id FROM subset)"  # noqa: S608
    return f"EXISTS (SELECT FROM catalog_item WHERE catalog_item.id = {column} AND {matching})"
