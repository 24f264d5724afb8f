"""Search: a query in, a page of scored hits out."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from django.conf import settings

from catalog.documents import render_document
from catalog.embedding.base import EncoderError
from catalog.embedding.registry import query_vector
from catalog.errors import InvalidQuery
from catalog.models import IndexVersion, Item
from catalog.ranking.fusion import Fused, fuse, ranked
from catalog.ranking.pins import with_pins
from catalog.search import dense, facets, highlight, lexical, sorting
from catalog.search.browsing import browse
from catalog.search.candidates import Candidates, find_candidates
from catalog.search.lexical import Words
from catalog.search.predicates import Predicate, all_of, predicate
from catalog.search.queries import (
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_TEXT_CHARACTERS,
    Explanation,
    Hit,
    SearchQuery,
    SearchResults,
)
from catalog.search.rule_actions import Actions, Boosts, actions_of
from catalog.search.rules import RuleSet, rules_in_force

#: An item that holds at least this share of the weight of the query's words is close, whatever its meaning.
CLOSE_WORDS = 0.6


def search(query: SearchQuery, *, rules: RuleSet | None = None) -> SearchResults:
    """Run a search. Without the encoder it goes by words alone and says so. Raises InvalidQuery.

    `rules` take the place of those in force.
    """
    started = time.perf_counter()
    _check(query)
    wanted = predicate(query.filter)
    if query.text.strip() or query.vector is not None:
        results = _ranked_search(query, wanted, rules)
    else:
        results = browse(query, wanted, rules)
    return replace(results, processing_ms=(time.perf_counter() - started) * 1000)


def _check(query: SearchQuery) -> None:
    if len(query.text) > MAX_TEXT_CHARACTERS:
        raise InvalidQuery(f"A query may have at most {MAX_TEXT_CHARACTERS:,} characters.", field="q", code="too_long")
    if "\0" in query.text or any("\ud800" <= character <= "\udfff" for character in query.text):
        raise InvalidQuery("The query holds a character that no text has.", field="q", code="invalid_text")
    if not 1 <= query.limit <= MAX_LIMIT:
        raise InvalidQuery(f"A page has 1 to {MAX_LIMIT} hits.", field="limit", code="out_of_range")
    if not 0 <= query.offset <= MAX_OFFSET:
        raise InvalidQuery(f"The offset goes from 0 to {MAX_OFFSET:,}.", field="offset", code="out_of_range")
    if not 0 <= query.semantic_ratio <= 1:
        raise InvalidQuery("The ratio goes from 0 to 1.", field="semantic_ratio", code="out_of_range")
    if query.threshold is not None and not 0 <= query.threshold <= 1:
        raise InvalidQuery("The threshold goes from 0 to 1.", field="threshold", code="out_of_range")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranking:
    """Candidates with their scores, best first in `order`."""

    candidates: Candidates
    words: Words
    version: IndexVersion | None
    fused: Fused
    scores: npt.NDArray[np.float64]
    """The fused ones with the boosts."""
    close: npt.NDArray[np.bool_]
    actions: Actions
    boosts: Boosts
    order: npt.NDArray[np.int64]

    def by_meaning_only(self) -> npt.NDArray[np.bool_]:
        return (self.candidates.cosines >= dense.cutoff(self.version)) & (self.candidates.matched_idf == 0)

    def ids(self, positions: npt.NDArray[np.int64]) -> list[int]:
        return [int(item_id) for item_id in self.candidates.item_ids[positions]]


def _ranked_search(query: SearchQuery, wanted: Predicate | None, rules: RuleSet | None) -> SearchResults:
    version = _version(query)
    if rules is None:
        rules = rules_in_force(version.rules_stamp if version else None)
    actions = actions_of(rules.for_query(query.text), wanted=wanted, pinning=not query.sort)
    vector, degraded_reason = _vector(query, version)
    words = lexical.read_words(query.text, prefix=query.prefix) if query.text.strip() else Words()
    ratio = 0.0 if vector is None else query.semantic_ratio if query.text.strip() else 1.0
    ranking = _rank(query, words=words, version=version, vector=vector, wanted=wanted, actions=actions, ratio=ratio)
    close = ranking.order[ranking.close[ranking.order]]
    counts = facets.count_found(query.facets, ranking.ids(close if len(close) else ranking.order))
    return SearchResults(
        hits=_hits(query, ranking, ranking.order[query.offset : query.offset + query.limit]),
        query=query,
        total=len(ranking.order),
        close_total=len(close),
        semantic_hit_count=int(ranking.by_meaning_only()[close].sum()),
        facets=counts.values,
        facet_stats=counts.stats,
        histograms=counts.histograms,
        rules=actions.rules,
        degraded=bool(degraded_reason),
        degraded_reason=degraded_reason,
        version_id=version.pk if version else None,
    )


def _version(query: SearchQuery) -> IndexVersion | None:
    if query.version_id is None:
        return IndexVersion.objects.with_rules_stamp().active()
    version = IndexVersion.objects.with_rules_stamp().searchable(query.version_id)
    if version is None:
        raise InvalidQuery(
            f"There is no live index version {query.version_id}.", field="version", code="unknown_version"
        )
    return version


def _vector(query: SearchQuery, version: IndexVersion | None) -> tuple[Sequence[float] | None, str]:
    """The query's vector; without one, why meaning has to be left out (empty when it was not asked for)."""
    if query.vector is None and query.semantic_ratio == 0:
        return None, ""
    if version is None:
        return None, "No index version is active yet."
    if query.vector is not None:
        finite = all(math.isfinite(value) for value in query.vector)
        if len(query.vector) != version.dimensions or not finite or not any(query.vector):
            message = f"A vector here has {version.dimensions} finite numbers, not all of them 0."
            raise InvalidQuery(message, field="vector", code="invalid_vector")
        return _normalised(query.vector), ""
    try:
        return query_vector(version.encoder_spec, query.text, wait_s=settings.QUERY_ENCODER_WAIT_S).tolist(), ""
    except EncoderError as error:
        return None, str(error)


