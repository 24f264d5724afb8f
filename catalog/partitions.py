"""The partitions of one index version: its vectors and its ledger."""

from __future__ import annotations

from django.db import connection, transaction
from psycopg import sql

from catalog.models import IndexVersion

PARTITIONED = ("catalog_passage", "catalog_embeddingstate")
HNSW_M = 16
HNSW_EF_CONSTRUCTION = 128


def _partition(table: str, version_id: int) -> sql.Identifier:
    return sql.Identifier(f"{table}_v{version_id}")


def _hnsw_name(version_id: int) -> str:
    return f"catalog_passage_v{version_id}_hnsw"


def create_partitions(version_id: int) -> None:
    with connection.cursor() as cursor:
        for table in PARTITIONED:
            cursor.execute(
                sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES IN ({})").format(
                    _partition(table, version_id), sql.Identifier(table), sql.Literal(version_id)
                )
            )


def drop_partitions(version_id: int) -> None:
    """Forget a version's vectors and ledger: dropping a table, whatever its size."""
    with connection.cursor() as cursor:
        for table in PARTITIONED:
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(_partition(table, version_id)))


def has_hnsw(version_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [_hnsw_name(version_id)])
        return bool(cursor.fetchone()[0])


def build_hnsw(version: IndexVersion) -> None:
    """Build the graph of a version's vectors, unless it is there already.

    The statement is atomic: a build that is killed leaves nothing and is begun anew. It may take all the time it
    needs, and up to half of the cores; writes to this partition wait for it, searches of other versions do not.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL max_parallel_maintenance_workers = 2")
        cursor.execute(
            sql.SQL(
                "CREATE INDEX IF NOT EXISTS {} ON {} USING hnsw ((embedding::halfvec({})) halfvec_cosine_ops) "
                "WITH (m = {}, ef_construction = {})"
            ).format(
                sql.Identifier(_hnsw_name(version.pk)),
                _partition("catalog_passage", version.pk),
                sql.Literal(version.dimensions),
                sql.Literal(HNSW_M),
                sql.Literal(HNSW_EF_CONSTRUCTION),
            )
        )
