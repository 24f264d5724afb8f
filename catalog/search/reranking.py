"""The second stage: a cross-encoder reads the best hits again, each together with the query, and reorders them."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.core.cache import cache

from catalog.embedding.base import EncoderError
from catalog.embedding.reranker import OutOfTime, RerankerSpec, reranker_for
from catalog.errors import InvalidQuery
from catalog.models import Item
from catalog.search.presenting import passage_text
from catalog.search.queries import SearchQuery
from catalog.search.ranking import Ranking, SecondStage

logger = logging.getLogger(__name__)
#: Always these, whatever the page, so that pages neither repeat a hit nor lose one.
RERANKED_HITS = 50
PASSAGE_CHARACTERS = 2_000
# A query's scores are cached so that its next page has the same order, whichever process serves it. Running out of time
# is forgotten sooner.
KEEP_SCORES_S, KEEP_REFUSAL_S = 3_600, 30
#: How many times longer a later page waits, since it must continue the order of the previous one.
LATER_PAGE_PATIENCE = 5


def reranker_spec() -> RerankerSpec | None:
    """The reranker of this site, or None."""
    if not settings.RERANK_MODEL:
        return None
    return RerankerSpec(
        model=settings.RERANK_MODEL, revision=settings.RERANK_REVISION, max_tokens=settings.RERANK_MAX_TOKENS
    )


def check_rerank(query: SearchQuery) -> None:
    """Raises InvalidQuery if a query asks for a second stage that is not available."""
    if query.rerank and reranker_spec() is None:
        message = "This site has no reranker. Leave out rerank, or set RERANK_MODEL to a cross-encoder."
        raise InvalidQuery(message, field="rerank", code="no_reranker")
    if query.rerank and not query.text.strip():
        raise InvalidQuery("Only a text query can be reranked.", field="rerank", code="no_text")


def rerank(query: SearchQuery, ranking: Ranking) -> tuple[Ranking, str]:
    """Reorder the best hits with the reranker, if the query asks for it and RERANK_BUDGET_MS is enough.

    Otherwise the ranking is unchanged and the returned text says why. Pinned hits keep their places. Boosts are added
    to the reranker's scores as to any others.
    """
    if not query.rerank or not len(ranking.order):
        return ranking, ""
    if query.sort:
        return ranking, "The hits are sorted by another field."
    top = ranking.order[:RERANKED_HITS]
    ids = ranking.ids(top)
    items = {item.pk: item for item in Item.objects.in_order(ids)}
    read = {at: items[item_id] for at, item_id in zip(top.tolist(), ids, strict=True) if item_id in items}
    passages = [_passage(item, ranking, at) for at, item in read.items()]
    budget_s = settings.RERANK_BUDGET_MS / 1000 * (LATER_PAGE_PATIENCE if query.offset else 1)
    correction = ranking.reading.correction
    text = correction.text if correction else query.text
    found = _scores(" ".join(text.split()), passages, budget_s=budget_s)
    if isinstance(found, str):
        return ranking, found
    scores = np.full(len(ranking.candidates.item_ids), np.nan)
    scores[list(read)] = found
    places = np.zeros(len(scores), dtype=np.int64)
    places[top] = np.arange(1, len(top) + 1)
    stage = SecondStage(scores=scores, places_before=places)
    return replace(ranking, second_stage=stage, order=_reordered(query, ranking, top, scores)), ""


def _passage(item: Item, ranking: Ranking, at: int) -> str:
    return f"{item.title}\n{passage_text(item, ranking, at)}"[:PASSAGE_CHARACTERS]


def _reordered(
    query: SearchQuery, ranking: Ranking, top: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The order with its top sorted by the new scores; ties keep their order, and `close_first` still holds."""
    ids = ranking.candidates.item_ids
    pinned = np.isin(ids[top], list(ranking.actions.pinned_positions))
    free = top[~pinned]
    boosted = np.nan_to_num(scores[free] + ranking.boosts.amounts[free], nan=-np.inf)
    far = ~ranking.close[free] if query.close_first else np.zeros(len(free), dtype=bool)
    by_score = np.lexsort((-boosted, far))
    reordered = top.copy()
    reordered[~pinned] = free[by_score]
    return np.concatenate([reordered, ranking.order[len(top) :]])


def _scores(text: str, passages: Sequence[str], *, budget_s: float) -> list[float] | str:
    """A score for each passage, or the reason why there are none."""
    spec = reranker_spec()
    assert spec is not None
    told = json.dumps([spec.model, spec.revision, spec.max_tokens, text, *passages])
    key = f"rerank:{hashlib.sha256(told.encode()).hexdigest()}"
    if (known := cache.get(key)) is not None:
        return known
    try:
        scores = reranker_for(spec, wait_s=budget_s).scores(text, passages, budget_s=budget_s).tolist()
    except OutOfTime as error:
        cache.set(key, str(error), KEEP_REFUSAL_S)
        return str(error)
    except EncoderError as error:
        logger.warning("Hits are not reranked: %s", error)
        return str(error)
    cache.set(key, scores, KEEP_SCORES_S)
    return scores
