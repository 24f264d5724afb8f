"""Changing what events count: tried on one person's list first, and then applied for everybody."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models.functions import Now

from recommender import profiles
from recommender.models import EventKind, ProfileState
from recommender.recommend import recommend
from recommender.recommendations import Recommendation
from recommender.subjects import Subject

#: Weight and half-life in days, by the name of the kind.
Changes = Mapping[str, tuple[float, float]]


def list_with(subject: Subject, changes: Changes, *, scenario: str) -> tuple[Recommendation, ...]:
    """What a subject would be shown if events counted like this; popularity stays as it is.

    The changes are really made, the profile is recomputed, and everything is rolled back, so the list comes from the
    same functions as every other list.
    """
    with transaction.atomic():
        _change(changes)
        profiles.refresh(subject)
        listed = recommend(subject, scenario=scenario)
        transaction.set_rollback(True)
    return listed


def save_weights(changes: Changes) -> int:
    """Change what events count and mark every profile to be recomputed, in one transaction; return how many profiles.

    They are marked as changed so that a worker that has read the old weights does not consider its profile done.
    """
    if not changes:
        return 0
    with transaction.atomic():
        _change(changes)
        return ProfileState.objects.update(changed_at=Now(), due_at=Now())


def _change(changes: Changes) -> None:
    """Make the changes in one statement, which is recorded as one change."""
    kinds = EventKind.objects.filter(pk__in=changes).order_by("pk").select_for_update()
    for kind in kinds:
        kind.weight, kind.half_life_days = changes[kind.pk]
    EventKind.objects.bulk_update(kinds, ["weight", "half_life_days"])
