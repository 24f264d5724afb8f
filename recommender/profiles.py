"""The interests of users and visitors: computed from their history, stored, and kept fresh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
from django.db import connection, transaction
from django.db.models.functions import Now

from catalog.models import EmbeddingState, IndexVersion, Item
from recommender.interests import Event, Interest, Kind, item_weights
from recommender.models import EventKind, Interaction, Preferences, ProfileState, UserEmbedding
from recommender.personal_interests import PersonalInterest, interests_of, names_of
from recommender.space.contents import tags_of
from recommender.subjects import Subject
from recommender.vectors import centre_of, centred, item_vectors, renew_centre

#: A profile is made from this many of the newest events.
MAX_EVENTS = 500
STALE_SUBJECTS = 100
#: How soon a profile is recomputed while items of its history wait for their vectors.
RETRY = timedelta(seconds=20)


def refresh(subject: Subject) -> list[PersonalInterest]:
    """Compute a subject's interests for the active version, store and return them; an empty list if there are none.
    Takes some milliseconds, so a caller that has just recorded something may do it at once instead of waiting for a
    worker. Somebody who opted out has no interests, and what is stored of them is deleted.

    Concurrent calls for the same subject take turns. A change that arrives meanwhile leaves the profile due.
    """
    version = IndexVersion.objects.active()
    if version is None or not subject.known:
        return []
    with transaction.atomic():
        take_turn(subject)
        state = ProfileState.objects.of(subject).first()
        if state is None:
            UserEmbedding.objects.of(subject).delete()
            return []
        opted_out = Preferences.objects.of(subject).opted_out().exists()
        events = [] if opted_out else history(subject)
        interests = interests_from(events, version, kinds_now())
        _store(subject, version, interests)
        retry_at = Now() + RETRY if _vectors_are_awaited(events, version) else None
        ProfileState.objects.of(subject).filter(changed_at=state.changed_at).update(
            version_id=version.pk, due_at=retry_at
        )
    return interests


def take_turn(subject: Subject) -> None:
    """Acquire the lock for writing a subject's profile, and hold it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"profile of {subject}"])


def stale_subjects() -> list[Subject]:
    """Up to STALE_SUBJECTS subjects whose interests miss an event or were made for another version."""
    version = IndexVersion.objects.active()
    if version is None:
        return []
    if renew_centre(version) is not None:
        ProfileState.objects.filter(version_id=version.pk, due_at=None).update(due_at=Now())
    return [state.subject for state in ProfileState.objects.stale_for(version)[:STALE_SUBJECTS]]


def history(subject: Subject) -> list[Event]:
    """A subject's newest MAX_EVENTS events."""
    interactions = Interaction.objects.of(subject).newest()
    return [
        Event(item_id=item_id, kind=kind, value=value, occurred_at=occurred_at)
        for item_id, kind, value, occurred_at in interactions.values_list("item_id", "kind_id", "value", "occurred_at")[
            :MAX_EVENTS
        ]
    ]


def kinds_now() -> dict[str, Kind]:
    """How much events currently count, by the names of their kinds. One query."""
    return {kind.name: Kind(weight=kind.weight, half_life_days=kind.half_life_days) for kind in EventKind.objects.all()}


def interests_from(events: Sequence[Event], version: IndexVersion, kinds: Mapping[str, Kind]) -> list[PersonalInterest]:
    """The interests that these events make in a version's space, with their names. Three queries."""
    weights = item_weights(events, kinds)
    centre = centre_of(version) if weights else None
    if centre is None:
        return []
    interests = interests_of(weights, centred(item_vectors(version, weights), centre))
    return [replace(own, name=name) for own, name in zip(interests, _names(interests), strict=True)]


def stored_interests(subject: Subject, version: IndexVersion) -> list[PersonalInterest]:
    """The interests as last stored, the largest first. One query."""
    return [
        PersonalInterest(
            interest=Interest(vector=np.array(row.vector, np.float32), sources=dict(row.sources), length=row.length),
            share=row.weight,
            medoid=row.medoid_id,
            name=row.name,
        )
        for row in UserEmbedding.objects.of(subject).in_version(version)
    ]


def computed_interests(subject: Subject, version: IndexVersion) -> list[PersonalInterest]:
    """The interests as they would be stored, from the history; stores nothing. Two queries, and three more if there is
    a history."""
    events = history(subject)
    return as_stored(interests_from(events, version, kinds_now())) if events else []


def as_stored(interests: Iterable[PersonalInterest]) -> list[PersonalInterest]:
    """Interests rounded as storing them would."""
    return [
        replace(
            own,
            interest=replace(
                own.interest,
                vector=own.interest.vector.astype(np.float16).astype(np.float32),
                sources=dict(_sources(own)),
            ),
        )
        for own in interests
    ]


def _sources(own: PersonalInterest) -> list[tuple[int, float]]:
    return [(item_id, round(weight, 6)) for item_id, weight in own.interest.sources.items()]


def _names(interests: Sequence[PersonalInterest]) -> list[str]:
    items = Item.objects.in_bulk({item_id for own in interests for item_id in own.items})
    tags = {item_id: frozenset(tags_of(item.category, item.attributes)) for item_id, item in items.items()}
    return names_of(interests, tags=tags, titles={item_id: item.title for item_id, item in items.items()})


def _store(subject: Subject, version: IndexVersion, interests: Sequence[PersonalInterest]) -> None:
    UserEmbedding.objects.of(subject).delete()
    UserEmbedding.objects.bulk_create(
        UserEmbedding(
            **subject.lookup,
            version_id=version.pk,
            ordinal=ordinal,
            name=own.name[:200],
            medoid_id=own.medoid,
            vector=own.interest.vector.tolist(),
            length=own.interest.length,
            weight=own.share,
            sources=_sources(own),
        )
        for ordinal, own in enumerate(interests)
    )


def _vectors_are_awaited(events: list[Event], version: IndexVersion) -> bool:
    states = EmbeddingState.objects.of(version).unfinished()
    return states.among({event.item_id for event in events}).exists()
