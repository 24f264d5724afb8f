"""Writing an item's vectors, fenced: only while its claim holds and the item is what was embedded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from catalog.database.wire import Column, copy_in
from catalog.embedding.base import FloatArray
from catalog.items.passages import Span
from catalog.models import PICTURE_ORDINAL, EmbeddingBatch, IndexVersion

#: A picture that may become available is retried after FIRST_RETRY_S, then after RETRY_FACTOR times as long each time,
#: at most MOST_RETRIES times.
FIRST_RETRY_S, RETRY_FACTOR, MOST_RETRIES = 300, 4, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPicture:
    """The picture of an item: its vector, of shape (dimensions,), or the reason why there is none."""

    hash: str = ""
    """Of its address; empty for an item without a picture."""
    vector: FloatArray | None = None
    error: str = ""
    may_pass: bool = False
    """Whether to try again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedItem:
    """The passages of one item.

    `vectors` has shape (len(spans), dimensions), or is None if the document is unchanged and the stored vectors remain;
    likewise `picture`.
    """

    item_id: int
    token: UUID
    content_hash: str
    document_hash: str
    spans: Sequence[Span] = ()
    vectors: FloatArray | None = None
    picture: EmbeddedPicture | None = None


def write_passages(version: IndexVersion, items: Sequence[EmbeddedItem], *, duration_s: float) -> int:
    """Write the items whose fence holds and return their number; the others have since become somebody else's work.

    A locked ledger row is being changed right now, so it is skipped rather than waited for. Passages are written by
    binary COPY.
    """
    with transaction.atomic():
        current = _lock_current(version, items)
        fresh = [item for item in items if item.item_id in current]
        _delete_passages(version, fresh)
        passages = _copy_passages(version, fresh)
        _mark_done(version, fresh)
        _note_pictures(version, fresh)
        if fresh:
            EmbeddingBatch.objects.create(version=version, items=len(fresh), passages=passages, duration_s=duration_s)
    return len(fresh)


def _lock_current(version: IndexVersion, items: Sequence[EmbeddedItem]) -> set[int]:
    """Lock the ledger rows that may be written: token and content hash are unchanged."""
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
    """Delete what is about to be rewritten."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM catalog_passage WHERE version_id = %(version)s AND (
                item_id = ANY(%(texts)s) AND ordinal <> %(picture)s
                OR item_id = ANY(%(pictures)s) AND ordinal = %(picture)s
            )
            """,
            {
                "version": version.pk,
                "picture": PICTURE_ORDINAL,
                "texts": [item.item_id for item in items if item.vectors is not None],
                "pictures": [item.item_id for item in items if item.picture is not None],
            },
        )


def _copy_passages(version: IndexVersion, items: Sequence[EmbeddedItem]) -> int:
    """Return the number of passages."""
    rows = [row for item in items for row in _rows(item)]
    if rows:
        item_ids, ordinals, spans, vectors = zip(*rows, strict=True)
        columns: dict[str, Column] = {
            "version_id": np.full(len(rows), version.pk, np.int64),
            "item_id": np.array(item_ids, np.int64),
            "ordinal": np.array(ordinals, np.int32),
            "span_start": np.array([span.start for span in spans], np.int32),
            "span_end": np.array([span.end for span in spans], np.int32),
            "embedding": np.stack(vectors),
        }
        copy_in("catalog_passage", columns)
    return len(rows)


def _rows(item: EmbeddedItem) -> Iterator[tuple[int, int, Span, FloatArray]]:
    """Item, ordinal, span and vector of each passage."""
    if item.vectors is not None:
        for ordinal, (span, vector) in enumerate(zip(item.spans, item.vectors, strict=True)):
            yield item.item_id, ordinal, span, vector
    if item.picture is not None and item.picture.vector is not None:
        yield item.item_id, PICTURE_ORDINAL, Span(0, 0), item.picture.vector


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


def _note_pictures(version: IndexVersion, items: Sequence[EmbeddedItem]) -> None:
    pictures = [(item.item_id, item.picture) for item in items if item.picture is not None]
    if not pictures:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_embeddingstate state
            SET picture_hash = written.hash, picture_error = written.error,
                picture_attempts = CASE WHEN written.error = '' THEN 0
                    WHEN state.picture_hash = written.hash THEN state.picture_attempts + 1 ELSE 1 END,
                picture_retry_at = CASE
                    WHEN NOT written.may_pass THEN NULL
                    WHEN state.picture_hash <> written.hash OR state.picture_attempts = 0
                        THEN clock_timestamp() + make_interval(secs => %(first_s)s)
                    WHEN state.picture_attempts < %(most)s THEN clock_timestamp()
                        + make_interval(secs => %(first_s)s * %(factor)s ^ state.picture_attempts)
                END
            FROM unnest(%(items)s::bigint[], %(hashes)s::text[], %(errors)s::text[], %(may_pass)s::boolean[])
                AS written(item_id, hash, error, may_pass)
            WHERE state.version_id = %(version)s AND state.item_id = written.item_id
            """,
            {
                "version": version.pk,
                "first_s": FIRST_RETRY_S,
                "factor": RETRY_FACTOR,
                "most": MOST_RETRIES,
                "items": [item_id for item_id, _ in pictures],
                "hashes": [picture.hash for _, picture in pictures],
                "errors": [picture.error.replace("\0", "") for _, picture in pictures],
                "may_pass": [picture.may_pass for _, picture in pictures],
            },
        )
