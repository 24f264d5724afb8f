"""Rows of a model by a statement that is written already.

Django composes a statement anew for every query. Where each request runs the same one, that takes longer than
PostgreSQL takes to answer it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)
NO_ANNOTATIONS: Mapping[str, str] = MappingProxyType({})


def read_rows(
    model: type[Row], condition: str, parameters: Sequence[Any], *, annotations: Mapping[str, str] = NO_ANNOTATIONS
) -> list[Row]:
    """The rows that meet a condition in SQL, whole, in no order; `annotations` are attributes that they get beside
    their own, in SQL."""
    fields = model._meta.concrete_fields
    columns = ", ".join([*(f'"{field.column}"' for field in fields), *annotations.values()])
    converters = [(place, field.from_db_value) for place, field in enumerate(fields) if hasattr(field, "from_db_value")]
    names = [field.attname for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT {columns} FROM "{model._meta.db_table}" WHERE {condition}', parameters)  # noqa: S608
        rows = [list(row) for row in cursor.fetchall()]
    for row in rows:
        for place, convert in converters:
            row[place] = convert(row[place], None, connection)
    found = [model.from_db(connection.alias, names, row[: len(names)]) for row in rows]
    for instance, row in zip(found, rows, strict=True) if annotations else ():
        vars(instance).update(zip(annotations, row[len(names) :], strict=True))
    return found
