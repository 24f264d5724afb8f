"""What people decide about their recommendations: interests they mute, and whether anything is personal at all.

A mute is kept as the items that made the interest, for interests are worked out anew with every event: one that holds
most of these items is muted, whatever has joined it since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from catalog.models import IndexVersion
from recommender.models import Preferences, ProfileState
from recommender.personal_interests import PersonalInterest
from recommender.profiles import refresh, stored_interests, take_turn
from recommender.subjects import Subject


def preferences_of(subject: Subject) -> Preferences:
    """A subject's preferences as stored; those of somebody who never decided anything are not stored yet."""
    stored = Preferences.objects.of(subject).first() if subject.known else None
    return stored or Preferences(**subject.lookup)


def is_opted_out(subject: Subject) -> bool:
    return preferences_of(subject).opted_out_at is not None


@transaction.atomic
def opt_out(subject: Subject) -> None:
    """From now on record nothing and use nothing that was recorded; what is recorded stays until it is deleted."""
    take_turn(subject)
    own = preferences_of(subject)
    own.opted_out_at = own.opted_out_at or timezone.now()
    own.save()


@transaction.atomic
def opt_in(subject: Subject) -> None:
    """Record and use what is done again."""
    take_turn(subject)
    Preferences.objects.of(subject).update(opted_out_at=None, changed_at=timezone.now())


@transaction.atomic
def mute(subject: Subject, interest: PersonalInterest) -> None:
    """Let an interest count for nothing until it is unmuted; muting it again changes nothing."""
    take_turn(subject)
    own = preferences_of(subject)
    items = sorted(interest.interest.sources)
    if items not in [other["items"] for other in own.mutes]:
        own.mutes = [*own.mutes, {"name": interest.name, "items": items}]
        own.save()


@transaction.atomic
def unmute(subject: Subject, interest: PersonalInterest) -> None:
    """Let an interest count again."""
    take_turn(subject)
    own = preferences_of(subject)
    own.mutes = [other for other in own.mutes if not interest.interest.sources.keys() & other["items"]]
    own.save()


@transaction.atomic
def merge_preferences(before: Subject, after: Subject) -> None:
    """Add a visitor's preferences to an account's: what either muted is muted, and either's opting out stands."""
    theirs = Preferences.objects.of(before).first()
    if theirs is None:
        return
    own = preferences_of(after)
    own.mutes = [*own.mutes, *(mute for mute in theirs.mutes if mute not in own.mutes)]
    own.opted_out_at = own.opted_out_at or theirs.opted_out_at
    own.save()
    theirs.delete()


def own_interests(subject: Subject) -> list[PersonalInterest]:
    """A subject's interests as they are now, the largest first; none of somebody who opted out. Three queries, and some
    more where they have to be worked out first."""
    version, preferences = IndexVersion.objects.active(), preferences_of(subject)
    if version is None or not subject.known or preferences.opted_out_at is not None:
        return []
    due = ProfileState.objects.of(subject).stale_for(version).exists()
    return marked(refresh(subject) if due else stored_interests(subject, version), preferences)


def interest_with(subject: Subject, item_id: int) -> PersonalInterest | None:
    """The one of a subject's interests that an item belongs to."""
    return next((own for own in own_interests(subject) if item_id in own.interest.sources), None)


def marked(interests: Sequence[PersonalInterest], preferences: Preferences) -> list[PersonalInterest]:
    """The interests, each with whether it is muted: whether it holds most of what is left of a mute's items."""
    present = {item_id for own in interests for item_id in own.interest.sources}
    mutes = [present & set(mute["items"]) for mute in preferences.mutes]
    return [
        replace(own, muted=any(2 * len(own.interest.sources.keys() & items) > len(items) for items in mutes))
        for own in interests
    ]
