"""A small catalogue in a space where every similarity can be worked out by hand.

Each kind of item has its own axis. The last axis is what all items share; centring removes it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import sqrt
from uuid import UUID

from catalog.models import IndexVersion
from recommender import popularity, profiles
from recommender.interactions import NewInteraction, record_interactions
from recommender.subjects import Subject
from tests.factories import add_passages, make_items, make_version

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VISITOR_ID = UUID(int=7)
VISITOR = Subject(visitor=VISITOR_ID)
KINDS = ("space", "love", "rain")
DIMENSIONS = 13


def make_space(*kinds: str, of_each: int = 4) -> dict[str, int]:
    """Items space-0, space-1, ... love-0, ..., and of further kinds, each with its vector; ids by external id."""
    kinds = (*KINDS, *kinds)
    version = make_version(dimensions=DIMENSIONS)
    rows = [
        {"external_id": f"{kind}-{number}", "category": kind.title(), "attributes": {"number": number}}
        for number in range(of_each)
        for kind in kinds
    ]
    ids = make_items(rows)
    add_passages(version, {pk: [along(kinds.index(name.split("-")[0]))] for name, pk in ids.items()})
    return ids


def along(axis: int) -> list[float]:
    """A unit vector, half along an axis and half along the one that all items share."""
    return [sqrt(0.5) if place in (axis, DIMENSIONS - 1) else 0.0 for place in range(DIMENSIONS)]


def active() -> IndexVersion:
    version = IndexVersion.objects.active()
    assert version is not None
    return version


def did(subject: Subject, kind: str, *item_ids: int, days_ago: float = 1, value: float | None = None) -> None:
    """Record an event with each item, one per minute, and bring the subject's profile and the popularity up to
    date."""
    record_interactions(
        subject,
        [
            NewInteraction(
                item_id=item_id, kind=kind, value=value, occurred_at=NOW - timedelta(days=days_ago, minutes=place)
            )
            for place, item_id in enumerate(item_ids)
        ],
    )
    profiles.refresh(subject)
    popularity.refresh()
