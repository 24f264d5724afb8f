"""The partitions of one index version: its vectors and its ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from catalog.database.statements import bearing_silence
from catalog.index.graphs import graph_key, graphs_of
from catalog.models import IndexVersion

PARTITIONED = ("catalog_passage", "catalog_embeddingstate")
HNSW_M = 16
HNSW_EF_CONSTRUCTION = 200
BUILD_SETTINGS = {
    "statement_timeout": "0",
    "lock_timeout": "0",
    "max_parallel_maintenance_workers": "2",
    "client_connection_check_interval": "2s",
}


def _partition(table: str, version_id: int) -> sql.Identifier:
    return sql.Identifier(f"{table}_v{version_id}")


def create_partitions(version_id: int) -> None:
    with connection.cursor() as cursor:
        for table in PARTITIONED:
            cursor.execute(
                sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES IN ({})").format(
                    _partition(table, version_id), sql.Identifier(table), sql.Literal(version_id)
                )
            )


def drop_retired() -> list[int]:
    """Drop the vectors and ledgers of retired versions; return their ids.

    Nothing is blocked: the partitions are detached concurrently, and dropped once nothing uses them. Must not be called
    within a transaction. What fails because of a long-held lock is tried again next time.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM catalog_indexversion WHERE state = 'retired'
                AND (to_regclass('catalog_passage_v' || id), to_regclass('catalog_embeddingstate_v' || id))
                    IS DISTINCT FROM (NULL, NULL)
            ORDER BY id
            """
        )
        retired = [row[0] for row in cursor.fetchall()]
    if retired:
        _outwait_item_writers()
    for version_id in retired:
        for table in PARTITIONED:
            _drop_partition(table, version_id)
    return retired


def _outwait_item_writers() -> None:
    """Wait until every transaction whose trigger may have seen the retired versions as live has ended."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")  # later writers queue behind this lock
        cursor.execute("LOCK TABLE catalog_item IN SHARE MODE")


def _drop_partition(table: str, version_id: int) -> None:
    """Detach, then drop: dropping an attached partition would lock the whole table, and every search with it."""
    partition = _partition(table, version_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = to_regclass(%s)", [f"{table}_v{version_id}"]
        )
        if (attached := cursor.fetchone()) is not None:
            how = sql.SQL("FINALIZE" if attached[0] else "CONCURRENTLY")  # FINALIZE: an earlier attempt was interrupted
            cursor.execute(
                sql.SQL("ALTER TABLE {} DETACH PARTITION {} {}").format(sql.Identifier(table), partition, how)
            )
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(partition))


def build_hnsw(version: IndexVersion) -> None:
    """Build the graphs of a version's vectors, unless they exist.

    May take hours, during which items are saved and deleted as usual: the build is concurrent, except within a
    transaction, where the partition should be empty. A killed build is started again; the server abandons one whose
    client has died.
    """
    for name, condition in graphs_of(version).items():
        _build(version, name, condition)


def _build(version: IndexVersion, name: str, condition: str) -> None:
    how = sql.SQL("" if connection.in_atomic_block else "CONCURRENTLY")
    statement = sql.SQL(
        "CREATE INDEX {how} IF NOT EXISTS {name} ON {partition} "
        "USING hnsw ({key}) WITH (m = {m}, ef_construction = {ef}) {where}"
    ).format(
        how=how,
        name=sql.Identifier(name),
        partition=_partition("catalog_passage", version.pk),
        key=sql.SQL(graph_key(version)),
        m=sql.Literal(HNSW_M),
        ef=sql.Literal(HNSW_EF_CONSTRUCTION),
        where=sql.SQL(f"WHERE {condition}" if condition else ""),
    )
    with bearing_silence(), connection.cursor() as cursor, _session_settings(cursor, BUILD_SETTINGS):
        cursor.execute("SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid", [name])
        if cursor.fetchone() is not None:
            cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        cursor.execute(statement)


@contextmanager
def _session_settings(cursor: CursorWrapper, values: Mapping[str, str]) -> Iterator[None]:
    """Settings for statements that cannot run in a transaction."""
    for name, value in values.items():
        cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
    try:
        yield
    finally:
        if connection.is_usable():
            for name in values:
                cursor.execute(sql.SQL("RESET {}").format(sql.Identifier(name)))
