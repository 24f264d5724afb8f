"""Writing an item's vectors, fenced: only while its claim holds and the item is what was embedded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from catalog.embedding.base import FloatArray
from catalog.models import EmbeddingBatch, IndexVersion
from catalog.passages import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedItem:
    """The passages of one item. `vectors` has shape (len(spans), dimensions), or is None where the document is
    unchanged and the stored vectors stand."""

    item_id: int
    token: UUID
    content_hash: str
    document_hash: str
    spans: Sequence[Span] = ()
    vectors: FloatArray | None = None


def write_passages(version: IndexVersion, items: Sequence[EmbeddedItem], *, duration_s: float) -> int:
    """Write the items whose fence holds and return how many; the others are somebody else's work by now.

    A ledger row that is locked is being changed this moment, so it is passed over and never waited for. Passages go
    in by binary COPY.
    """
    with transaction.atomic():
        current = _lock_current(version, items)
        fresh = [item for item in items if item.item_id in current]
        renewed = [item for item in fresh if item.vectors is not None]
        _delete_passages(version, renewed)
        _copy_passages(version, renewed)
        _mark_done(version, fresh)
        passages = sum(len(item.spans) for item in renewed)
        if fresh:
            EmbeddingBatch.objects.create(version=version, items=len(fresh), passages=passages, duration_s=duration_s)
    return len(fresh)


def _lock_current(version: IndexVersion, items: Sequence[EmbeddedItem]) -> set[int]:
    """Lock the ledger rows that these may be written for: token and content hash are still the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT state.item_id FROM catalog_embeddingstate state
            JOIN unnest(%s::bigint[], %s::uuid[], %s::text[]) AS written(item_id, token, content_hash)
                ON written.item_id = state.item_id AND written.token = state.token
            JOIN catalog_item item ON item.id = state.item_id AND item.content_hash = written.content_hash
            WHERE state.version_id = %s AND state.state = 'leased' AND item.published
            FOR UPDATE OF state SKIP LOCKED
            """,
            [
                [item.item_id for item in items],
                [item.token for item in items],
                [item.content_hash for item in items],
                version.pk,
            ],
        )
        return {row[0] for row in cursor.fetchall()}


def _delete_passages(version: IndexVersion, items: Sequence[EmbeddedItem]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM catalog_passage WHERE version_id = %s AND item_id = ANY(%s)",
            [version.pk, [item.item_id for item in items]],
        )


def _copy_passages(version: IndexVersion, items: Sequence[EmbeddedItem]) -> None:
    connection.ensure_connection()
    register_vector(connection.connection)
    columns = "version_id, item_id, ordinal, span_start, span_end, embedding"
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY catalog_passage ({columns}) FROM STDIN WITH (FORMAT binary)") as copy,
    ):
        copy.set_types(["int8", "int8", "int4", "int4", "int4", "halfvec"])
        for item in items:
            for ordinal, (span, vector) in enumerate(zip(item.spans, item.vectors, strict=True)):  # type: ignore[arg-type]
                copy.write_row((version.pk, item.item_id, ordinal, span.start, span.end, HalfVector(vector)))


def _mark_done(version: IndexVersion, items: Sequence[EmbeddedItem]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_embeddingstate state
            SET state = 'done', token = NULL, leased_until = NULL, attempts = 0, error = '',
                document_hash = written.document_hash, updated_at = clock_timestamp()
            FROM unnest(%s::bigint[], %s::text[]) AS written(item_id, document_hash)
            WHERE state.version_id = %s AND state.item_id = written.item_id
            """,
            [[item.item_id for item in items], [item.document_hash for item in items], version.pk],
        )
