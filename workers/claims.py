"""The ledger's SQL: taking work, and saying what became of it. All times are the database's."""

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
    """The right to write one item's vectors, as long as `token` stays in its ledger row."""

    item_id: int
    token: UUID
    document_hash: str
    picture_hash: str | None = ""
    """Of the picture that was read last; None where that failed."""


def claim(version: IndexVersion, *, limit: int) -> list[Claim]:
    """Lease up to `limit` pending items of a version; rows that another worker is taking are passed over.

    Items that have never been tried come first. Those that were being embedded when a worker died are taken in ever
    smaller numbers, alone in the end, so that one that kills workers does not take its neighbours along.
    """
    fresh = _claim(version, "attempts = 0", limit)
    return fresh or _claim(version, "attempts > 0", limit, fewer=True)


def _claim(version: IndexVersion, condition: str, limit: int, *, fewer: bool = False) -> list[Claim]:
    """Lease pending items under a condition; with `fewer`, a quarter of the limit for each attempt of the first."""
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
    """Note why these could not be embedded, where their claims still hold; they are tried again until their attempts
    are used up."""
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
    """Make these pending as if they had not been tried, where their claims still hold."""
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
    """Make items pending again whose picture is to be tried again by now."""
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
    """Make items pending again whose worker let the lease run out; fail those that killed several workers."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_embeddingstate
            SET state = CASE WHEN attempts >= %(most)s THEN 'failed' ELSE 'pending' END,
                error = CASE WHEN attempts >= %(most)s
                    THEN format('The worker stopped before finishing, %%s times.', attempts) ELSE error END,
                token = NULL, leased_until = NULL, updated_at = clock_timestamp()
            WHERE (version_id, item_id) IN (
                SELECT version_id, item_id FROM catalog_embeddingstate
                WHERE state = 'leased' AND leased_until < clock_timestamp() FOR UPDATE SKIP LOCKED
            )
            """,
            {"most": settings.EMBEDDING_MAX_ATTEMPTS},
        )
        return cursor.rowcount
