"""The ledger's SQL: claiming work and recording its outcome. All times are the database's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection

from catalog.models import IndexVersion

REASON_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to write one item's vectors, valid while `token` stays in its ledger row."""

    item_id: int
    token: UUID
    document_hash: str
    picture_hash: str | None = ""
    """Of the picture last read; None if reading it failed."""


def claim(version: IndexVersion, *, limit: int) -> list[Claim]:
    """Lease up to `limit` pending items of a version, skipping rows that another worker is claiming.

    Items that have never been tried come first. Items that a worker was embedding when it died are claimed in ever
    smaller batches, down to one at a time, so that an item that kills workers does not take its neighbours with it.
    """
    fresh = _claim(version, "attempts = 0", limit)
    return fresh or _claim(version, "attempts > 0", limit, fewer=True)


def _claim(version: IndexVersion, condition: str, limit: int, *, fewer: bool = False) -> list[Claim]:
    """Lease pending items that meet a condition; `fewer` quarters the limit for each attempt among the first items."""
    most = f"""
        SELECT greatest(1, %(limit)s >> least(2 * max(attempts), 30)::int) FROM (
            SELECT attempts FROM catalog_embeddingstate
            WHERE version_id = %(version)s AND state = 'pending' AND {condition} ORDER BY item_id LIMIT %(limit)s
        ) AS first
    """  # noqa: S608  (the conditions are the constants above)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE catalog_embeddingstate state
            SET state = 'leased', token = gen_random_uuid(), attempts = state.attempts + 1,
                leased_until = clock_timestamp() + make_interval(secs => %(lease_s)s), updated_at = clock_timestamp()
            FROM (
                SELECT item_id FROM catalog_embeddingstate
                WHERE version_id = %(version)s AND state = 'pending' AND {condition}
                ORDER BY item_id LIMIT ({most if fewer else "%(limit)s"}) FOR UPDATE SKIP LOCKED
            ) taken
            WHERE state.version_id = %(version)s AND state.item_id = taken.item_id
            RETURNING state.item_id, state.token, state.document_hash,
                CASE WHEN state.picture_error = '' THEN state.picture_hash END
            """,  # noqa: S608
            {"version": version.pk, "limit": limit, "lease_s": settings.EMBEDDING_LEASE_S},
        )
        return [
            Claim(item_id=item, token=token, document_hash=document, picture_hash=picture)
            for item, token, document, picture in cursor.fetchall()
        ]


def fail(version: IndexVersion, claims: Sequence[Claim], reason: str) -> None:
    """Record why these items could not be embedded, where their claims still hold; they are retried until their
    attempts are used up."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_embeddingstate
            SET state = CASE WHEN attempts >= %s THEN 'failed' ELSE 'pending' END, error = %s,
                token = NULL, leased_until = NULL, updated_at = clock_timestamp()
            WHERE version_id = %s AND token = ANY(%s) AND item_id = ANY(%s)
            """,
            [
                settings.EMBEDDING_MAX_ATTEMPTS,
                reason.replace("\0", "")[:REASON_CHARACTERS],
                version.pk,
                [claim.token for claim in claims],
                [claim.item_id for claim in claims],
            ],
        )


def give_back(version: IndexVersion, claims: Sequence[Claim]) -> None:
    """Return these items to pending as if they had not been tried, where their claims still hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_embeddingstate
            SET state = 'pending', attempts = attempts - 1, token = NULL, leased_until = NULL,
                updated_at = clock_timestamp()
            WHERE version_id = %s AND token = ANY(%s) AND item_id = ANY(%s)
            """,
            [version.pk, [claim.token for claim in claims], [claim.item_id for claim in claims]],
        )


def retry_pictures() -> int:
    """Set items back to pending when the retry of their picture is due."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_embeddingstate
            SET state = 'pending', attempts = 0, picture_retry_at = NULL, updated_at = clock_timestamp()
            WHERE state = 'done' AND picture_retry_at < clock_timestamp()
            """
        )
        return cursor.rowcount


def reclaim_expired() -> int:
    """Set items back to pending when their worker's lease has expired; fail those that killed several workers."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_embeddingstate
            SET state = CASE WHEN attempts >= %(most)s THEN 'failed' ELSE 'pending' END,
                error = CASE WHEN attempts >= %(most)s
                    THEN format('The worker stopped before finishing %%s times.', attempts) ELSE error END,
                token = NULL, leased_until = NULL, updated_at = clock_timestamp()
            WHERE (version_id, item_id) IN (
                SELECT version_id, item_id FROM catalog_embeddingstate
                WHERE state = 'leased' AND leased_until < clock_timestamp() FOR UPDATE SKIP LOCKED
            )
            """,
            {"most": settings.EMBEDDING_MAX_ATTEMPTS},
        )
        return cursor.rowcount
