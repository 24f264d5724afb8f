"""Rows of a model, read with a ready-made statement.

Django composes a statement anew for every query, and its models look at every field of every row. When each request
runs the same statement, that takes longer than PostgreSQL takes to answer it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState

Row = TypeVar("Row", bound=models.Model)
NO_ANNOTATIONS: Mapping[str, str] = MappingProxyType({})


def read_rows(
    model: type[Row],
    condition: str,
    parameters: Sequence[Any],
    *,
    deferred: Collection[str] = (),
    annotations: Mapping[str, str] = NO_ANNOTATIONS,
) -> list[Row]:
    """The rows that meet a condition in SQL, in no order; `annotations` are additional attributes, in SQL.

    Fields in `deferred` are read on access, like those that `defer()` leaves out. No signals are sent.
    """
    fields = [field for field in model._meta.concrete_fields if field.attname not in deferred]
    columns = ", ".join([*(f'"{field.column}"' for field in fields), *annotations.values()])
    converters = [(field.attname, field.from_db_value) for field in fields if hasattr(field, "from_db_value")]
    names = [*(field.attname for field in fields), *annotations]
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT {columns} FROM "{model._meta.db_table}" WHERE {condition}', parameters)  # noqa: S608
        rows = cursor.fetchall()
    found = []
    for row in rows:
        instance = model.__new__(model)
        own = vars(instance)
        own.update(zip(names, row, strict=True))
        for name, convert in converters:
            own[name] = convert(own[name], None, connection)
        own["_state"] = state = ModelState()
        state.adding, state.db = False, connection.alias
        found.append(instance)
    return found
