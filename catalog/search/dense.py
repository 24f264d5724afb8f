"""The dense leg: the items whose passages are nearest to the query's vector."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
from django.conf import settings
from django.db import connection, transaction

from catalog.database.wire import binary
from catalog.index.graphs import distance_sql, nearest_rows, passages_of
from catalog.models import PICTURE_ORDINAL, IndexVersion
from catalog.search.closeness import closeness_parameters, closeness_sql
from catalog.search.scope import Scope, array_literal

#: How many items the leg finds: as many as a page may hold, or fewer when words find items too.
NEAREST_ITEMS, NEAREST_ITEMS_BESIDE_WORDS = 100, 50
#: How many passages are read for them, in successive attempts: one item may have several of the nearest passages, so
#: more are read if they yield too few items.
PASSAGES_READ = (100, 250, 1_000)
DEFAULT_CUTOFF = 0.25

SETTINGS_SQL = "SELECT " + ", ".join("set_config(%s, %s, true)" for _ in settings.VECTOR_SEARCH)
SETTINGS_PARAMETERS = [text for setting in settings.VECTOR_SEARCH.items() for text in setting]


@contextmanager
def vector_search() -> Iterator[Any]:
    """A cursor set up for reading HNSW indexes.

    Connections are opened with these settings; behind a pooler, which hands out others, they are set per transaction.
    """
    if not settings.DATABASE_POOLED:
        with connection.cursor() as cursor:
            yield cursor
        return
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(SETTINGS_SQL, SETTINGS_PARAMETERS)
        yield cursor


#: The best passage of a found item: its closeness, its ordinal (or PICTURE_ORDINAL), and its position in the document.
Passage = tuple[float, int, int, int]


class Nearest(NamedTuple):
    """What the leg found."""

    passages: Mapping[int, Passage]
    """By item, the best passage of each, nearest first."""
    edge: float
    """No passage that was not read is closer than this; -inf if all were read."""


NOTHING_NEAR = Nearest({}, -math.inf)


SELECTED = "SELECT passage.item_id, {cosine} AS cosine, passage.ordinal, passage.span_start, passage.span_end"
# Not an ORDER BY on the distance, which would invite the planner to use the graph after all.
EXACTLY = """
    FROM catalog_passage AS passage WHERE {passages_of} {within}
    ORDER BY cosine DESC, passage.item_id, passage.ordinal LIMIT {rows}
"""


def nearest(
    cursor: Any, version: IndexVersion, vector: Sequence[float], scope: Scope, *, items: int = NEAREST_ITEMS
) -> Nearest:
    """The nearest items, `items` or more if there are as many.

    One statement, or more if too many of the passages belong to the same items.
    """
    parameters = {"vector": vector_literal(vector), **scope.parameters, **closeness_parameters(version, vector)}
    found, edge = NOTHING_NEAR
    for passages in (max(read, items) for read in PASSAGES_READ):
        binary(cursor).execute(_nearest_of_all_kinds(version, scope, passages=passages), parameters)
        rows = cursor.fetchall()
        found, edge = _best_passages(rows), _edge(rows, read=passages)
        if len(found) >= items or edge == -math.inf:
            break
    return Nearest(found, edge)


def _nearest_of_all_kinds(version: IndexVersion, scope: Scope, *, passages: int) -> str:
    """The nearest passages, and as many pictures if the version has them."""
    kinds = (False, True) if version.reads_pictures else (False,)
    cosine = closeness_sql(version)
    statements = [
        nearest_sql(version, scope, passages=passages, pictures=pictures, cosine=cosine) for pictures in kinds
    ]
    return " UNION ALL ".join(f"({statement})" for statement in statements) if len(kinds) > 1 else statements[0]


def nearest_sql(
    version: IndexVersion,
    scope: Scope,
    *,
    passages: int,
    exact: bool = False,
    pictures: bool = False,
    cosine: str = "",
) -> str:
    """The nearest passages, or pictures, within a scope.

    Every passage is compared if `exact` is set, if the ids of the scope's items are known, or if the version has few
    passages and the scope no condition. Otherwise the graph finds them.
    """
    if exact or scope.exact or (version.searched_exactly and not scope.condition):
        within = scope.by_key("passage.item_id")
        found = EXACTLY.format(passages_of=passages_of(version, pictures=pictures), within=within, rows=passages)
    else:
        within = scope.within("passage.item_id")
        found = nearest_rows(version, rows=passages, within=within, pictures=pictures)
    return f"{SELECTED.format(cosine=cosine or f'1 - ({distance_sql(version)})')} {found}"


def _best_passages(rows: Sequence[tuple[int, float, int, int, int]]) -> dict[int, Passage]:
    """By item, nearest first; ties ordered by id."""
    found: dict[int, Passage] = {}
    for item_id, cosine, ordinal, start, end in sorted(rows, key=_furthest_last):
        if item_id not in found:
            found[item_id] = (cosine, ordinal, start, end)
    return found


def _edge(rows: Sequence[tuple[int, float, int, int, int]], *, read: int) -> float:
    """The closeness at which reading up to `read` rows of each kind, texts or pictures, ended."""
    kinds: dict[bool, list[float]] = {}
    for _, cosine, ordinal, _, _ in rows:
        kinds.setdefault(ordinal == PICTURE_ORDINAL, []).append(cosine)
    return max((min(cosines) for cosines in kinds.values() if len(cosines) >= read), default=-math.inf)


def _furthest_last(row: tuple[int, float, int, int, int]) -> tuple[float, int, int]:
    item_id, cosine, ordinal, _, _ = row
    return -cosine, item_id, ordinal


def inner_products(
    version: IndexVersion,
    item_ids: npt.NDArray[np.int64],
    ordinals: npt.NDArray[np.int64],
    vector: Sequence[float] | npt.NDArray[np.floating],
) -> npt.NDArray[np.float64]:
    """Inner products of these passages with a vector, read by key; NaN where a passage does not exist."""
    cast = f"halfvec({version.dimensions})"
    statement = f"""
        SELECT place, -(passage.embedding::{cast} <#> %(vector)s::{cast})
        FROM unnest(%(item_ids)s::bigint[], %(ordinals)s::int[]) WITH ORDINALITY AS asked (item_id, ordinal, place)
        JOIN catalog_passage AS passage USING (item_id, ordinal) WHERE passage.version_id = %(version_id)s
    """  # noqa: S608
    products = np.full(len(item_ids), np.nan)
    parameters: dict[str, Any] = {
        "item_ids": array_literal(item_ids.tolist()),
        "ordinals": array_literal(ordinals.tolist()),
        "version_id": version.pk,
    }
    with connection.cursor() as cursor:
        binary(cursor).execute(statement, parameters | {"vector": vector_literal(vector)})
        for place, product in cursor.fetchall():
            products[place - 1] = product
    return products


def vector_literal(vector: Sequence[float] | npt.NDArray[np.floating]) -> str:
    """A vector in the form PostgreSQL reads, which is also JSON."""
    return orjson.dumps(np.ascontiguousarray(vector, dtype=np.float32), option=orjson.OPT_SERIALIZE_NUMPY).decode()


def cutoff(version: IndexVersion | None) -> float:
    """The cosine from which a passage counts as close: the version's own, or the default until that is measured."""
    if version is None or version.relevance_cutoff is None:
        return DEFAULT_CUTOFF
    return version.relevance_cutoff
