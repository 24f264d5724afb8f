"""Vectors and ids as PostgreSQL sends them in binary: whole columns at once, with no text between."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from pgvector.psycopg import register_vector
from psycopg.pq import Format

Vector = npt.NDArray[np.float32]

#: A column of ids, and one of half-precision vectors, as one value each: aggregates of one statement keep step.
IDS = "string_agg(int8send({column}), '')"
HALVES = "string_agg(halfvec_send({column}), '')"


def binary(cursor: Any) -> Any:
    """The same cursor of Django's, with results in binary from its next statement on."""
    cursor.cursor.format = Format.BINARY
    return cursor


def know_vectors() -> None:
    """Have Django's connection know pgvector's types: before a cursor is made, which copies what is known by then."""
    connection.ensure_connection()
    if connection.connection.adapters.types.get("halfvec") is None:  # to ask PostgreSQL takes four statements
        register_vector(connection.connection)


def ids_of(sent: bytes | None) -> npt.NDArray[np.int64]:
    """What IDS selects, of shape (n,); nothing where there were no rows."""
    return np.frombuffer(sent or b"", dtype=">i8").astype(np.int64)


def halves_of(sent: bytes | None, *, rows: int) -> Vector:
    """What HALVES selects, of shape (rows, dimensions): each row is two 16-bit numbers, then big-endian halves."""
    if not sent:
        return np.zeros((0, 0), np.float32)
    return np.frombuffer(sent, dtype=">f2").reshape(rows, -1)[:, 2:].astype(np.float32)


def vector_of(sent: Any) -> Vector:
    """What vector_send selects: two 16-bit numbers, then big-endian floats."""
    return np.frombuffer(bytes(sent), dtype=">f4", offset=4).astype(np.float32)
