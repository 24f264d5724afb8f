"""Lists of recommendations as staff see them: one with its reasons, or two side by side with what moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q

from catalog.models import Item
from dashboard.marks import Mark, place_after, place_before
from recommender.models import Interaction, Preferences
from recommender.recommend import choose
from recommender.recommendations import Recommendation
from recommender.serving.assignment import seed_of
from recommender.serving.scenarios import ScenarioSettings
from recommender.subjects import Subject
from recommender.viewer import viewer_of

#: Items shown on each side of a comparison.
SHOWN = 12
#: A person for a preview is chosen from those behind this many of the newest events.
LATELY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person whose list is shown; `name` identifies them in a form."""

    subject: Subject
    name: str
    title: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    place: int
    recommendation: Recommendation
    marks: list[Mark]

    @property
    def item(self) -> Item:
        return self.recommendation.item


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two lists for the same person."""

    before: list[Row]
    after: list[Row]
    kept: int
    """How many items are in both."""

    @property
    def is_same(self) -> bool:
        return [row.item.pk for row in self.before] == [row.item.pk for row in self.after]


def person_named(text: str) -> Person | None:
    """The account with this name, ignoring case, or the visitor with this id; None if there is none."""
    text = text.strip()
    if not text or "\0" in text:
        return None
    user = User.objects.filter(Q(username=text)).first() or User.objects.filter(username__iexact=text).first()
    if user is not None:
        subject, title = Subject(user_id=user.pk), user.get_full_name() or user.username
        return Person(subject=subject, name=user.username, title=title, events=_events(subject))
    try:
        subject = Subject(visitor=UUID(text))
    except ValueError:
        return None
    events = _events(subject)
    return Person(subject=subject, name=text, title=f"Visitor {text}", events=events) if events else None


def somebody() -> Person | None:
    """The most active of the people who have an account, a recent event and personalisation turned on: the default for
    previews."""
    newest = Interaction.objects.of_users().order_by("-id").values_list("user_id", flat=True)[:LATELY]
    opted_out = set(Preferences.objects.opted_out().values_list("user_id", flat=True))
    counts = Counter(user_id for user_id in newest if user_id not in opted_out)
    names = User.objects.filter(pk__in=[user_id for user_id, _ in counts.most_common(1)])
    return next((person_named(user.username) for user in names), None)


def list_for(subject: Subject, settings: ScenarioSettings) -> tuple[Recommendation, ...]:
    """What a subject would be shown with these settings. Nothing is logged as shown."""
    viewer = viewer_of(subject, model=settings.model)
    return choose(viewer, settings=settings, seed=seed_of(subject))


def rows_of(recommendations: Sequence[Recommendation]) -> list[Row]:
    return [Row(place=place, recommendation=each, marks=[]) for place, each in enumerate(recommendations, start=1)]


def compared(before: Sequence[Recommendation], after: Sequence[Recommendation]) -> Comparison:
    """Two lists, each item marked with where it stands in the other."""
    places_before, places_after = _places(before), _places(after)
    return Comparison(
        before=[
            Row(place=place, recommendation=each, marks=_fate(place, places_after.get(each.item.pk)))
            for place, each in enumerate(before[:SHOWN], start=1)
        ],
        after=[
            Row(place=place, recommendation=each, marks=place_before(place, places_before.get(each.item.pk)))
            for place, each in enumerate(after[:SHOWN], start=1)
        ],
        kept=len(places_before.keys() & places_after.keys()),
    )


def _places(recommendations: Sequence[Recommendation]) -> dict[int, int]:
    return {each.item.pk: place for place, each in enumerate(recommendations, start=1)}


def _fate(place: int, now: int | None) -> list[Mark]:
    return [Mark(kind="hidden", text="Gone")] if now is None else place_after(place, now)


def _events(subject: Subject) -> int:
    return Interaction.objects.of(subject).count()
