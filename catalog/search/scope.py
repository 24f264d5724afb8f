"""Where to look: the items that a search may find, as SQL for each table that is looked in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.search.predicates import Predicate, all_of

#: A filter that leaves at most so many items is searched exactly; one that leaves more goes through the HNSW index.
EXACT_UP_TO_ITEMS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The items in question. Where they are few enough they are known, and stand in a common table `subset`."""

    condition: str = ""
    """What they meet, over `catalog_item`; empty where there is none."""
    exact: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def items(self) -> str:
        """A query for their ids."""
        if self.exact:
            return "SELECT item_id FROM subset"
        return f"SELECT catalog_item.id AS item_id FROM catalog_item WHERE {self.condition or 'true'}"  # noqa: S608

    @property
    def subset(self) -> str:
        """The common table, with the comma after it; empty where they are not known."""
        return "subset AS MATERIALIZED (SELECT unnest(%(subset)s::bigint[]) AS item_id)," if self.exact else ""

    def within(self, column: str) -> str:
        """A condition on a column that holds item ids, with the AND before it; empty where every item is meant."""
        if self.exact:
            return f"AND {column} = ANY(%(subset)s::bigint[])"
        if not self.condition:
            return ""
        return f"AND EXISTS (SELECT FROM catalog_item WHERE catalog_item.id = {column} AND {self.condition})"


EVERYTHING = Scope()


def scope_of(cursor: Any, *, wanted: Predicate | None, hidden: Predicate | None = None) -> Scope:
    """The items that a filter wants and that are not hidden: one statement for their ids, or a count of the hidden.

    The index passes over a few hidden items: no reason to leave it, however few items there are.
    """
    matching = all_of(wanted, None if hidden is None else ~hidden)
    if matching is None:
        return EVERYTHING
    few_hidden = wanted is None and hidden is not None and matches_at_most(cursor, hidden, EXACT_UP_TO_ITEMS)
    found = None if few_hidden else _matching(cursor, matching)
    if found is not None:
        return Scope(exact=True, parameters={"subset": array_literal(found)})
    condition, parameters = matching.named()
    return Scope(condition=f"catalog_item.published AND {condition}", parameters=parameters)


def _matching(cursor: Any, wanted: Predicate) -> list[int] | None:
    """The ids of the items that meet a filter; None where they are too many."""
    statement = f"SELECT id FROM catalog_item WHERE catalog_item.published AND {wanted.sql} LIMIT %s"  # noqa: S608
    cursor.execute(statement, [*wanted.parameters, EXACT_UP_TO_ITEMS + 1])
    ids = [item_id for (item_id,) in cursor.fetchall()]
    return ids if len(ids) <= EXACT_UP_TO_ITEMS else None


def matches_at_most(cursor: Any, wanted: Predicate, limit: int) -> bool:
    """Whether a filter leaves so few items; counts no further than that."""
    statement = f"""
        SELECT count(*) FROM (
            SELECT FROM catalog_item WHERE catalog_item.published AND {wanted.sql} LIMIT %s
        ) AS matching
    """  # noqa: S608
    cursor.execute(statement, [*wanted.parameters, limit + 1])
    return bool(cursor.fetchone()[0] <= limit)


def array_literal(numbers: Iterable[int]) -> str:
    """Integers as PostgreSQL reads an array: several times cheaper than a list that the driver looks through."""
    return f"{{{','.join(map(str, numbers))}}}"
