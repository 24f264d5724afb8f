"""Index versions: made, switched between, and dropped."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from catalog.embedding.base import Encoder, EncoderSpec
from catalog.embedding.registry import encoder_for
from catalog.models import IndexVersion
from catalog.partitions import build_hnsw, create_partitions, drop_partitions

# One of these advisory locks is held while versions are made or switched, so two callers take turns.
VERSIONS_LOCK = 0x5EA2C4
SPECIAL_TOKENS = 2


def lock_versions() -> None:
    """Wait for, and hold until the transaction ends, the right to make or switch versions."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [VERSIONS_LOCK])


def create_version(**overrides: Any) -> IndexVersion:
    """Create a version in state building, with empty partitions.

    Loads the encoder, to learn its dimensions and limits. Raises EncoderUnavailable.
    """
    fields = {"model": settings.ENCODER_MODEL, "backend": "transformer"} | overrides
    encoder = encoder_for(EncoderSpec(**{name: fields[name] for name in EncoderSpec.__slots__ if fields.get(name)}))
    room = _room_tokens(encoder)
    fields["window_tokens"] = min(fields.get("window_tokens") or room, room)
    fields |= {"dimensions": encoder.dimensions, "max_tokens": encoder.max_tokens}
    with transaction.atomic():
        version = IndexVersion.objects.create(**fields)
        create_partitions(version.pk)
    return version


def _room_tokens(encoder: Encoder) -> int:
    """Tokens of a passage that fit beside the prompt and the two special tokens."""
    return encoder.max_tokens - SPECIAL_TOKENS - len(encoder.token_offsets([encoder.spec.document_prompt])[0])


def ensure_active_version() -> IndexVersion:
    """Return the active version, making the first one if there is none."""
    if (active := IndexVersion.objects.active()) is not None:
        return active
    with transaction.atomic():
        lock_versions()
        if (active := IndexVersion.objects.active()) is not None:
            return active
        version = create_version()
        build_hnsw(version)
        _set_state(version, IndexVersion.State.ACTIVE)
    add_missing_states(version)
    return version


def add_missing_states(version: IndexVersion) -> int:
    """Give every published item that has none a ledger row; return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO catalog_embeddingstate (version_id, item_id)
            SELECT %(version)s, item.id FROM catalog_item item
            WHERE item.published AND NOT EXISTS (
                SELECT FROM catalog_embeddingstate state
                WHERE state.version_id = %(version)s AND state.item_id = item.id
            )
            ON CONFLICT DO NOTHING
            """,
            {"version": version.pk},
        )
        return cursor.rowcount


def activate(version: IndexVersion) -> None:
    """Let searches read from this version from now on; the one they read from is kept, ready to go back to."""
    with transaction.atomic():
        lock_versions()
        IndexVersion.objects.filter(state=IndexVersion.State.ACTIVE).update(state=IndexVersion.State.READY)
        _set_state(version, IndexVersion.State.ACTIVE)


def mark_ready(version: IndexVersion) -> None:
    """Keep a complete version for staff to switch to."""
    _set_state(version, IndexVersion.State.READY)


def retire(version: IndexVersion) -> None:
    """Drop a version's vectors and ledger. Raises ValueError for the active version."""
    with transaction.atomic():
        lock_versions()
        version.refresh_from_db()
        if version.state == IndexVersion.State.ACTIVE:
            raise ValueError("The active version cannot be retired.")
        _set_state(version, IndexVersion.State.RETIRED)
        drop_partitions(version.pk)


def _set_state(version: IndexVersion, state: IndexVersion.State) -> None:
    version.state = state
    if state == IndexVersion.State.ACTIVE:
        version.activated_at = timezone.now()
    version.save(update_fields=["state", "activated_at"])
