"""The rows of the first page and of the For-you page; no item appears in two of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone

from catalog.models import Item
from catalog.search.predicates import Predicate
from recommender.interests import Interest, interest_of
from recommender.recommend import choose
from recommender.recommendations import Rail, Recommendation
from recommender.serving.assignment import seed_of
from recommender.serving.scenarios import PLAIN, Leg, ScenarioSettings
from recommender.subjects import Subject
from recommender.vectors import centred, item_vectors
from recommender.viewer import Viewer, viewer_of

BECAUSE_RAILS = 2
#: The strongest items considered as the start of a rail, and how many of them are tried at most.
STARTING_POINTS, MOST_TRIED = 10, 5
#: An item gets a rail of its own only if at least FEWEST_CLOSE items score CLOSE_SCORE or more for similarity to it.
CLOSE_SCORE, FEWEST_CLOSE = 0.35, 4
#: An item counts as new for this many days.
NEW_DAYS = 90
#: How many of a person's favourite categories the popular rail covers.
LIKED_CATEGORIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a rail is about: the interest it is chosen by, where its candidates come from and what they must satisfy."""

    name: str
    title: str
    legs: Collection[Leg] | None = None
    interest: Interest | None = None
    because: Item | None = None
    wanted: Predicate | None = None
    fitting: bool = False
    """Whether only items that fit the taste may appear in it."""

    @property
    def is_personal(self) -> bool:
        """Whether it covers somebody's whole taste, and so is served from a trained space if there is one."""
        return self.interest is not None and self.because is None

    def choose(self, viewer: Viewer, settings: ScenarioSettings, seed: int) -> tuple[Recommendation, ...]:
        viewer = replace(viewer, interest=self.interest, folded=viewer.folded if self.is_personal else None)
        legs = None if self.legs is None else [leg for leg in self.legs if leg in settings.sources or self.because]
        if legs == []:
            return ()
        if self.because is not None:
            like_it = choose(
                viewer, settings=settings.given(diversity=0.0, calibration=0.0, exploration=0.0), legs=legs
            )
            close = tuple(found for found in like_it if found.source == "taste" and found.score >= CLOSE_SCORE)
            return close if len(close) >= FEWEST_CLOSE else ()
        found = choose(viewer, settings=settings, legs=legs, wanted=self.wanted, seed=seed)
        return tuple(own for own in found if own.source == "taste") if self.fitting else found


def rails(subject: Subject, *, settings: ScenarioSettings = PLAIN, limit: int | None = None) -> tuple[Rail, ...]:
    """Rails for the subject: for them now, what goes with one or two items they liked, what is new, what is popular.

    They use a scenario's settings and have its length, or `limit`. Empty rails are left out. What is known about the
    subject is read once; each rail then costs four queries, and so does an item that turns out to have none.
    """
    settings, seed = settings.given(length=limit), seed_of(subject)
    viewer = viewer_of(subject, model=settings.model)
    shown: list[Rail] = []
    for plan in _plans(viewer):
        if plan.because is not None and sum(rail.because is not None for rail in shown) == BECAUSE_RAILS:
            continue
        chosen = plan.choose(viewer, settings, seed)
        viewer = viewer.without(recommendation.item.pk for recommendation in chosen)
        if chosen:
            shown.append(Rail(name=plan.name, title=plan.title, because=plan.because, recommendations=chosen))
    return tuple(shown)


def _plans(viewer: Viewer) -> Iterable[_Plan]:
    if viewer.interest is None:
        return [
            _Plan(name="popular", title="Popular", legs=["popular"]),
            _Plan(name="new", title="New", legs=["new"]),
        ]
    recent = timezone.now() - timedelta(days=NEW_DAYS)
    return [
        _Plan(name="for-you", title="For you now", interest=viewer.interest),
        *_because(viewer),
        _Plan(
            name="new",
            title="New for you",
            legs=["new"],
            interest=viewer.interest,
            wanted=Predicate(sql="catalog_item.created_at >= %s", parameters=(recent,)),
            fitting=True,
        ),
        *_popular(viewer),
    ]


def _because(viewer: Viewer) -> list[_Plan]:
    """Rails around the weightiest liked items, one from each interest first. Some may have nothing close enough."""
    assert viewer.version is not None and viewer.centre is not None
    liked = [_liked_items(viewer, own.items) for own in viewer.interests if own.share and not own.muted]
    points = [*(own[0] for own in liked if own), *(item_id for own in liked for item_id in own[1:])]
    vectors = centred(item_vectors(viewer.version, points[:STARTING_POINTS]), viewer.centre)
    items = Item.objects.published().in_order([item_id for item_id in points if item_id in vectors])
    return [
        _Plan(
            name=f"because-{item.pk}",
            title=f"Because you liked {item.title}",
            legs=["near"],
            interest=interest_of({item.pk: 1.0}, vectors),
            because=item,
        )
        for item in items[:MOST_TRIED]
    ]


def _popular(viewer: Viewer) -> list[_Plan]:
    """What everybody likes in the categories of liked items, or in all categories where the items have none."""
    weights = {
        item_id: own.share
        for own in viewer.interests
        if own.share and not own.muted
        for item_id in own.items[:STARTING_POINTS]
    }
    counted: defaultdict[str, float] = defaultdict(float)
    for item_id, item in Item.objects.in_bulk(list(weights)).items():
        counted[item.category] += weights[item_id]
    categories = sorted(filter(None, counted), key=lambda name: (-counted[name], name))[:LIKED_CATEGORIES]
    if not categories:
        return [_Plan(name="popular", title="Popular", legs=["popular"])]
    return [
        _Plan(
            name="popular",
            title=f"Popular in {_listed(categories)}",
            legs=["popular"],
            wanted=Predicate(sql="catalog_item.category = ANY(%s)", parameters=(categories,)),
        )
    ]


def _liked_items(viewer: Viewer, item_ids: Iterable[int]) -> list[int]:
    return [item_id for item_id in item_ids if item_id in viewer.liked]


def _listed(names: list[str]) -> str:
    """a, b and c"""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
