"""Vectors and ids as PostgreSQL sends and accepts them in binary: whole columns at once, without text in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from psycopg.pq import Format

Vector = npt.NDArray[np.float32]
Column = npt.NDArray[Any]

#: A column of ids, and one of half-precision vectors, each as one value: aggregates of one statement share an order.
IDS = "string_agg(int8send({column}), '')"
HALVES = "string_agg(halfvec_send({column}), '')"

COPY_BEGINS = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_ENDS = b"\xff\xff"
ROWS_A_WRITE = 2_000


def binary(cursor: Any) -> Any:
    """The same Django cursor, with binary results from its next statement on."""
    cursor.cursor.format = Format.BINARY
    return cursor


def ids_of(sent: bytes | None) -> npt.NDArray[np.int64]:
    """What IDS selects, of shape (n,); empty if there were no rows."""
    return np.frombuffer(sent or b"", dtype=">i8").astype(np.int64)


def halves_of(sent: bytes | None, *, rows: int) -> Vector:
    """What HALVES selects, of shape (rows, dimensions): each row is two 16-bit numbers, then big-endian halves."""
    if not sent:
        return np.zeros((0, 0), np.float32)
    return np.frombuffer(sent, dtype=">f2").reshape(rows, -1)[:, 2:].astype(np.float32)


def vector_of(sent: Any) -> Vector:
    """What vector_send selects: two 16-bit numbers, then big-endian floats."""
    return np.frombuffer(bytes(sent), dtype=">f4", offset=4).astype(np.float32)


def copy_in(table: str, columns: Mapping[str, Column]) -> None:
    """Append rows to a table, given as columns of n values each.

    An array of shape (n,) is written as int8 or int4, according to its type, and one of shape (n, dimensions) as
    halfvec. The bytes are those of COPY's binary format (PostgreSQL's documentation, COPY), assembled for many rows at
    once.
    """
    rows = len(next(iter(columns.values())))
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN WITH (FORMAT binary)"
    # Django does not support COPY, so it does not wrap the driver's errors either.
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.cursor.copy(statement) as copy:
        copy.write(COPY_BEGINS)
        for first in range(0, rows, ROWS_A_WRITE):
            copy.write(_binary_rows({name: own[first : first + ROWS_A_WRITE] for name, own in columns.items()}))
        copy.write(COPY_ENDS)


def _binary_rows(columns: Mapping[str, Column]) -> bytes:
    """The number of fields, then the length and value of each, all big-endian."""
    values = {name: _value_type(column) for name, column in columns.items()}
    fields = [field for name, value in values.items() for field in ((f"{name} bytes", ">i4"), (name, value))]
    rows = np.zeros(len(next(iter(columns.values()))), dtype=[("fields", ">i2"), *fields])
    rows["fields"] = len(columns)
    for name, column in columns.items():
        rows[f"{name} bytes"] = values[name].itemsize
        if column.ndim == 2:
            rows[name]["dimensions"], rows[name]["halves"] = column.shape[1], column
        else:
            rows[name] = column
    return rows.tobytes()


def _value_type(column: Column) -> np.dtype[Any]:
    if column.ndim == 2:
        return np.dtype([("dimensions", ">u2"), ("unused", ">u2"), ("halves", ">f2", (column.shape[1],))])
    return column.dtype.newbyteorder(">")
