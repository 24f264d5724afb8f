"""Helpers to inspect the ledger and the passages of an index version."""

from __future__ import annotations

from uuid import UUID

import numpy as np

from catalog.index.vectors import EmbeddedItem
from catalog.items.passages import Span
from catalog.models import EmbeddingState, IndexVersion, Item, Passage
from workers.claims import Claim


def ledger(version: IndexVersion) -> dict[str, str]:
    """Ledger states by external id."""
    titles = dict(Item.objects.values_list("pk", "external_id"))
    rows = EmbeddingState.objects.of(version).values_list("item_id", "state")
    return {titles[item_id]: state for item_id, state in rows}


def row(version: IndexVersion, item: Item) -> EmbeddingState:
    return EmbeddingState.objects.of(version).get(item_id=item.pk)


def passages(version: IndexVersion) -> dict[str, int]:
    """The number of passages of each item, by external id; items without any are left out."""
    counts: dict[str, int] = {}
    titles = dict(Item.objects.values_list("pk", "external_id"))
    for item_id in Passage.objects.filter(version_id=version.pk).values_list("item_id", flat=True):
        counts[titles[item_id]] = counts.get(titles[item_id], 0) + 1
    return counts


def vector_of(version: IndexVersion, item: Item) -> list[float]:
    """The vector of the item's first passage."""
    passage = Passage.objects.get(version_id=version.pk, item_id=item.pk, ordinal=0)
    return [float(value) for value in passage.embedding]


def embedded(
    claim: Claim, item: Item, *vectors: list[float], token: UUID | None = None, document_hash: str = "hash"
) -> EmbeddedItem:
    """What a worker would write for a claimed item: one passage for each vector."""
    return EmbeddedItem(
        item_id=item.pk,
        token=token or claim.token,
        content_hash=item.content_hash,
        document_hash=document_hash,
        spans=[Span(0, 10)] * len(vectors),
        vectors=np.array(vectors, dtype=np.float32) if vectors else None,
    )
