"""The items a recommendation may be chosen from: near to an interest, popular, or new; each met once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from catalog.models import IndexVersion
from catalog.search import dense
from catalog.search.predicates import Predicate
from catalog.search.scope import EXACT_UP_TO_ITEMS, matches_at_most

Leg = Literal["near", "popular", "new"]

#: Items that the popular and the new leg bring each.
ITEMS_PER_LEG = 200
#: Passages that the leg `near` reads; several may be of one item.
PASSAGES = 300

# Each leg leaves out what is excluded and is bounded. Where a filter matches few items these are listed first and
# searched exactly, so that no index is walked in vain.
LEGS: dict[Leg, str] = {
    "near": """
        SELECT passage.item_id FROM catalog_passage AS passage
        WHERE passage.version_id = %(version_id)s AND passage.item_id <> ALL(%(excluded)s) {passage_within}
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
    SELECT passage.item_id FROM subset JOIN catalog_passage AS passage ON passage.item_id = subset.item_id
    WHERE passage.version_id = %(version_id)s AND passage.item_id <> ALL(%(excluded)s)
    GROUP BY passage.item_id ORDER BY min({distance}), passage.item_id LIMIT %(items)s
"""
CANDIDATES = """
    WITH {subset} candidate (item_id) AS MATERIALIZED ({legs})
    SELECT candidate.item_id, coalesce(popularity.score, 0)
    FROM candidate LEFT JOIN recommender_itempopularity AS popularity ON popularity.item_id = candidate.item_id
    ORDER BY candidate.item_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Parallel arrays of shape (n,), in the order of item ids."""

    item_ids: npt.NDArray[np.int64]
    popularity: npt.NDArray[np.float64]


def find_candidates(
    *,
    legs: Collection[Leg],
    version: IndexVersion | None = None,
    vector: npt.NDArray[np.float32] | None = None,
    wanted: Predicate | None = None,
    excluded: Iterable[int] = (),
) -> Candidates:
    """Gather the candidates in one statement, after one that counts what a filter leaves.

    With the leg `new` there are at least min(ITEMS_PER_LEG, matching items) of them. `vector` is what the leg `near`
    looks around; without it or a version that leg is left out.
    """
    parameters: dict[str, Any] = {"excluded": list(excluded), "items": ITEMS_PER_LEG, "passages": PASSAGES}
    if version is not None and vector is not None:
        parameters |= {"version_id": version.pk, "vector": dense.vector_literal(vector.tolist())}
    else:
        legs = [leg for leg in legs if leg != "near"]
    with dense.vector_search() as cursor:
        exact = wanted is not None and matches_at_most(cursor, wanted, EXACT_UP_TO_ITEMS)
        statement = _statement(legs, version, wanted, exact=exact)
        cursor.execute(statement, parameters | (wanted.named()[1] if wanted else {}))
        rows = cursor.fetchall()
    return Candidates(
        item_ids=np.array([row[0] for row in rows], dtype=np.int64),
        popularity=np.array([row[1] for row in rows], dtype=np.float64),
    )


def _statement(legs: Collection[Leg], version: IndexVersion | None, wanted: Predicate | None, *, exact: bool) -> str:
    matching = "catalog_item.published" + (f" AND {wanted.named()[0]}" if wanted else "")
    items = f"SELECT catalog_item.id AS item_id FROM catalog_item WHERE {matching}"  # noqa: S608
    within = {
        "distance": dense.distance_sql(version) if version else "",
        "passage_within": f"AND {_within('passage.item_id', matching, exact=exact)}" if wanted else "",
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
