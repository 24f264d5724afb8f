"""The ledger's SQL: taking work, and saying what became of it. All times are the database's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection

from catalog.models import IndexVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to write one item's vectors, as long as `token` stays in its ledger row."""

    item_id: int
    token: UUID
    document_hash: str


def claim(version: IndexVersion, *, limit: int) -> list[Claim]:
    """Lease up to `limit` pending items of a version; rows that another worker is taking are passed over."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_embeddingstate state
            SET state = 'leased', token = gen_random_uuid(), attempts = state.attempts + 1,
                leased_until = clock_timestamp() + make_interval(secs => %(lease_s)s), updated_at = clock_timestamp()
            FROM (
                SELECT item_id FROM catalog_embeddingstate
                WHERE version_id = %(version)s AND state = 'pending'
                ORDER BY item_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ) taken
            WHERE state.version_id = %(version)s AND state.item_id = taken.item_id
            RETURNING state.item_id, state.token, state.document_hash
            """,
            {"version": version.pk, "limit": limit, "lease_s": settings.EMBEDDING_LEASE_S},
        )
        return [Claim(item_id=item, token=token, document_hash=known) for item, token, known in cursor.fetchall()]


def release(version: IndexVersion, claims: Sequence[Claim]) -> None:
    """Give claims back as if they had never been taken."""
    _settle(version, claims, "state = 'pending', attempts = greatest(attempts - 1, 0), error = ''", [])


def fail(version: IndexVersion, claims: Sequence[Claim], reason: str) -> None:
    """Note why these could not be embedded; they are tried again until their attempts are used up."""
    _settle(
        version,
        claims,
        "state = CASE WHEN attempts >= %s THEN 'failed' ELSE 'pending' END, error = %s",
        [settings.EMBEDDING_MAX_ATTEMPTS, reason[:2000]],
    )


def _settle(version: IndexVersion, claims: Sequence[Claim], assignments: str, values: list[object]) -> None:
    """End those claims that still hold."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE catalog_embeddingstate SET {assignments}, token = NULL, leased_until = NULL,
                updated_at = clock_timestamp()
            WHERE version_id = %s AND token = ANY(%s) AND item_id = ANY(%s)
            """,  # noqa: S608  (the assignments are the constants above)
            [*values, version.pk, [claim.token for claim in claims], [claim.item_id for claim in claims]],
        )


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
