"""Why somebody is or is not shown an item, determined with the same functions that make the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from catalog.models import EmbeddingState, Item
from catalog.search.predicates import Predicate
from recommender.models import Interaction
from recommender.past import Past
from recommender.recommend import Ranking, positions, rank
from recommender.serving.adjusting import without_excluded
from recommender.serving.assignment import seed_of
from recommender.serving.scenarios import ScenarioSettings
from recommender.subjects import Subject
from recommender.viewer import Viewer, viewer_of

#: How many past items have their contribution to a score listed individually.
MAX_PARTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What something adds to a score; for a past item, `item` is set."""

    text: str
    amount: float
    item: Item | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that keeps an item out of a list; `kind` is for programs."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What happens to an item in somebody's list. `place` counts from 1 and is None if the item is not in the list."""

    item: Item
    place: int | None
    obstacles: Sequence[Obstacle]
    rank: int | None
    """Its place among the candidates by score alone, from 1; None if no source supplies it."""
    candidates: int
    total: float
    level: float
    last_level: float | None
    """The lowest score in the list."""
    parts: Sequence[Part]
    boost: float
    """The factor by which boosts multiply the sum of the parts."""


def fate_of(item: Item, subject: Subject, settings: ScenarioSettings, *, past: Past | None = None) -> Fate:
    """Follow an item through the making of a subject's list, now or as of a moment.

    Obstacles are listed in the order in which they apply. An item that the subject has met is scored as if it were new
    to them, and one that no source supplies as if one did.
    """
    viewer = viewer_of(subject, past=past, model=settings.model)
    ranking = rank(viewer, settings=settings)
    listed, drawn = positions(ranking, settings, seed=seed_of(subject, past.at if past else None))
    ids = ranking.item_ids
    place = next((place for place, at in enumerate(listed, start=1) if ids[at] == item.pk), None)
    own, at = _scored_alone(item, viewer, settings)
    levels = [float(ranking.levels[position]) for position in listed]
    obstacles = (
        [] if place else list(_obstacles(item, subject, viewer, settings, ranking, listed, float(own.levels[at])))
    )
    if place and ids[listed[place - 1]] == item.pk and listed[place - 1] in drawn:
        obstacles.append(Obstacle(kind="explored", text="It is in the list by chance: exploration gave it its place."))
    parts, factor = _parts(own, at)
    return Fate(
        item=item,
        place=place,
        obstacles=obstacles,
        rank=_rank_of(item, ranking),
        candidates=len(ids),
        total=float(own.scores.totals[at]),
        level=float(own.levels[at]),
        last_level=min(levels, default=None),
        parts=parts,
        boost=factor,
    )


def _scored_alone(item: Item, viewer: Viewer, settings: ScenarioSettings) -> tuple[Ranking, int]:
    """The item's score as the only candidate, whatever would keep it out; and its position, which is 0."""
    open_to_it = replace(viewer, seen=viewer.seen - {item.pk})
    alone = replace(settings, sources=("near", "new"), excluded="", length=1)
    only = Predicate(sql="catalog_item.id = %s", parameters=(item.pk,))
    ranking = rank(open_to_it, settings=alone, wanted=only)
    if len(ranking.item_ids):
        return ranking, 0
    # An unpublished item is never a candidate.
    scores = replace(
        ranking.scores,
        totals=np.zeros(1),
        popular=np.zeros(1),
        rest=np.zeros(1),
        sources=(),
        in_favour=np.zeros(0, bool),
        parts_of=lambda positions: np.zeros((len(positions), 0)),
        fresh=None,
    )
    return replace(ranking, item_ids=np.array([item.pk]), levels=np.zeros(1), scores=scores), 0


def _obstacles(
    item: Item,
    subject: Subject,
    viewer: Viewer,
    settings: ScenarioSettings,
    ranking: Ranking,
    listed: Sequence[int],
    level: float,
) -> Sequence[Obstacle]:
    found = []
    if not item.published:
        found.append(Obstacle(kind="unpublished", text="It is not published."))
    if item.pk in viewer.seen:
        found.append(_met(item, subject))
    excluded = without_excluded(replace(settings, boosts=()), None)
    if excluded is not None and not Item.objects.filter(pk=item.pk).meeting(excluded).exists():
        found.append(Obstacle(kind="excluded", text=f"The scenario leaves out items matching: {settings.excluded}"))
    if viewer.version is not None and viewer.interest is not None and item.published:
        state = EmbeddingState.objects.of(viewer.version).among([item.pk]).first()
        if state is None or state.state != "done":
            why = "could not be embedded" if state and state.state == "failed" else "is not embedded yet"
            found.append(Obstacle(kind="not_embedded", text=f"It {why}, so it cannot be compared with the taste."))
    place = _rank_of(item, ranking)
    if found and place is None:
        return found
    if place is None:
        sources = ", ".join(settings.sources)
        text = f"None of the scenario's sources ({sources}) finds it: {len(ranking.item_ids)} others come first."
        return [*found, Obstacle(kind="no_candidate", text=text)]
    if place > len(ranking.pool):
        text = f"{place - 1} candidates have a better score; the list is chosen from the best {len(ranking.pool)}."
        return [*found, Obstacle(kind="below", text=text)]
    return [*found, _crowded_out(item, settings, ranking, listed, place, level)]


