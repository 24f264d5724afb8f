"""A catalogue of two kinds with a history that a training can learn from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from recommender.interactions import NewInteraction, record_for_many
from recommender.space import tower_training, training
from recommender.subjects import Subject
from tests.factories import add_passages, make_items, make_version
from tests.recommender.spaces import DIMENSIONS, NOW, along

#: Texts say nothing: all are alike. Only what people did distinguishes the two kinds.
PEOPLE, OF_EACH = 40, 30


def make_community() -> dict[str, int]:
    """Forty people: the even ones like night-0, night-1, ... and the odd ones day-0, ...; returns ids by external id.

    Each likes twenty consecutive items of their kind from a different starting point, one a day.
    """
    version = make_version(dimensions=DIMENSIONS)
    names = [f"{kind}-{number}" for number in range(OF_EACH) for kind in ("night", "day")]
    ids = make_items([{"external_id": name} for name in names])
    add_passages(version, {pk: [along(place % 3)] for place, pk in enumerate(ids.values())})
    events = {}
    for person in range(PEOPLE):
        kind = "night" if person % 2 == 0 else "day"
        subject = Subject(user_id=User.objects.create_user(f"person-{person}").pk)
        events[subject] = [
            NewInteraction(
                item_id=ids[f"{kind}-{(person + step) % OF_EACH}"],
                kind="like",
                occurred_at=NOW - timedelta(days=30 - step),
            )
            for step in range(20)
        ]
    record_for_many(events)
    return ids


def train_briefly() -> training.Outcome:
    """Train with a tower of few steps, where any promoted model will do: the tower takes most of the time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tower_training, "MOST_STEPS", 40)
        return training.train()
