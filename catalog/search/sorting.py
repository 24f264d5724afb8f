"""Orders other than by relevance: `newest`, `title`, or a number attribute; a leading `-` reverses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from catalog.errors import InvalidQuery
from catalog.models import Attribute
from catalog.search.predicates import Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An ORDER BY over `catalog_item`; ties are ordered by id."""

    sql: str
    parameters: tuple[Any, ...] = ()
    facts: str = ""
    """The same order of the published items that have the attribute, as a query for their ids by an index of facts."""


TITLE = "left(lower(catalog_item.title), 200)"
NEWEST = Order(sql="catalog_item.created_at DESC, catalog_item.id DESC")
FIXED = {
    "": NEWEST,
    "newest": NEWEST,
    "-newest": Order(sql="catalog_item.created_at, catalog_item.id"),
    "title": Order(sql=f"{TITLE}, catalog_item.id"),
    "-title": Order(sql=f"{TITLE} DESC, catalog_item.id"),
}


def order_by(sort: str) -> Order:
    """The order of a sort parameter; items without the attribute come last. Raises InvalidQuery."""
    if sort in FIXED:
        return FIXED[sort]
    name = sort.removeprefix("-")
    sortable = Attribute.objects.sortable()
    if name not in sortable:
        known = ", ".join(["newest", "title", *sortable])
        message = f"Items cannot be sorted by “{name}”. Known: {known}; a leading - reverses the order."
        raise InvalidQuery(message, field="sort", code="unknown_sort")
    direction = "DESC" if sort.startswith("-") else "ASC"
    value = "catalog_item.attributes -> %s"
    sql = (
        f"CASE jsonb_typeof({value}) WHEN 'number' THEN ({value})::numeric END {direction} NULLS LAST, catalog_item.id"
    )
    facts = f"""
        SELECT item_id FROM catalog_fact WHERE name = %s AND number IS NOT NULL ORDER BY number {direction}, item_id
    """  # noqa: S608
    return Order(sql=sql, parameters=(name, name), facts=facts)


def sort_items(item_ids: Sequence[int], order: Order) -> list[int]:
    """These items in that order."""
    statement = f"SELECT catalog_item.id FROM catalog_item WHERE catalog_item.id = ANY(%s) ORDER BY {order.sql}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(item_ids), *order.parameters])
        return [item_id for (item_id,) in cursor.fetchall()]


def browse(
    wanted: Predicate | None, order: Order, *, limit: int, offset: int, leaving_out: Sequence[int] = ()
) -> tuple[list[int], int]:
    """A page of the published items that meet the filter, and their total number, in one statement.

    Without a filter, an order by an attribute is read from the index of its values; items without the attribute come
    last, so a page with any of those takes another statement. The items of `leaving_out` are on no page but counted.
    """
    condition = f"catalog_item.published AND {wanted.sql}" if wanted else "catalog_item.published"
    parameters = wanted.parameters if wanted else ()
    paged = f"{condition} AND NOT catalog_item.id = ANY(%s)" if leaving_out else condition
    left_out = [list(leaving_out)] if leaving_out else []
    listed = f"SELECT catalog_item.id FROM catalog_item WHERE {paged} ORDER BY {order.sql}"  # noqa: S608
    listed_parameters = [*parameters, *left_out, *order.parameters]
    if order.facts and wanted is None and not leaving_out:
        page, total = _browse(condition, (), order.facts, [order.parameters[0]], limit=limit, offset=offset)
        if len(page) == limit or offset + len(page) == total:
            return page, total
    return _browse(condition, parameters, listed, listed_parameters, limit=limit, offset=offset)


def _browse(
    condition: str, parameters: Sequence[Any], listed: str, listed_parameters: Sequence[Any], *, limit: int, offset: int
) -> tuple[list[int], int]:
    statement = f"""
        SELECT (SELECT count(*) FROM catalog_item WHERE {condition}), ARRAY({listed} LIMIT %s OFFSET %s)
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, *listed_parameters, limit, offset])
        total, page = cursor.fetchone()
        return page, total