def _crowded_out(
    item: Item, settings: ScenarioSettings, ranking: Ranking, listed: Sequence[int], place: int, level: float
) -> Obstacle:
    """Why a list does not take an item that is among the best candidates."""
    plain, _ = positions(ranking, settings.given(exploration=0.0))
    uncalibrated, _ = positions(ranking, settings.given(exploration=0.0, calibration=0.0))
    by_score, _ = positions(ranking, settings.given(exploration=0.0, calibration=0.0, diversity=0.0))
    at = int(np.flatnonzero(ranking.item_ids == item.pk)[0])
    if at in plain:
        return Obstacle(kind="exploration", text="It would be in the list, but its place went to exploration.")
    if at in uncalibrated:
        text = "It would be in the list, but its interest already has its share of it, and the others have theirs."
        return Obstacle(kind="calibration", text=text)
    if at in by_score:
        closeness = ranking.vectors[listed] @ ranking.vectors[at]
        twin = Item.objects.get(pk=int(ranking.item_ids[listed[int(np.argmax(closeness))]]))
        text = f"By score it would be at {place}, but it is too similar to listed items, above all “{twin.title}”."
        return Obstacle(kind="diversity", text=text)
    last = min((float(ranking.levels[position]) for position in by_score), default=0.0)
    text = f"Its score is {level:.2f}; the list is full with {len(by_score)} items scoring {last:.2f} or more."
    return Obstacle(kind="below", text=text)


def _met(item: Item, subject: Subject) -> Obstacle:
    events = Interaction.objects.of(subject).with_item(item.pk).newest()
    kinds = dict(reversed(list(events.values_list("kind_id", "occurred_at"))))
    for kind, word in (("hide", "hidden"), ("dislike", "disliked")):
        if kind in kinds:
            return Obstacle(kind=word, text=f"It was {word} on {kinds[kind]:%d %B %Y}, and stays out.")
    done = ", ".join(f"{kind} on {moment:%d %B %Y}" for kind, moment in kinds.items())
    return Obstacle(kind="seen", text=f"The person has already seen it ({done}), and seen items are left out.")


def _rank_of(item: Item, ranking: Ranking) -> int | None:
    found = np.flatnonzero(ranking.item_ids == item.pk)
    if not len(found):
        return None
    totals = ranking.scores.totals
    better = (totals > totals[found[0]]) | ((totals == totals[found[0]]) & (ranking.item_ids < item.pk))
    return int(better.sum()) + 1


def _parts(ranking: Ranking, at: int) -> tuple[list[Part], float]:
    """The parts of the sum before boosts, the weightiest first, and the factor that boosts multiply it by."""
    scores = ranking.scores
    own = scores.parts_of(np.array([at]))[0]
    strongest = [int(place) for place in np.argsort(-np.abs(own), kind="stable")[:MAX_PARTS] if own[place]]
    items = Item.objects.in_bulk([scores.sources[place] for place in strongest])
    parts = [
        Part(text="", amount=float(own[place]), item=items[scores.sources[place]])
        for place in strongest
        if scores.sources[place] in items
    ]
    rest = float(own.sum()) - sum(part.amount for part in parts) + float(scores.rest[at])
    fresh = 0.0 if scores.fresh is None else float(scores.fresh[at])
    others = [
        Part(text="The rest of the history", amount=rest),
        Part(text="Popularity", amount=float(scores.popular[at])),
        Part(text="Freshness", amount=fresh),
    ]
    parts += [part for part in others if abs(part.amount) > 5e-4]
    total, measured = float(scores.totals[at]), float(own.sum() + scores.rest[at] + scores.popular[at]) + fresh
    factor = total / measured if abs(measured) > 1e-9 else 1.0
    return parts, factor if measured >= 0 else 1 / factor if factor else 1.0
