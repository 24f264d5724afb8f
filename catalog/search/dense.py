"""The dense leg: the passages nearest to the query's vector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import connection, transaction

from catalog.models import IndexVersion

#: Nearest passages read; several may be of one item.
PASSAGES = 300
DEFAULT_CUTOFF = 0.25

SETTINGS_SQL = "SELECT " + ", ".join("set_config(%s, %s, true)" for _ in settings.VECTOR_SEARCH)
SETTINGS_PARAMETERS = [text for setting in settings.VECTOR_SEARCH.items() for text in setting]


@contextmanager
def vector_search() -> Iterator[Any]:
    """A cursor set up for reading HNSW indexes.

    Connections are made with the settings; behind a pooler, which lends others, they hold for a transaction.
    """
    if not settings.DATABASE_POOLED:
        with connection.cursor() as cursor:
            yield cursor
        return
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(SETTINGS_SQL, SETTINGS_PARAMETERS)
        yield cursor


def distance_sql(version: IndexVersion) -> str:
    """Cosine distance between a row of `passage` and the query's vector, in the very form the index was built on."""
    cast = f"halfvec({version.dimensions})"
    return f"passage.embedding::{cast} <=> %(vector)s::{cast}"


def inner_products(
    version: IndexVersion, item_ids: npt.NDArray[np.int64], ordinals: npt.NDArray[np.int64], vector: Sequence[float]
) -> npt.NDArray[np.float64]:
    """Inner products of these passages with a vector, read by their keys; NaN for those that there are not."""
    cast = f"halfvec({version.dimensions})"
    statement = f"""
        SELECT place, -(passage.embedding::{cast} <#> %(vector)s::{cast})
        FROM unnest(%(item_ids)s::bigint[], %(ordinals)s::int[]) WITH ORDINALITY AS asked (item_id, ordinal, place)
        JOIN catalog_passage AS passage USING (item_id, ordinal) WHERE passage.version_id = %(version_id)s
    """  # noqa: S608
    products = np.full(len(item_ids), np.nan)
    parameters = {"item_ids": item_ids.tolist(), "ordinals": ordinals.tolist(), "version_id": version.pk}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters | {"vector": vector_literal(vector)})
        for place, product in cursor.fetchall():
            products[place - 1] = product
    return products


def vector_literal(vector: Sequence[float]) -> str:
    return f"[{','.join(f'{value:.7g}' for value in vector)}]"


def cutoff(version: IndexVersion | None) -> float:
    """The cosine from which on a passage is called close, until the version's own has been measured the usual one."""
    if version is None or version.relevance_cutoff is None:
        return DEFAULT_CUTOFF
    return version.relevance_cutoff
