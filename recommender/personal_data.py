"""Everything kept about a person: shown, exported, deleted with a receipt, and moved to an account at sign-in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.models import Item
from recommender.interactions import announce, delete_interactions, export_history
from recommender.models import DeletionReceipt, Interaction, ProfileState, UserEmbedding
from recommender.personal_interests import PersonalInterest
from recommender.preferences import merge_preferences, own_interests, preferences_of, unmute
from recommender.profiles import refresh, take_turn
from recommender.reactions import reactions_of, settle_opposites
from recommender.subjects import Subject

#: How many events an account may record while it takes over a visitor's.
COLLISIONS = 5
#: Items shown with an interest.
SHOWN_ITEMS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownInterest:
    """An interest with its weightiest items; `key` is the id of an item that identifies it later."""

    key: int
    name: str
    share: float
    muted: bool
    is_aversion: bool
    items: Sequence[Item]
    item_count: int
    event_count: int


def shown_interests(subject: Subject) -> list[ShownInterest]:
    """A subject's interests, largest first, then its aversion. Five queries."""
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
    """Everything kept about a subject as one JSON object, in pieces: events, vectors, decisions and receipts."""
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


@transaction.atomic
def delete_history(subject: Subject) -> DeletionReceipt:
    """Delete everything that a subject did and everything derived from it. Decisions stay: the opt-out and mutes.

    For an unknown subject the receipt is not stored.
    """
    take_turn(subject)
    interactions, embeddings = _forget(subject)
    return _receipt(subject, DeletionReceipt.Scope.HISTORY, interactions, embeddings)


@transaction.atomic
def delete_interest(subject: Subject, interest: PersonalInterest) -> DeletionReceipt:
    """Delete an interest together with all events that made it, and recompute the others."""
    take_turn(subject)
    unmute(subject, interest)
    events = Interaction.objects.with_items_among(interest.interest.sources)
    interactions = delete_interactions(subject, events)
    embeddings = UserEmbedding.objects.of(subject).count()
    remaining = refresh(subject)
    return _receipt(subject, DeletionReceipt.Scope.INTEREST, interactions, max(embeddings - len(remaining), 0))


@transaction.atomic
def merge_visitor(visitor: UUID, user_id: int) -> int:
    """Give the user what is kept about a visitor: events, mutes, the opt-out and receipts. Return how many events
    moved; what both have is kept once, and of opposite reactions to an item the newer stands."""
    before, after = Subject(visitor=visitor), Subject(user_id=user_id)
    take_turn(before)
    take_turn(after)
    reacted_to = list(reactions_of(before))
    moved = _move_events(before, after)
    settle_opposites(after, reacted_to)
    merge_preferences(before, after)
    DeletionReceipt.objects.of(before).update(visitor=None, user_id=user_id)
    _forget(before)
    if moved:
        announce(after)
    return moved


def _move_events(before: Subject, after: Subject) -> int:
    """An event that the account records while this runs collides with the visitor's and is seen by the next attempt."""
    own_events = Interaction.objects.of(after).event_ids()
    moving = Interaction.objects.of(before).without_events(own_events)
    for _ in range(COLLISIONS):
        with suppress(IntegrityError), transaction.atomic():
            return moving.update(visitor=None, user_id=after.user_id)
    return moving.update(visitor=None, user_id=after.user_id)


def _forget(subject: Subject) -> tuple[int, int]:
    """Delete a subject's events and vectors; return the number of each."""
    interactions, _ = Interaction.objects.of(subject).delete()
    embeddings, _ = UserEmbedding.objects.of(subject).delete()
    ProfileState.objects.of(subject).delete()
    return interactions, embeddings


def _receipt(subject: Subject, scope: str, interactions: int, embeddings: int) -> DeletionReceipt:
    receipt = DeletionReceipt(
        **subject.lookup,
        scope=scope,
        interactions=interactions,
        embeddings=embeddings,
        cache_entries=0,
        deleted_at=timezone.now(),
    )
    if subject.known:
        receipt.save()
    return receipt
