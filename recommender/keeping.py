"""What is kept of somebody as a whole: deleted, with a receipt, and made an account's at sign-in."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from recommender.interactions import announce, delete_interactions
from recommender.models import DeletionReceipt, Interaction, ProfileState, UserEmbedding
from recommender.portraits import PersonalInterest
from recommender.preferences import merge_preferences, unmute
from recommender.profiles import refresh, take_turn
from recommender.subjects import Subject


@transaction.atomic
def delete_history(subject: Subject) -> DeletionReceipt:
    """Delete everything that a subject did and everything worked out from it. Decisions stay: opting out and mutes.

    The receipt of nobody's history is not stored.
    """
    take_turn(subject)
    interactions, embeddings = _forget(subject)
    return _receipt(subject, DeletionReceipt.Scope.HISTORY, interactions, embeddings)


@transaction.atomic
def delete_interest(subject: Subject, interest: PersonalInterest) -> DeletionReceipt:
    """Delete an interest with all events that made it, and work the others out anew."""
    take_turn(subject)
    unmute(subject, interest)
    events = Interaction.objects.with_items_among(interest.interest.sources)
    interactions = delete_interactions(subject, events)
    embeddings = UserEmbedding.objects.of(subject).count()
    remaining = refresh(subject)
    return _receipt(subject, DeletionReceipt.Scope.INTEREST, interactions, max(embeddings - len(remaining), 0))


@transaction.atomic
def merge_visitor(visitor: UUID, user_id: int) -> int:
    """Make what is kept of a visitor the user's: events, mutes, opting out and receipts. Return how many events moved;
    what both hold is kept once."""
    before, after = Subject(visitor=visitor), Subject(user_id=user_id)
    take_turn(before)
    take_turn(after)
    own_events = Interaction.objects.of(after).event_ids()
    moved = Interaction.objects.of(before).without_events(own_events).update(visitor=None, user_id=user_id)
    merge_preferences(before, after)
    DeletionReceipt.objects.of(before).update(visitor=None, user_id=user_id)
    _forget(before)
    if moved:
        announce(after)
    return moved


def _forget(subject: Subject) -> tuple[int, int]:
    """Delete a subject's events and vectors; return how many of each."""
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
