"""Choosing what to recommend: candidates, scores, diversity, reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from catalog.models import Item
from catalog.ranking.diversity import diversify
from catalog.ranking.fusion import ranked
from catalog.search.filters import Filter, both, parse, selection
from catalog.search.predicates import Predicate, predicate
from recommender.candidates import Near, find_candidates, near_passages, near_targets
from recommender.reasons import EXPLORED, lift_of, reasons_of
from recommender.recommendations import Recommendation
from recommender.scoring import Floats, Scores, normalised, score_candidates
from recommender.serving.adjusting import adjusted, explored, within
from recommender.serving.assignment import seed_of, settings_for
from recommender.serving.scenarios import DEFAULT_SCENARIO, LEGS, MAX_LENGTH, PLAIN, Leg, ScenarioSettings
from recommender.space.spaces import score_in_space
from recommender.subjects import Subject
from recommender.vectors import centred, item_vectors
from recommender.viewer import Viewer, viewer_of

MAX_LIMIT = MAX_LENGTH
MAX_EXCLUDED = 1_000
#: The best candidates, among which a diverse list is chosen.
POOL = 200
#: Totals of this size are at .63 of the scale of scores.
SCALE = 3.0
ALL_LEGS = LEGS


def recommend(
    subject: Subject,
    *,
    scenario: str = DEFAULT_SCENARIO,
    settings: ScenarioSettings | None = None,
    limit: int | None = None,
    category: str = "",
    filter: str = "",
    exclude: Iterable[int] = (),
    diversity: float | None = None,
    explain: bool = True,
    as_of: datetime | None = None,
) -> tuple[Recommendation, ...]:
    """Recommend items that the subject has not met, the best first; to somebody unknown what is popular, then new.

    `settings` are those in force of the scenario, which say what nobody says here. Returns min(limit, matching items)
    of them. `as_of` goes by the history before that moment. Costs twelve queries at most, thirteen with a filter, and
    two or three more where a scenario excludes, boosts or counts freshness. Raises FilterError, and KeyError for a
    scenario that there is not.
    """
    settings = settings or settings_for(scenario, subject)
    wanted = predicate(wanted_items(category, filter))
    viewer = viewer_of(subject, as_of=as_of, model=settings.model).without(exclude)
    return choose(
        viewer,
        limit=limit,
        settings=settings,
        wanted=wanted,
        diversity=diversity,
        explain=explain,
        seed=seed_of(subject),
    )


def wanted_items(category: str, filter: str) -> Filter | None:
    """A filter, and a category beside it. Raises FilterError."""
    return both(parse(filter), selection({"category": [category]} if category else {}, {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Candidates with their scores: parallel arrays of shape (n,), `vectors` (n, dimensions) and normalised. `pool` are
    the positions of the best, the best first; `levels` the scores on the scale of 0 to 1."""

    item_ids: npt.NDArray[np.int64]
    vectors: Floats
    scores: Scores
    levels: Floats
    pool: npt.NDArray[np.int64]


def rank(viewer: Viewer, *, settings: ScenarioSettings = PLAIN, wanted: Predicate | None = None) -> Ranking:
    """Score the candidates that a scenario's sources bring."""
    candidates = find_candidates(
        legs=settings.sources, near=_near(viewer), wanted=within(settings, wanted), excluded=viewer.seen
    )
    ids = candidates.item_ids
    vectors, scores = _scored(viewer, ids, candidates.popularity)
    scores = adjusted(scores, candidates.popularity, settings, ids)
    return Ranking(
        item_ids=ids,
        vectors=vectors,
        scores=scores,
        levels=calibrated(scores.totals),
        pool=ranked(scores.totals, ids)[:POOL],
    )


def choose(
    viewer: Viewer,
    *,
    limit: int | None = None,
    settings: ScenarioSettings = PLAIN,
    legs: Collection[Leg] | None = None,
    wanted: Predicate | None = None,
    diversity: float | None = None,
    explain: bool = True,
    seed: int = 0,
) -> tuple[Recommendation, ...]:
    """Choose for a viewer by a scenario's settings; what is given beside them counts instead."""
    settings = replace(
        settings,
        length=settings.length if limit is None else limit,
        sources=settings.sources if legs is None else tuple(legs),
        diversity=settings.diversity if diversity is None else diversity,
    )
    ranking = rank(viewer, settings=settings, wanted=wanted)
    ids = ranking.item_ids
    chosen, drawn = positions(ranking, settings, seed=seed)
    lifts = [EXPLORED if position in drawn else lift_of(ranking.scores, position) for position in chosen]
    items = Item.objects.in_bulk([*ids[chosen].tolist(), *(item_id for lift in lifts for item_id in lift.items)])
    return tuple(
        Recommendation(
            item=items[item_id],
            score=float(ranking.levels[position]),
            source=lift.source,
            reasons=reasons_of(lift, items, liked=viewer.liked) if explain else (),
        )
        for position, item_id, lift in zip(chosen, ids[chosen].tolist(), lifts, strict=True)
        if item_id in items
    )


def positions(ranking: Ranking, settings: ScenarioSettings, *, seed: int = 0) -> tuple[list[int], frozenset[int]]:
    """The positions of a list's items among the candidates, and which of them are there by chance."""
    pool = ranking.pool
    best = diversify(ranking.levels[pool], ranking.vectors[pool], limit=settings.length, diversity=settings.diversity)
    chosen: list[int] = pool[best].tolist()
    if not settings.exploration:
        return chosen, frozenset()
    others = set(range(len(ranking.item_ids))).difference(chosen)
    return explored(chosen, list(others), share=settings.exploration, seed=seed)


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