def _normalised(vector: Sequence[float]) -> list[float]:
    """The vector with length 1: half floats hold no large numbers and lose small ones."""
    scaled = np.array(vector, dtype=np.float64) / max(map(abs, vector))
    direction: list[float] = (scaled / np.linalg.norm(scaled)).tolist()
    return direction


def _rank(
    query: SearchQuery,
    *,
    words: Words,
    version: IndexVersion | None,
    vector: Sequence[float] | None,
    wanted: Predicate | None,
    actions: Actions,
    ratio: float,
) -> _Ranking:
    candidates = find_candidates(
        words=words,
        version=version,
        vector=vector,
        wanted=all_of(wanted, actions.shown),
        fill=wanted is not None,
        also=list(actions.positions),
        use_words=ratio < 1,
    )
    cutoff = dense.cutoff(version)
    fused = fuse(
        keyword_scores=candidates.keyword_scores,
        keyword_bound=words.score_bound,
        cosines=candidates.cosines,
        cutoff=cutoff,
        ratio=ratio,
    )
    close = candidates.cosines >= cutoff
    if words.terms:
        close |= candidates.matched_idf >= CLOSE_WORDS * words.total_idf
    boosts = actions.boost(candidates.item_ids)
    # Ranked before they are cut to 0 to 1, so that what is boosted beyond an end keeps its order there.
    boosted = fused.scores + boosts.amounts
    scores = np.clip(boosted, 0.0, 1.0)
    order = ranked(boosted, candidates.item_ids)
    if query.threshold is not None:
        order = order[scores[order] >= query.threshold]
    ranking = _Ranking(
        candidates=candidates,
        words=words,
        version=version,
        fused=fused,
        scores=scores,
        close=close | np.isin(candidates.item_ids, list(actions.positions)),
        actions=actions,
        boosts=boosts,
        order=order,
    )
    if query.sort:
        return replace(ranking, order=_sorted(ranking, query.sort))
    return replace(ranking, order=_pinned(ranking)) if actions.positions else ranking


def _pinned(ranking: _Ranking) -> npt.NDArray[np.int64]:
    """The hits with the pinned ones at their places."""
    at = {int(item_id): position for position, item_id in enumerate(ranking.candidates.item_ids)}
    positions = {item_id: position for item_id, position in ranking.actions.positions.items() if item_id in at}
    return np.array([at[item_id] for item_id in with_pins(ranking.ids(ranking.order), positions)], dtype=np.int64)


