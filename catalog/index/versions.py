"""Creating, switching and retiring index versions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from catalog.database.statements import patient_cursor
from catalog.embedding.base import Encoder, EncoderUnavailable
from catalog.embedding.registry import encoder_for, share
from catalog.index.graphs import MOST_DIMENSIONS_OF_HALVES
from catalog.index.partitions import build_hnsw, create_partitions
from catalog.models import IndexVersion

# Held while versions are created or switched, so that two callers take turns.
VERSIONS_LOCK = 0x5EA2C4
SPECIAL_TOKENS = 2
STATES_A_STATEMENT = 10_000


def lock_versions() -> None:
    """Wait for the right to create or switch versions, and hold it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [VERSIONS_LOCK])


#: What the encoder reports, or limits; 0 stands for a value that it has to supply.
ENCODER_FIELDS = (
    "dimensions",
    "max_tokens",
    "window_tokens",
    "overlap_tokens",
    "revision",
    "query_prompt",
    "document_prompt",
)


def unloaded_version(**given: Any) -> IndexVersion:
    """Return an unsaved version with these settings, in state loading: values from the encoder are still open."""
    fields = {"model": settings.ENCODER_MODEL, "backend": settings.ENCODER_BACKEND} | dict.fromkeys(
        ENCODER_FIELDS[:3], 0
    )
    chosen = {name: value for name, value in given.items() if value is not None}
    return IndexVersion(**fields | chosen, state=IndexVersion.State.LOADING)


def load_encoder(version: IndexVersion) -> None:
    """Fill in the values from the version's encoder and move on to state building; saves nothing.

    Loads the encoder, which may take minutes: call it outside transactions. Raises EncoderUnavailable.
    """
    encoder = encoder_for(version.encoder_spec)
    room = room_tokens(encoder, prompt=encoder.spec.document_prompt)
    version.dimensions, version.max_tokens = encoder.dimensions, encoder.max_tokens
    if version.storage == IndexVersion.Storage.HALF and version.dimensions > MOST_DIMENSIONS_OF_HALVES:
        raise EncoderUnavailable(
            f"A half-precision graph takes at most {MOST_DIMENSIONS_OF_HALVES:,} dimensions, but {version.model} has "
            f"{version.dimensions:,}. Keep fewer, or store them as binary."
        )
    # The values from the files are stored, so that the version does not change when the files do.
    version.revision = encoder.spec.revision
    version.query_prompt, version.document_prompt = encoder.spec.query_prompt, encoder.spec.document_prompt
    version.window_tokens = min(version.window_tokens or room, room)
    version.overlap_tokens = min(version.overlap_tokens, version.window_tokens // 2)
    version.state = IndexVersion.State.BUILDING
    share(encoder, version.encoder_spec)


def new_version(**given: Any) -> IndexVersion:
    """Return an unsaved version with these settings and its encoder loaded. Raises EncoderUnavailable."""
    version = unloaded_version(**given)
    load_encoder(version)
    return version


def save_new_version(version: IndexVersion) -> None:
    """Save a version in state building, with empty partitions."""
    with transaction.atomic():
        version.save(force_insert=True)
        create_partitions(version.pk)


def save_loaded_version(version: IndexVersion) -> bool:
    """The same for a version saved before its encoder was loaded; False if it has been given up in the meantime."""
    loaded = {name: getattr(version, name) for name in (*ENCODER_FIELDS, "state")}
    with transaction.atomic():
        if not IndexVersion.objects.filter(pk=version.pk, state=IndexVersion.State.LOADING).update(**loaded):
            return False
        create_partitions(version.pk)
    return True


def room_tokens(encoder: Encoder, *, prompt: str) -> int:
    """The tokens left for a text beside the prompt and the two special tokens."""
    return encoder.max_tokens - SPECIAL_TOKENS - len(encoder.token_offsets([prompt])[0])


def ensure_active_version(**given: Any) -> IndexVersion:
    """Return the active version; if there is none, create the first one with these settings.

    Raises EncoderUnavailable.
    """
    if (active := IndexVersion.objects.active()) is not None:
        return active
    version = new_version(**given)
    with transaction.atomic():
        lock_versions()
        if (active := IndexVersion.objects.active()) is not None:
            return active
        save_new_version(version)
        build_hnsw(version)
        _set_state(version, IndexVersion.State.ACTIVE)
    add_missing_states(version)
    return version


def add_missing_states(version: IndexVersion) -> int:
    """Give published items without a ledger row one; return how many there were.

    A few thousand per transaction, so that workers start on the first while the last are still being added.
    """
    after = total = 0
    while True:
        found, after = _add_states(version, after=after)
        total += found
        if found < STATES_A_STATEMENT:
            return total


def _add_states(version: IndexVersion, *, after: int) -> tuple[int, int]:
    """Add one batch of items in id order, by a merge of two primary keys: how many there were, and the last id."""
    with patient_cursor() as cursor:
        cursor.execute(
            """
            WITH missing AS MATERIALIZED (
                SELECT item.id FROM catalog_item item
                WHERE item.published AND item.id > %(after)s AND NOT EXISTS (
                    SELECT FROM catalog_embeddingstate state
                    WHERE state.version_id = %(version)s AND state.item_id = item.id
                )
                ORDER BY item.id LIMIT %(most)s
            ), added AS (
                INSERT INTO catalog_embeddingstate (version_id, item_id) SELECT %(version)s, id FROM missing
                ON CONFLICT DO NOTHING
            )
            SELECT count(*), coalesce(max(id), 0) FROM missing
            """,
            {"version": version.pk, "after": after, "most": STATES_A_STATEMENT},
        )
        found, last = cursor.fetchone()
    return found, last


def activate(version: IndexVersion) -> None:
    """Make searches read from this version from now on; the previous one is kept, ready to return to.

    Raises ValueError for a version that was retired in the meantime.
    """
    with transaction.atomic():
        lock_versions()
        version.refresh_from_db(fields=["state"])
        if version.state == IndexVersion.State.RETIRED:
            raise ValueError("A retired version cannot be activated.")
        IndexVersion.objects.filter(state=IndexVersion.State.ACTIVE).update(state=IndexVersion.State.READY)
        _set_state(version, IndexVersion.State.ACTIVE)


def mark_ready(version: IndexVersion) -> None:
    """Keep a complete version for staff to switch to."""
    _set_state(version, IndexVersion.State.READY)


def retire(version: IndexVersion) -> None:
    """Give a version up; workers drop its vectors and ledger later. Raises ValueError for the active version."""
    with transaction.atomic():
        lock_versions()
        version.refresh_from_db(fields=["state"])
        if version.state == IndexVersion.State.ACTIVE:
            raise ValueError("The active version cannot be retired.")
        _set_state(version, IndexVersion.State.RETIRED)


def _set_state(version: IndexVersion, state: IndexVersion.State) -> None:
    version.state = state
    if state == IndexVersion.State.ACTIVE:
        version.activated_at = timezone.now()
    version.save(update_fields=["state", "activated_at"])
