"""All that is kept of somebody, to be shown and to be taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from catalog.models import Item
from recommender.interactions import export_history
from recommender.models import DeletionReceipt, Interaction, UserEmbedding
from recommender.portraits import PersonalInterest
from recommender.preferences import own_interests, preferences_of
from recommender.subjects import Subject

#: Items that an interest is shown with.
SHOWN_ITEMS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownInterest:
    """An interest with the weightiest of the items that made it; `key` is the id of an item that finds it again."""

    key: int
    name: str
    share: float
    muted: bool
    is_aversion: bool
    items: Sequence[Item]
    item_count: int
    event_count: int


def shown_interests(subject: Subject) -> list[ShownInterest]:
    """A subject's interests, the largest first, and last what it turns away from. Five queries."""
    interests = own_interests(subject)
    shown = {item_id for own in interests for item_id in own.items[:SHOWN_ITEMS]}
    items = Item.objects.published().in_bulk(list(shown)) if shown else {}
    events = Interaction.objects.of(subject).counts_by_item() if interests else {}
    return [_shown(own, items, events) for own in interests]


def _shown(own: PersonalInterest, items: dict[int, Item], events: dict[int, int]) -> ShownInterest:
    return ShownInterest(
        key=own.key,
        name=own.name,
        share=own.share,
        muted=own.muted,
        is_aversion=own.is_aversion,
        items=[items[item_id] for item_id in own.items[:SHOWN_ITEMS] if item_id in items],
        item_count=len(own.interest.sources),
        event_count=sum(events.get(item_id, 0) for item_id in own.interest.sources),
    )


def export_everything(subject: Subject) -> Iterator[str]:
    """One JSON object of all that is kept of a subject, in pieces: events, vectors, decisions and receipts."""
    preferences = preferences_of(subject)
    head = {
        "exported_at": timezone.now().isoformat(),
        "personalised": preferences.opted_out_at is None,
        "opted_out_at": preferences.opted_out_at and preferences.opted_out_at.isoformat(),
        "mutes": preferences.mutes,
        "interests": [_described(row) for row in UserEmbedding.objects.of(subject)],
        "receipts": [describe_receipt(receipt) for receipt in DeletionReceipt.objects.of(subject)],
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "events": ['
    for number, event in enumerate(export_history(subject)):
        yield (", " if number else "") + json.dumps(event, ensure_ascii=False)
    yield "]}\n"


def describe_receipt(receipt: DeletionReceipt) -> dict[str, Any]:
    return {
        "id": str(receipt.pk),
        "scope": receipt.scope,
        "interactions": receipt.interactions,
        "embeddings": receipt.embeddings,
        "cache_entries": receipt.cache_entries,
        "deleted_at": receipt.deleted_at.isoformat(),
    }


def _described(row: UserEmbedding) -> dict[str, Any]:
    return {
        "name": row.name,
        "share": row.weight,
        "items": row.sources,
        "index_version": row.version_id,
        "vector": list(row.vector),
        "updated_at": row.updated_at.isoformat(),
    }