def _sorted(ranking: _Ranking, sort: str) -> npt.NDArray[np.int64]:
    """The hits in another order, close ones first: a sort must not bring up what is far from the query."""
    order = sorting.order_by(sort)
    place = {item_id: place for place, item_id in enumerate(sorting.sort_items(ranking.ids(ranking.order), order))}
    kept = [position for position in ranking.order if int(ranking.candidates.item_ids[position]) in place]
    kept.sort(key=lambda at: (not ranking.close[at], place[int(ranking.candidates.item_ids[at])]))
    return np.array(kept, dtype=np.int64)


def _hits(query: SearchQuery, ranking: _Ranking, positions: npt.NDArray[np.int64]) -> tuple[Hit, ...]:
    """The hits of a page; items deleted since they were found are left out."""
    items = {item.pk: item for item in Item.objects.in_order(ranking.ids(positions))}
    shown = [int(at) for at in positions if int(ranking.candidates.item_ids[at]) in items]
    hits = [_hit(ranking, at, items[int(ranking.candidates.item_ids[at])]) for at in shown]
    if query.highlight:
        hits = _highlighted(hits, ranking, shown)
    if query.explain:
        hits = _explained(hits, ranking, shown)
    return tuple(hits)


def _hit(ranking: _Ranking, at: int, item: Item) -> Hit:
    cosine = float(ranking.candidates.cosines[at])
    return Hit(
        item=item,
        score=float(ranking.scores[at]),
        keyword_score=float(ranking.candidates.keyword_scores[at]),
        cosine=None if math.isnan(cosine) else cosine,
        close=bool(ranking.close[at]),
        pinned=item.pk in ranking.actions.positions,
        rules=ranking.actions.rules_of(item.pk, boosted_by=ranking.boosts.rules[at]),
    )


def _highlighted(hits: Sequence[Hit], ranking: _Ranking, shown: Sequence[int]) -> list[Hit]:
    texts = [_passage_text(hit.item, ranking, at) for hit, at in zip(hits, shown, strict=True)]
    matching = highlight.matching_words([*texts, *(hit.item.title for hit in hits)], ranking.words)
    return [
        replace(
            hit,
            title_parts=highlight.mark(hit.item.title, matching),
            passage=highlight.snippet(text, matching) if text else None,
        )
        for hit, text in zip(hits, texts, strict=True)
    ]


def _passage_text(item: Item, ranking: _Ranking, at: int) -> str:
    """The best passage without the title, which stands above it anyway; the body where there is none.

    The span may lie beyond a document that became shorter and is not embedded again yet.
    """
    span = ranking.candidates.spans[at]
    if span is None or ranking.version is None:
        return item.body
    document = render_document(item, ranking.version.document_template)
    return document[slice(*span)].removeprefix(item.title).strip() or item.body


def _explained(hits: Sequence[Hit], ranking: _Ranking, shown: Sequence[int]) -> list[Hit]:
    weights = lexical.term_weights(ranking.words, [hit.item.pk for hit in hits])
    keyword_ranks = _ranks(ranking.candidates.keyword_scores, ranking.candidates.item_ids)
    semantic_ranks = _ranks(np.nan_to_num(ranking.candidates.cosines, nan=-np.inf), ranking.candidates.item_ids)
    return [
        replace(
            hit,
            explanation=Explanation(
                keyword_score=hit.keyword_score,
                keyword_contribution=float(ranking.fused.keyword_parts[at]),
                keyword_rank=int(keyword_ranks[at]) if hit.keyword_score > 0 else None,
                terms=weights[hit.item.pk],
                cosine=hit.cosine,
                semantic_contribution=float(ranking.fused.semantic_parts[at]),
                semantic_rank=int(semantic_ranks[at]) if hit.cosine is not None else None,
                cutoff=dense.cutoff(ranking.version),
                boost=float(ranking.scores[at] - ranking.fused.scores[at]),
                rules=tuple(rule.name for rule in hit.rules),
            ),
        )
        for hit, at in zip(hits, shown, strict=True)
    ]


def _ranks(scores: npt.NDArray[np.float64], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The place of each candidate, from 1, by these scores."""
    ranks = np.empty(len(scores), dtype=np.int64)
    ranks[ranked(scores, ids)] = np.arange(1, len(scores) + 1)
    return ranks
