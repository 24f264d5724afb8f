"""What people decide about their recommendations: which interests to mute, and whether to personalise at all.

A mute is stored as the items that made the interest, because interests are recomputed with every event: an interest
that holds most of these items is muted, whatever has joined it since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from catalog.models import IndexVersion
from recommender.models import Preferences, ProfileState, UserEmbedding
from recommender.personal_interests import PersonalInterest
from recommender.profiles import computed_interests, refresh, stored_interests, take_turn
from recommender.subjects import Subject


def preferences_of(subject: Subject) -> Preferences:
    """A subject's preferences; an unsaved row for somebody who never decided anything."""
    stored = Preferences.objects.of(subject).first() if subject.known else None
    return stored or Preferences(**subject.lookup)


def is_opted_out(subject: Subject) -> bool:
    return preferences_of(subject).opted_out_at is not None


@transaction.atomic
def opt_out(subject: Subject) -> None:
    """Stop recording and stop using what was recorded; events stay until they are deleted, interests do not."""
    take_turn(subject)
    own = preferences_of(subject)
    own.opted_out_at = own.opted_out_at or timezone.now()
    own.save()
    UserEmbedding.objects.of(subject).delete()


@transaction.atomic
def opt_in(subject: Subject) -> None:
    """Resume recording, and use of what was recorded."""
    take_turn(subject)
    Preferences.objects.of(subject).update(opted_out_at=None, changed_at=timezone.now())
    ProfileState.objects.of(subject).update(due_at=Now())


@transaction.atomic
def mute(subject: Subject, interest: PersonalInterest) -> None:
    """Make an interest count for nothing until it is unmuted; muting it again changes nothing."""
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
    """Add a visitor's preferences to an account's: what either muted is muted, and either's opt-out stands."""
    theirs = Preferences.objects.of(before).first()
    if theirs is None:
        return
    own = preferences_of(after)
    own.mutes = [*own.mutes, *(mute for mute in theirs.mutes if mute not in own.mutes)]
    own.opted_out_at = own.opted_out_at or theirs.opted_out_at
    own.save()
    theirs.delete()
    if own.opted_out_at:
        UserEmbedding.objects.of(after).delete()


def own_interests(subject: Subject) -> list[PersonalInterest]:
    """A subject's current interests, the largest first; none for somebody who opted out. Three queries, and some more
    if they have to be computed first, because they are due or none is stored."""
    version, preferences = IndexVersion.objects.active(), preferences_of(subject)
    if version is None or not subject.known or preferences.opted_out_at is not None:
        return []
    due = ProfileState.objects.of(subject).stale_for(version).exists()
    own = refresh(subject) if due else stored_interests(subject, version) or computed_interests(subject, version)
    return marked(own, preferences)


def interest_with(subject: Subject, item_id: int) -> PersonalInterest | None:
    """The interest of a subject that an item belongs to."""
    return next((own for own in own_interests(subject) if item_id in own.interest.sources), None)


def marked(interests: Sequence[PersonalInterest], preferences: Preferences) -> list[PersonalInterest]:
    """The interests, each marked as muted if it holds most of the remaining items of a mute."""
    present = {item_id for own in interests for item_id in own.interest.sources}
    mutes = [present & set(mute["items"]) for mute in preferences.mutes]
    return [
        replace(own, muted=any(2 * len(own.interest.sources.keys() & items) > len(items) for items in mutes))
        for own in interests
    ]
