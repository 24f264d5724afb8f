"""The interests of users and visitors: worked out from their history, stored, and kept fresh."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models.functions import Now

from catalog.models import EmbeddingState, IndexVersion
from recommender.interests import Event, Interest, Kind, interest_of, item_weights
from recommender.models import EventKind, Interaction, ProfileState, UserEmbedding
from recommender.subjects import Subject
from recommender.vectors import centre_of, centred, item_vectors, renew_centre

#: The newest events of a history that a profile is made of.
MAX_EVENTS = 500
STALE_SUBJECTS = 100
#: While items of a history wait for their vectors, its profile is worked out again this often.
RETRY = timedelta(seconds=20)


def refresh(subject: Subject) -> Interest | None:
    """Work out a subject's interest for the active version and store it; return it, or None where there is none.

    Two at once for the same subject take turns. A change that comes in meanwhile leaves the profile due.
    """
    version = IndexVersion.objects.active()
    if version is None or not subject.known:
        return None
    with transaction.atomic():
        take_turn(subject)
        state = ProfileState.objects.of(subject).first()
        if state is None:
            UserEmbedding.objects.of(subject).delete()
            return None
        events = history(subject)
        interest = interest_from(events, version)
        _store(subject, version, interest)
        retry_at = Now() + RETRY if _vectors_are_awaited(events, version) else None
        ProfileState.objects.of(subject).filter(changed_at=state.changed_at).update(
            version_id=version.pk, due_at=retry_at
        )
    return interest


def take_turn(subject: Subject) -> None:
    """Wait for, and hold until the transaction ends, the right to write a subject's profile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"profile of {subject}"])


def stale_subjects() -> list[Subject]:
    """Up to STALE_SUBJECTS whose interests miss something they did or were made for another version."""
    version = IndexVersion.objects.active()
    if version is None:
        return []
    if renew_centre(version) is not None:
        ProfileState.objects.filter(version_id=version.pk, due_at=None).update(due_at=Now())
    return [state.subject for state in ProfileState.objects.stale_for(version)[:STALE_SUBJECTS]]


def history(subject: Subject, *, as_of: datetime | None = None) -> list[Event]:
    """The newest MAX_EVENTS events of a subject, or of those before a moment."""
    interactions = Interaction.objects.of(subject).newest()
    if as_of is not None:
        interactions = interactions.before(as_of)
    return [
        Event(item_id=item_id, kind=kind, value=value, occurred_at=occurred_at)
        for item_id, kind, value, occurred_at in interactions.values_list("item_id", "kind_id", "value", "occurred_at")[
            :MAX_EVENTS
        ]
    ]


def interest_from(events: list[Event], version: IndexVersion) -> Interest | None:
    """The interest that these events make in a version's space."""
    kinds = {
        kind.name: Kind(weight=kind.weight, half_life_days=kind.half_life_days) for kind in EventKind.objects.all()
    }
    weights = item_weights(events, kinds)
    centre = centre_of(version) if weights else None
    return interest_of(weights, centred(item_vectors(version, weights), centre)) if centre else None


def _store(subject: Subject, version: IndexVersion, interest: Interest | None) -> None:
    UserEmbedding.objects.of(subject).delete()
    if interest is not None:
        UserEmbedding.objects.create(
            **subject.lookup,
            version_id=version.pk,
            vector=interest.vector.tolist(),
            sources=[[item_id, round(weight, 6)] for item_id, weight in interest.sources.items()],
        )


def _vectors_are_awaited(events: list[Event], version: IndexVersion) -> bool:
    states = EmbeddingState.objects.of(version).unfinished()
    return states.among({event.item_id for event in events}).exists()
