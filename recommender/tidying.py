"""Periodic tidying of visitors without an account: what nobody can return to any more is deleted.

A visitor is known by their session, which the pages start at the first event. When it is over, nobody can be shown
their interests. Their events still count for popularity and in trainings until they are old. A program that records
events for a visitor of its own, of whom there is no session, loses nothing by that: interests are computed again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from catalog.database.statements import patient_cursor
from recommender.models import DeletionReceipt, Interaction, Preferences, ProfileState, UserEmbedding
from recommender.models.profiles import ProfileStateQuerySet
from recommender.profiles import take_turn
from recommender.subjects import Subject

#: Events deleted in one statement, and profiles in one transaction.
EVENTS_AT_ONCE, PROFILES_AT_ONCE = 5_000, 200


def tidy_visitors() -> int:
    """Delete the interests of visitors whose session is over, and what is older than VISITOR_HISTORY_DAYS. Return how
    many events and profiles were deleted.

    Profiles come first, because a deleted event marks its profile as changed. An opt-out outlives the events recorded
    before it, so these never count again.
    """
    session, history = timedelta(seconds=settings.SESSION_COOKIE_AGE), timedelta(days=settings.VISITOR_HISTORY_DAYS)
    deleted = _forget_profiles(session) + _forget_events(history)
    Preferences.objects.of_visitors_unchanged_for(max(session, history)).delete()
    DeletionReceipt.objects.of_visitors_older_than(max(session, history)).delete()
    return deleted


def _forget_events(age: timedelta) -> int:
    old, total = Interaction.objects.of_visitors_recorded_before(age), 0
    while deleted := _delete_events(old.values("pk")[:EVENTS_AT_ONCE]):
        total += deleted
    return total


def _delete_events(some: Any) -> int:
    with patient_cursor():
        return Interaction.objects.filter(pk__in=some).delete()[0]


def _forget_profiles(age: timedelta) -> int:
    idle, total = ProfileState.objects.of_visitors_idle_for(age), 0
    while visitors := _visitors(idle[:PROFILES_AT_ONCE]):
        total += _forget_profiles_of(visitors, age)
    return total


@transaction.atomic
def _forget_profiles_of(visitors: list[UUID], age: timedelta) -> int:
    """Delete the profiles of those who are still idle. Without a state, no worker computes a profile until something is
    recorded again."""
    for visitor in visitors:
        take_turn(Subject(visitor=visitor))
    states = ProfileState.objects.of_visitors(visitors)
    gone, _ = states.of_visitors_idle_for(age).delete()
    UserEmbedding.objects.of_visitors(set(visitors).difference(_visitors(states))).delete()
    return gone


def _visitors(states: ProfileStateQuerySet) -> list[UUID]:
    """In order, so that two processes that take turns for several visitors never deadlock."""
    return sorted(visitor for visitor in states.values_list("visitor", flat=True) if visitor is not None)
