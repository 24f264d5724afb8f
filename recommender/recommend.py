"""Choosing what to recommend: candidates, scores, diversity, reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

import numpy as np

from catalog.models import Item
from catalog.ranking.diversity import diversify
from catalog.ranking.fusion import ranked
from catalog.search.filters import Filter, both, parse, selection
from catalog.search.predicates import Predicate, predicate
from recommender.candidates import Leg, Near, find_candidates, near_passages, near_targets
from recommender.reasons import lift_of, reasons_of
from recommender.recommendations import Recommendation
from recommender.scoring import Floats, Scores, normalised, score_candidates
from recommender.space.spaces import score_in_space
from recommender.subjects import Subject
from recommender.vectors import centred, item_vectors
from recommender.viewer import Viewer, viewer_of

MAX_LIMIT = 100
MAX_EXCLUDED = 1_000
DIVERSITY = 0.1
#: The best candidates, among which a diverse list is chosen.
POOL = 200
#: Totals of this size are at .63 of the scale of scores.
SCALE = 3.0
ALL_LEGS: tuple[Leg, ...] = ("near", "popular", "new")


def recommend(
    subject: Subject,
    *,
    limit: int = 20,
    category: str = "",
    filter: str = "",
    exclude: Iterable[int] = (),
    diversity: float = DIVERSITY,
    explain: bool = True,
    as_of: datetime | None = None,
) -> tuple[Recommendation, ...]:
    """Recommend items that the subject has not met, the best first; to somebody unknown what is popular, then new.

    Returns min(limit, matching items) of them. `as_of` goes by the history before that moment. Costs eleven queries
    at most, thirteen with a filter. Raises FilterError.
    """
    wanted = predicate(wanted_items(category, filter))
    viewer = viewer_of(subject, as_of=as_of).without(exclude)
    return choose(viewer, limit=limit, wanted=wanted, diversity=diversity, explain=explain)


def wanted_items(category: str, filter: str) -> Filter | None:
    """A filter, and a category beside it. Raises FilterError."""
    return both(parse(filter), selection({"category": [category]} if category else {}, {}))


def choose(
    viewer: Viewer,
    *,
    limit: int,
    legs: Collection[Leg] = ALL_LEGS,
    wanted: Predicate | None = None,
    diversity: float = DIVERSITY,
    explain: bool = True,
) -> tuple[Recommendation, ...]:
    """Choose for a viewer among the candidates that these legs bring."""
    candidates = find_candidates(legs=legs, near=_near(viewer), wanted=wanted, excluded=viewer.seen)
    ids = candidates.item_ids
    vectors, scores = _scored(viewer, ids, candidates.popularity)
    pool = ranked(scores.totals, ids)[:POOL]
    levels = calibrated(scores.totals)
    chosen = pool[diversify(levels[pool], vectors[pool], limit=limit, diversity=diversity)]
    lifts = [lift_of(scores, int(position)) for position in chosen]
    items = Item.objects.in_bulk([*ids[chosen].tolist(), *(item_id for lift in lifts for item_id in lift.items)])
    return tuple(
        Recommendation(
            item=items[item_id],
            score=float(levels[position]),
            source=lift.source,
            reasons=reasons_of(lift, items, liked=viewer.liked) if explain else (),
        )
        for position, item_id, lift in zip(chosen, ids[chosen].tolist(), lifts, strict=True)
        if item_id in items
    )


def calibrated(totals: Floats) -> Floats:
    """Scores on a scale of 0 to 1, in the same order: 0 for an item that nothing speaks for."""
    return np.where(totals > 0, 1 - np.exp(-np.maximum(totals, 0.0) / SCALE), 0.0)


def _near(viewer: Viewer) -> Near | None:
    """What to look around for candidates: a place in a trained space, or else an interest among the passages."""
    if viewer.model is not None and viewer.folded is not None:
        return near_targets(viewer.model, viewer.folded.vector)
    if viewer.version is not None and viewer.interest is not None:
        return near_passages(viewer.version, viewer.interest.vector)
    return None


def _scored(viewer: Viewer, ids: np.ndarray, popularity: Floats) -> tuple[Floats, Scores]:
    """The candidates' normalised vectors, zeros for those without, and their scores."""
    if viewer.model is not None and viewer.folded is not None:
        return score_in_space(viewer.model, viewer.folded, ids)
    version, centre, interest = viewer.version, viewer.centre, viewer.interest
    if version is None or centre is None:
        return np.zeros((len(ids), 1)), score_candidates(
            np.zeros((len(ids), 1)), popularity, interest=None, source_vectors={}, spread=1.0
        )
    sources = interest.strongest() if interest else []
    found = centred(item_vectors(version, [*ids.tolist(), *sources]), centre)
    nothing = np.zeros(version.dimensions, np.float32)
    vectors = np.array([found.get(item_id, nothing) for item_id in ids.tolist()]).reshape(len(ids), version.dimensions)
    scores = score_candidates(vectors, popularity, interest=interest, source_vectors=found, spread=centre.spread)
    return normalised(vectors), scores
