"""How a scenario adjusts scores: the weights of popularity and freshness, boosts, and places given away by chance."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from catalog.models import Attribute
from catalog.search.filters import FilterError
from catalog.search.predicates import Predicate, all_of, predicate
from recommender.past import Past
from recommender.popularity import table
from recommender.scoring import EVIDENCE, Floats, Scores
from recommender.serving.scenarios import ScenarioSettings

logger = logging.getLogger(__name__)
SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """For each candidate, shape (n,): its age in days, and the product of the boosts it meets."""

    age_days: Floats
    factors: Floats


def without_excluded(settings: ScenarioSettings, wanted: Predicate | None) -> Predicate | None:
    """A predicate for items that are wanted and not excluded by the scenario; None if that is all items.

    One query for the known attributes if anything is excluded.
    """
    excluded = _compiled(settings.excluded, None)
    return all_of(wanted, ~excluded) if excluded is not None else wanted


def adjusted(
    scores: Scores, settings: ScenarioSettings, item_ids: npt.NDArray[np.int64], past: Past | None = None
) -> Scores:
    """The scores as the scenario weighs them; unchanged, and without a query, if it changes no weight.

    Popularity and age are taken as of now, or of a moment in the past.

    total = (total as measured + (popularity - 1) * log(1 + popularity / EVIDENCE) + freshness * 0.5^(age / half-life))
            times the boosts, or divided by them if it is negative
    """
    if settings.leaves_scores:
        return scores
    popularity, facts = _facts(item_ids, settings, past)
    return apply(scores, popularity, settings, facts)


def apply(scores: Scores, popularity: Floats, settings: ScenarioSettings, facts: ItemFacts) -> Scores:
    """The arithmetic of `adjusted`, without a database."""
    more = (settings.popularity - 1) * np.log1p(popularity / EVIDENCE)
    fresh = settings.freshness * 0.5 ** (facts.age_days / settings.freshness_half_life_days)
    totals = scores.totals + more + fresh
    return replace(
        scores,
        totals=np.where(totals >= 0, totals * facts.factors, totals / facts.factors),
        popular=scores.popular + more,
        fresh=fresh,
    )


def exploring_places(length: int, share: float) -> list[int]:
    """The places, from 0, that a list gives away: the last place of each of several stretches of about equal length."""
    count = min(round(share * length), length)
    return [(stretch + 1) * length // count - 1 for stretch in range(count)]


def explored(
    chosen: Sequence[int], others: Sequence[int], *, share: float, seed: int
) -> tuple[list[int], frozenset[int]]:
    """A list with a share of its places given to `others`, and which of these it contains.

    They are drawn at random, the same for the same seed. The items displaced move back, and as many fall off the end.
    """
    places = exploring_places(len(chosen), share)
    drawn = np.random.default_rng(seed).permutation(np.array(sorted(others), dtype=np.int64))[: len(places)].tolist()
    kept, result = iter(chosen), []
    given = dict(zip(places, drawn, strict=False))
    for place in range(len(chosen)):
        result.append(given[place] if place in given else next(kept))
    return result, frozenset(drawn)


def _facts(item_ids: npt.NDArray[np.int64], settings: ScenarioSettings, past: Past | None) -> tuple[Floats, ItemFacts]:
    """Popularity and the other facts: one statement, and another for the known attributes if something is boosted."""
    attributes = Attribute.objects.by_name() if settings.boosts else None
    boosts = [
        (compiled, boost.factor)
        for boost in settings.boosts
        if (compiled := _compiled(boost.filter, attributes)) is not None
    ]
    numbered = [met.named(f"boost_{number}") for number, (met, _) in enumerate(boosts)]
    columns = "".join(f", ({condition}) IS TRUE" for condition, _ in numbered)
    statement = f"""
        SELECT catalog_item.id, coalesce(popularity.score, 0),
            extract(epoch FROM {"%(as_of)s" if past else "now()"} - catalog_item.created_at)::float8{columns}
        FROM catalog_item LEFT JOIN {table(past)} AS popularity ON popularity.item_id = catalog_item.id
        WHERE catalog_item.id = ANY(%(items)s)
    """  # noqa: S608
    parameters: dict[str, Any] = {"items": item_ids.tolist()} | (past.parameters if past else {})
    for _, own in numbered:
        parameters |= own
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = {item_id: (popular, age_s, met) for item_id, popular, age_s, *met in cursor.fetchall()}
    popularity, ages, factors = np.zeros(len(item_ids)), np.full(len(item_ids), np.inf), np.ones(len(item_ids))
    for at, item_id in enumerate(item_ids.tolist()):
        if item_id in rows:
            popularity[at], age_s, met = rows[item_id]
            ages[at] = max(age_s, 0.0) / SECONDS_A_DAY
            factors[at] = np.prod([factor for (_, factor), holds in zip(boosts, met, strict=True) if holds])
    return popularity, ItemFacts(age_days=ages, factors=factors)


def _compiled(text: str, attributes: dict[str, Attribute] | None) -> Predicate | None:
    """Compile a filter; one that fails, because its attribute is gone, is left out so that the list does not fail."""
    try:
        return predicate(text, attributes=attributes)
    except FilterError as error:
        logger.warning("A filter of a scenario is ignored: %s", error)
        return None
