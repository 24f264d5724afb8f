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


NEWEST = Order(sql="catalog_item.created_at DESC, catalog_item.id DESC")
FIXED = {
    "": NEWEST,
    "newest": NEWEST,
    "-newest": Order(sql="catalog_item.created_at, catalog_item.id"),
    "title": Order(sql="lower(catalog_item.title), catalog_item.id"),
    "-title": Order(sql="lower(catalog_item.title) DESC, catalog_item.id"),
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
    return Order(sql=sql, parameters=(name, name))


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

    The items of `leaving_out` are on no page but are counted.
    """
    condition = f"catalog_item.published AND {wanted.sql}" if wanted else "catalog_item.published"
    parameters = wanted.parameters if wanted else ()
    paged = f"{condition} AND NOT catalog_item.id = ANY(%s)" if leaving_out else condition
    left_out = [list(leaving_out)] if leaving_out else []
    statement = f"""
        SELECT (SELECT count(*) FROM catalog_item WHERE {condition}),
            ARRAY(SELECT catalog_item.id FROM catalog_item WHERE {paged} ORDER BY {order.sql} LIMIT %s OFFSET %s)
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, *parameters, *left_out, *order.parameters, limit, offset])
        total, page = cursor.fetchone()
        return page, total
