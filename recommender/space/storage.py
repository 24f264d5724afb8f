"""The vectors of taste spaces in PostgreSQL: one partition per model, with its own HNSW graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from pgvector import HalfVector
from psycopg import sql

from catalog.database.statements import patient_cursor
from catalog.database.wire import HALVES, IDS, binary, copy_in, halves_of, ids_of
from catalog.index.partitions import HNSW_EF_CONSTRUCTION, HNSW_M
from catalog.models import PICTURE_ORDINAL
from catalog.search.scope import array_literal
from recommender.models import TasteModel

TABLE = "recommender_tastevector"
PASSAGES_A_SLICE = 10_000
Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Vectors of items in a space, as float32. Rows are in no particular order."""

    item_ids: npt.NDArray[np.int64]
    """(n,)."""
    targets: Vectors
    """(n, dimensions)."""
    sources: Vectors
    """(n, k), or (n, k + d) in a space with a tower."""

    def rows(self) -> dict[int, int]:
        """The row of each item, by its id."""
        return {item_id: row for row, item_id in enumerate(self.item_ids.tolist())}


def fill(model: TasteModel, item_ids: Iterable[int], targets: Floats, sources: Floats) -> None:
    """Create a model's partition, copy the vectors in and build the graph. Both arrays are parallel to `item_ids`.

    The partition is created in a transaction of its own, because that locks out readers of the other models.
    """
    partition, model_id = _partition(model.pk), sql.Literal(model.pk)
    with _brief_cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TABLE {} PARTITION OF {} FOR VALUES IN ({})").format(
                partition, sql.Identifier(TABLE), model_id
            )
        )
    graph = sql.SQL(
        "CREATE INDEX ON {} USING hnsw ((target::halfvec({})) halfvec_ip_ops) WITH (m={}, ef_construction={})"
    )
    with patient_cursor() as cursor:
        _copy(model, item_ids, targets, sources)
        cursor.execute(graph.format(partition, *map(sql.Literal, (targets.shape[1], HNSW_M, HNSW_EF_CONSTRUCTION))))
        cursor.execute(sql.SQL("ANALYZE {}").format(partition))


def drop(model_id: int) -> None:
    """Drop a model's partition, if it has one. Raises OperationalError if readers hold the table for two seconds."""
    with _brief_cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(_partition(model_id)))


def write(model: TasteModel, placed: Placed) -> None:
    """Insert or replace these items' vectors; items that have been deleted are skipped."""
    rows = sorted(zip(placed.item_ids.tolist(), placed.targets, placed.sources, strict=True), key=lambda row: row[0])
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO recommender_tastevector (model_id, item_id, target, source)
            SELECT %s, id, %s, %s FROM catalog_item WHERE id = %s
            ON CONFLICT (model_id, item_id) DO UPDATE SET target = excluded.target, source = excluded.source
            """,
            [
                (model.pk, HalfVector(target).to_text(), HalfVector(source).to_text(), item_id)
                for item_id, target, source in rows
            ],
        )


def read(model: TasteModel, item_ids: Iterable[int]) -> Placed:
    """The vectors of these items, skipping items that are not in the space. One query."""
    columns = ", ".join((IDS.format(column="item_id"), *(HALVES.format(column=name) for name in ("target", "source"))))
    with connection.cursor() as cursor:
        binary(cursor).execute(
            f"""
            SELECT {columns} FROM {TABLE}
            WHERE model_id = {int(model.pk)} AND item_id = ANY(%s::bigint[])
            """,  # noqa: S608
            [array_literal(item_ids)],
        )
        ids, targets, sources = cursor.fetchone()
    found = ids_of(ids)
    rows = len(found)
    return Placed(item_ids=found, targets=halves_of(targets, rows=rows), sources=halves_of(sources, rows=rows))


def missing(model: TasteModel, *, after: int = 0) -> Iterator[tuple[list[int], int]]:
    """Items that have passages in the model's index version but no vectors in its space, slice by slice, in id order.

    Each slice of the items after `after` comes with the last item it looked at, 0 for the one behind the last item.

    Each statement reads PASSAGES_A_SLICE entries of one primary key and the same range of the other, some milliseconds:
    one statement for all would exceed its time limit in a large catalogue, each time anew.
    """
    while True:
        item_ids, after = _missing_after(model, after)
        yield item_ids, after
        if not after:
            return


def _missing_after(model: TasteModel, after: int) -> tuple[list[int], int]:
    """The missing items of the slice after an item, and the last item of that slice: 0 if it is empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH slice AS MATERIALIZED (
                SELECT DISTINCT item_id FROM (
                    SELECT item_id FROM catalog_passage
                    WHERE version_id = %(version)s AND item_id > %(after)s AND ordinal <> %(picture)s
                    ORDER BY item_id LIMIT %(most)s
                ) AS passages
            ), lacking AS (
                SELECT item_id FROM slice EXCEPT SELECT item_id FROM recommender_tastevector
                WHERE model_id = %(model)s AND item_id > %(after)s AND item_id <= (SELECT max(item_id) FROM slice)
            )
            SELECT ARRAY(SELECT item_id FROM lacking ORDER BY item_id), coalesce((SELECT max(item_id) FROM slice), 0)
            """,
            {
                "version": model.version_id,
                "model": model.pk,
                "after": after,
                "most": PASSAGES_A_SLICE,
                "picture": PICTURE_ORDINAL,
            },
        )
        item_ids, last = cursor.fetchone()
    return item_ids, last


def stored(*, states: Iterable[str]) -> list[int]:
    """Models in one of these states that still have a partition."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT id FROM recommender_tastemodel
            WHERE state = ANY(%s) AND to_regclass('{TABLE}_m' || id) IS NOT NULL ORDER BY id
            """,  # noqa: S608
            [list(states)],
        )
        return [row[0] for row in cursor.fetchall()]


@contextmanager
def _brief_cursor() -> Iterator[CursorWrapper]:
    """For statements that lock the whole table: they give up after two seconds, because readers queue behind them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        yield cursor


def _copy(model: TasteModel, item_ids: Iterable[int], targets: Floats, sources: Floats) -> None:
    rows = np.fromiter(item_ids, np.int64)
    columns = {"model_id": np.full(len(rows), model.pk), "item_id": rows, "target": targets, "source": sources}
    copy_in(TABLE, columns)


def _partition(model_id: int) -> sql.Identifier:
    return sql.Identifier(f"{TABLE}_m{model_id}")
