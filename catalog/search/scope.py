"""The items that a search may find, as SQL conditions on each table that is searched."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.search.predicates import Predicate, all_of

#: A filter that leaves at most this many items is searched exactly; one that leaves more uses the HNSW index.
EXACT_UP_TO_ITEMS = 20_000
SUBSET = "%(subset)s::bigint[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The items in question: a few, by their ids, or any number, by a condition."""

    condition: str = ""
    """What they meet, over `catalog_item`; empty if every item is meant or their ids are known."""
    exact: bool = False
    """Whether their ids are known: they are then in the parameter `subset`, in order."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    size: float = math.inf
    """How many they are, if their ids are known."""

    def first(self, limit: int) -> str:
        """A query for the ids of the first `limit` of them."""
        if self.exact:
            return f"SELECT unnest(({SUBSET})[:{limit}]) AS item_id"
        condition = self.condition or "true"
        return f"SELECT id AS item_id FROM catalog_item WHERE {condition} ORDER BY id LIMIT {limit}"  # noqa: S608

    def within(self, column: str) -> str:
        """A condition on a column of item ids, with a leading AND; empty if every item is meant.

        OFFSET 0 has each row checked by keys. Otherwise the planner may join all the items that hold a word with each
        row, as it cannot tell how many rows are read before the limit is reached.
        """
        if self.exact:
            return f"AND {column} = ANY({SUBSET})"
        if not self.condition:
            return ""
        return f"AND EXISTS (SELECT FROM catalog_item WHERE catalog_item.id = {column} AND {self.condition} OFFSET 0)"

    def by_key(self, column: str) -> str:
        """The same, for a column that leads an index.

        Known ids come from a sub-select, which hides them from the planner. To estimate rows it would look at each of
        thousands of ids, which takes longer than reading the rows.
        """
        return f"AND {column} = ANY((SELECT {SUBSET})::bigint[])" if self.exact else self.within(column)


EVERYTHING = Scope()


def scope_of(cursor: Any, *, wanted: Predicate | None, hidden: Predicate | None = None) -> Scope:
    """The items that meet `wanted` and not `hidden`: one statement for their ids, or for a count of the hidden ones.

    A few hidden items alone are no reason to search exactly: the graph skips them.
    """
    matching = all_of(wanted, None if hidden is None else ~hidden)
    if matching is None:
        return EVERYTHING
    few_hidden = wanted is None and hidden is not None and matches_at_most(cursor, hidden, EXACT_UP_TO_ITEMS)
    found = None if few_hidden else _matching(cursor, wanted, hidden)
    if found is not None:
        return found
    condition, parameters = matching.named()
    return Scope(condition=f"catalog_item.published AND {condition}", parameters=parameters)


def _matching(cursor: Any, wanted: Predicate | None, hidden: Predicate | None) -> Scope | None:
    """The items that are wanted and not hidden; None if there are too many.

    Their ids are passed both ways as one text: thousands of rows would take longer to transfer than to find.
    """
    found, parameters = _ids(wanted, hidden)
    statement = f"""
        SELECT count(*), coalesce(array_agg(id ORDER BY id), '{{}}')::text FROM ({found} LIMIT %s) AS matching (id)
    """  # noqa: S608
    cursor.execute(statement, [*parameters, EXACT_UP_TO_ITEMS + 1])
    count, ids = cursor.fetchone()
    return Scope(exact=True, parameters={"subset": ids}, size=count) if count <= EXACT_UP_TO_ITEMS else None


def _ids(wanted: Predicate | None, hidden: Predicate | None) -> tuple[str, list[Any]]:
    """A query for the ids of these items, from facts alone where possible."""
    if wanted is None or wanted.facts is None:
        matching = all_of(wanted, None if hidden is None else ~hidden)
        assert matching is not None
        return f"SELECT id FROM catalog_item WHERE catalog_item.published AND {matching.sql}", [*matching.parameters]  # noqa: S608
    sql, parameters = wanted.facts.sql, [*wanted.facts.parameters]
    if hidden is not None:
        sql += f" AND NOT EXISTS (SELECT FROM catalog_item WHERE catalog_item.id = fact.item_id AND {hidden.sql})"
        parameters += hidden.parameters
    return sql, parameters


def matches_at_most(cursor: Any, wanted: Predicate, limit: int) -> bool:
    """Whether at most `limit` items meet a filter; stops counting there."""
    statement = f"""
        SELECT count(*) FROM (
            SELECT FROM catalog_item WHERE catalog_item.published AND {wanted.sql} LIMIT %s
        ) AS matching
    """  # noqa: S608
    cursor.execute(statement, [*wanted.parameters, limit + 1])
    return bool(cursor.fetchone()[0] <= limit)


def array_literal(numbers: Iterable[int]) -> str:
    """Integers as a PostgreSQL array literal: several times cheaper than a list that the driver inspects."""
    return f"{{{','.join(map(str, numbers))}}}"
