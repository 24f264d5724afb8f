"""Choosing what to recommend: candidates, scores, diversity, reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.models import Item
from catalog.ranking.calibration import calibrate
from catalog.ranking.fusion import ranked
from catalog.search.engine import search
from catalog.search.filters import Filter, conjunction, parse, selection
from catalog.search.predicates import Predicate, predicate
from catalog.search.queries import SearchQuery
from recommender.candidates import Around, find_candidates, nearest_in_space
from recommender.models import TasteModel
from recommender.past import Past
from recommender.personal_interests import PersonalInterest
from recommender.quotas import quotas
from recommender.reasons import EXPLORED, lifts_of, reasons_of
from recommender.recommendations import Recommendation
from recommender.scoring import Floats, Scores, normalised, score_candidates
from recommender.serving.adjusting import adjusted, explored, without_excluded
from recommender.serving.assignment import assignment_for, seed_of
from recommender.serving.scenarios import DEFAULT_SCENARIO, PLAIN, Leg, ScenarioSettings
from recommender.space import storage
from recommender.space.folding import Folded
from recommender.space.spaces import score_in_space
from recommender.subjects import Subject
from recommender.vectors import centred, item_vectors
from recommender.viewer import Viewer, viewer_of

MAX_EXCLUDED = 1_000
#: Items that may be given for one list in addition to a history, such as those in a cart.
MAX_GIVEN = 100
#: Hits of a query that recommendations may be chosen from.
MAX_FOUND = 100
#: The best candidates, from which a diverse list is chosen.
POOL = 100
#: A total of this size maps to 0.63 on the scale of scores.
SCALE = 3.0


def recommend(
    subject: Subject,
    *,
    scenario: str = DEFAULT_SCENARIO,
    settings: ScenarioSettings | None = None,
    limit: int | None = None,
    category: str = "",
    filter: str = "",
    query: str = "",
    items: Sequence[int] = (),
    exclude: Iterable[int] = (),
    diversity: float | None = None,
    calibration: float | None = None,
    exploration: float | None = None,
    seed: int | None = None,
    explain: bool = True,
    past: Past | None = None,
) -> tuple[Recommendation, ...]:
    """Recommend items that the subject has not met, best first; for somebody unknown, popular items, then new ones.

    `settings` default to those in force for the scenario and apply wherever an argument is not given. Returns
    min(limit, matching items) recommendations. With a `query` they are chosen from the close hits of a search, at most
    MAX_FOUND. `items`, such as those in a cart, count as if each had just been liked, and are left out. A list of the
    `past` uses what was known then; with the same seed it comes out the same.

    From a trained space it costs seven queries. Two more with a filter, two if the space has too few items, two if
    something is muted or interests have shares, and two or three if a scenario excludes, boosts or counts freshness.
    Raises FilterError, and KeyError for an unknown scenario.
    """
    if settings is None:
        settings = assignment_for(scenario, subject, past=past).settings
    settings = settings.given(length=limit, diversity=diversity, calibration=calibration, exploration=exploration)
    asked = wanted_items(category, filter)
    wanted = _found(query, asked) if query else predicate(asked)
    for_a_list = not settings.calibration
    viewer = viewer_of(subject, past=past, model=settings.model, given=items, for_a_list=for_a_list)
    seed = seed_of(subject, past.at if past else None) if seed is None else seed
    return choose(viewer.without(exclude), settings=settings, wanted=wanted, explain=explain, seed=seed)


def wanted_items(category: str, filter: str) -> Filter | None:
    """A filter combined with a category. Raises FilterError."""
    return conjunction(parse(filter), selection({"category": [category]} if category else {}, {}))


def _found(query: str, filter: Filter | None) -> Predicate:
    """A predicate for search hits close to the query, or for all hits if none is close. Raises FilterError."""
    hits = search(SearchQuery(text=query, filter=filter, limit=MAX_FOUND, highlight=False)).hits
    found = [hit.item.pk for hit in hits if hit.close] or [hit.item.pk for hit in hits]
    return Predicate(sql="catalog_item.id = ANY(%s)", parameters=(found,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Candidates with their scores: parallel arrays of shape (n,)."""

    item_ids: npt.NDArray[np.int64]
    vectors: Floats
    """Normalised, of shape (n, dimensions)."""
    scores: Scores
    levels: Floats
    """The totals of `scores` on a scale of 0 to 1."""
    interests: tuple[PersonalInterest, ...]
    """Those that may get their shares of a list."""
    pool: npt.NDArray[np.int64]
    """The positions of the best candidates, best first, from which a list is chosen."""


def rank(viewer: Viewer, *, settings: ScenarioSettings = PLAIN, wanted: Predicate | None = None) -> Ranking:
    """Score the candidates that a scenario's sources supply."""
    pool = max(POOL, 2 * settings.length)
    ids, vectors, scores = _scored(viewer, settings, without_excluded(settings, wanted), pool=pool)
    scores = adjusted(scores, settings, ids, viewer.past)
    return Ranking(
        item_ids=ids,
        vectors=vectors,
        scores=scores,
        levels=levels_of(scores.totals),
        interests=viewer.interests,
        pool=ranked(scores.totals, ids)[:pool],
    )


