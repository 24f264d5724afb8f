"""The dense leg: the passages nearest to the query's vector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from catalog.models import IndexVersion

#: Nearest passages read; several may be of one item.
PASSAGES = 300
DEFAULT_CUTOFF = 0.25

# Passages met by an iterative scan before it gives up, and the memory for them as a multiple of work_mem.
SETTINGS_SQL = """
    SELECT set_config('hnsw.ef_search', '200', true), set_config('hnsw.iterative_scan', 'relaxed_order', true),
        set_config('hnsw.max_scan_tuples', '100000', true), set_config('hnsw.scan_mem_multiplier', '4', true),
        set_config('jit', 'off', true)
"""


@contextmanager
def vector_search() -> Iterator[Any]:
    """A cursor in a transaction that is set up for reading HNSW indexes."""
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(SETTINGS_SQL)
        yield cursor


def distance_sql(version: IndexVersion) -> str:
    """Cosine distance between a row of `passage` and the query's vector, in the very form the index was built on."""
    cast = f"halfvec({version.dimensions})"
    return f"passage.embedding::{cast} <=> %(vector)s::{cast}"


def vector_literal(vector: Sequence[float]) -> str:
    return f"[{','.join(f'{value:.7g}' for value in vector)}]"


def cutoff(version: IndexVersion | None) -> float:
    """The cosine from which on a passage is called close, until the version's own has been measured the usual one."""
    if version is None or version.relevance_cutoff is None:
        return DEFAULT_CUTOFF
    return version.relevance_cutoff
