"""The rows of the For-you page: no item stands in two of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from catalog.models import Item
from recommender.interests import Interest, interest_of
from recommender.recommend import ALL_LEGS, choose
from recommender.recommendations import Rail, Recommendation
from recommender.serving.scenarios import Leg
from recommender.subjects import Subject
from recommender.vectors import centred, item_vectors
from recommender.viewer import Viewer, viewer_of

RAIL_ITEMS = 18
BECAUSE_RAILS = 2
#: The strongest items of an interest, among which those are sought that have a rail of their own.
STARTING_POINTS = 10
#: What stands beside an item for its likeness has at least this score, or else there is no rail.
CLOSE_SCORE, FEWEST_CLOSE = 0.3, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a rail is about: the interest it is chosen by and where its candidates come from."""

    name: str
    title: str
    legs: Collection[Leg]
    interest: Interest | None = None
    because: Item | None = None

    @property
    def is_personal(self) -> bool:
        """Whether it is about all of somebody's taste, and so served from a trained space where there is one."""
        return self.interest is not None and self.because is None

    def choose(self, viewer: Viewer, limit: int) -> tuple[Recommendation, ...]:
        viewer = replace(viewer, interest=self.interest, folded=viewer.folded if self.is_personal else None)
        if self.because is None:
            return choose(viewer, limit=limit, legs=self.legs)
        like_it = choose(viewer, limit=limit, legs=self.legs, diversity=0)
        close = tuple(found for found in like_it if found.source == "taste" and found.score >= CLOSE_SCORE)
        return close if len(close) >= FEWEST_CLOSE else ()


def rails(subject: Subject, *, limit: int = RAIL_ITEMS) -> tuple[Rail, ...]:
    """What is for the subject now, what goes with one or two items it liked, what is new and what is popular.

    Rails without an item are left out. What is known of the subject is read once, and each rail costs four queries.
    """
    viewer = viewer_of(subject)
    shown = []
    for plan in _plans(viewer):
        chosen = plan.choose(viewer, limit)
        viewer = viewer.without(recommendation.item.pk for recommendation in chosen)
        if chosen:
            shown.append(Rail(name=plan.name, title=plan.title, because=plan.because, recommendations=chosen))
    return tuple(shown)


def _plans(viewer: Viewer) -> list[_Plan]:
    popular = _Plan(name="popular", title="Popular", legs=["popular"])
    if viewer.interest is None:
        return [popular, _Plan(name="new", title="New", legs=["new"])]
    return [
        _Plan(name="for-you", title="For you now", legs=ALL_LEGS, interest=viewer.interest),
        *_because(viewer, viewer.interest),
        _Plan(name="new", title="New for you", legs=["new"], interest=viewer.interest),
        popular,
    ]


def _because(viewer: Viewer, interest: Interest) -> list[_Plan]:
    """A rail around each of the one or two items that were liked and weigh most."""
    assert viewer.version is not None and viewer.centre is not None
    liked = [item_id for item_id in interest.strongest() if item_id in viewer.liked and interest.sources[item_id] > 0]
    vectors = centred(item_vectors(viewer.version, liked[:STARTING_POINTS]), viewer.centre)
    items = Item.objects.published().in_order([item_id for item_id in liked if item_id in vectors])
    return [
        _Plan(
            name=f"because-{item.pk}",
            title=f"Because you liked {item.title}",
            legs=["near"],
            interest=interest_of({item.pk: 1.0}, vectors),
            because=item,
        )
        for item in items[:BECAUSE_RAILS]
    ]