def choose(
    viewer: Viewer,
    *,
    limit: int | None = None,
    settings: ScenarioSettings = PLAIN,
    legs: Collection[Leg] | None = None,
    wanted: Predicate | None = None,
    explain: bool = True,
    seed: int = 0,
) -> tuple[Recommendation, ...]:
    """Choose for a viewer with a scenario's settings; other arguments override them."""
    settings = settings.given(length=limit, sources=None if legs is None else tuple(legs))
    ranking = rank(viewer, settings=settings, wanted=wanted)
    ids = ranking.item_ids
    chosen, drawn = positions(ranking, settings, seed=seed)
    lifts = [
        EXPLORED if position in drawn else lift
        for position, lift in zip(chosen, lifts_of(ranking.scores, np.array(chosen, np.int64)), strict=True)
    ]
    named = {item_id for lift in lifts for item_id in lift.items} if explain else set()
    items = {item.pk: item for item in Item.objects.in_order([*ids[chosen].tolist(), *named])}
    return tuple(
        Recommendation(
            item=items[item_id],
            score=float(ranking.levels[position]),
            source=lift.source,
            reasons=reasons_of(lift, items, liked=viewer.liked, given=viewer.given) if explain else (),
        )
        for position, item_id, lift in zip(chosen, ids[chosen].tolist(), lifts, strict=True)
        if item_id in items
    )


def positions(ranking: Ranking, settings: ScenarioSettings, *, seed: int = 0) -> tuple[list[int], frozenset[int]]:
    """The positions among the candidates of a list's items, and which of them are there by chance."""
    pool = ranking.pool
    kinds, shares = quotas(ranking.scores, pool, ranking.interests if settings.calibration else ())
    best = calibrate(
        ranking.levels[pool],
        ranking.vectors[pool],
        kinds,
        shares,
        limit=settings.length,
        diversity=settings.diversity,
        calibration=settings.calibration,
    )
    chosen: list[int] = pool[best].tolist()
    if not settings.exploration:
        return chosen, frozenset()
    others = set(range(len(ranking.item_ids))).difference(chosen)
    return explored(chosen, list(others), share=settings.exploration, seed=seed)


def levels_of(totals: Floats) -> Floats:
    """Scores mapped to a scale of 0 to 1 in the same order; 0 for an item with nothing in its favour."""
    return np.where(totals > 0, 1 - np.exp(-np.maximum(totals, 0.0) / SCALE), 0.0)


def _scored(
    viewer: Viewer, settings: ScenarioSettings, wanted: Predicate | None, *, pool: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], Scores]:
    """The candidates' ids, their normalised vectors (zeros where there is none), and their scores."""
    if viewer.model is not None and viewer.folded is not None:
        ids, targets = _in_space(viewer, viewer.model, viewer.folded, settings, wanted, pool=pool)
        return ids, *score_in_space(viewer.model, viewer.folded, targets)
    version, centre, interest = viewer.version, viewer.centre, viewer.interest
    around = Around(version=version, vector=interest.vector) if version is not None and interest is not None else None
    candidates = find_candidates(
        legs=settings.sources, near=around, wanted=wanted, excluded=viewer.seen, past=viewer.past
    )
    ids, popularity = candidates.item_ids, candidates.popularity
    if version is None or centre is None:
        nothing = np.zeros((len(ids), 1))
        return ids, nothing, score_candidates(nothing, popularity, interest=None, source_vectors={}, spread=1.0)
    sources = interest.strongest() if interest else []
    found = centred(item_vectors(version, [*ids.tolist(), *sources]), centre)
    missing = np.zeros(version.dimensions, np.float32)
    vectors = np.array([found.get(item_id, missing) for item_id in ids.tolist()]).reshape(len(ids), version.dimensions)
    scores = score_candidates(vectors, popularity, interest=interest, source_vectors=found, spread=centre.spread)
    return ids, normalised(vectors), scores


def _in_space(
    viewer: Viewer,
    model: TasteModel,
    folded: Folded,
    settings: ScenarioSettings,
    wanted: Predicate | None,
    *,
    pool: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The candidates and their targets. If the scenario leaves scores unchanged, the best are the nearest; other
    sources are then asked only if those are too few, or to give exploration something to draw from."""
    ids, targets = np.zeros(0, np.int64), np.zeros((0, model.dimensions), np.float32)
    if "near" in settings.sources:
        ids, targets = nearest_in_space(
            model, folded.vector, items=pool, wanted=wanted, excluded=viewer.seen, past=viewer.past
        )
    others = [leg for leg in settings.sources if leg != "near"]
    if not others or (len(ids) >= pool and settings.leaves_scores and not settings.exploration):
        return ids, targets
    known = viewer.seen.union(ids.tolist())
    more = find_candidates(legs=others, wanted=wanted, excluded=known, past=viewer.past).item_ids
    placed = storage.read(model, more.tolist())
    added = np.zeros((len(more), model.dimensions), np.float32)
    if len(placed.item_ids):
        added[np.searchsorted(more, placed.item_ids)] = placed.targets
    return np.concatenate([ids, more]), np.concatenate([targets, added])
