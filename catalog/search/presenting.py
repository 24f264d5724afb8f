"""Hits as shown: with their items, highlights, and the reasons for their places."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from catalog.index.serving import items_now
from catalog.items.documents import render_document
from catalog.models import PICTURE_ORDINAL, Item
from catalog.ranking.fusion import ranked
from catalog.search import highlight
from catalog.search.keywords import keyword_leg
from catalog.search.queries import Explanation, Hit, SearchQuery
from catalog.search.ranking import Ranking, holding_all_words


def present(query: SearchQuery, ranking: Ranking, positions: npt.NDArray[np.int64]) -> tuple[Hit, ...]:
    """The hits of a page, without items deleted since they were found. Raises Outdated."""
    ids = ranking.ids(positions)
    found = {item.pk: item for item in items_now(ids, ranking.reading.version)}
    shown = [at for at, item_id in zip(positions.tolist(), ids, strict=True) if item_id in found]
    items = [found[item_id] for item_id in ids if item_id in found]
    highlights = _highlights(items, ranking, shown) if query.highlight else [NO_HIGHLIGHTS] * len(items)
    hits = [
        _hit(ranking, at, item, highlighted) for at, item, highlighted in zip(shown, items, highlights, strict=True)
    ]
    if query.explain:
        hits = _explained(hits, ranking, shown)
    return tuple(hits)


class _Highlights(NamedTuple):
    title_parts: tuple[highlight.Part, ...]
    passage: highlight.HighlightedPassage | None


NO_HIGHLIGHTS = _Highlights((), None)


def _hit(ranking: Ranking, at: int, item: Item, highlighted: _Highlights) -> Hit:
    cosine = float(ranking.candidates.cosines[at])
    return Hit(
        item=item,
        score=float(ranking.scores[at]),
        rerank_score=_rerank_score(ranking, at),
        keyword_score=float(ranking.candidates.keyword_scores[at]),
        cosine=None if math.isnan(cosine) else cosine,
        by_picture=bool(ranking.candidates.ordinals[at] == PICTURE_ORDINAL),
        close=bool(ranking.close[at]),
        pinned=item.pk in ranking.actions.pinned_positions,
        rules=ranking.actions.rules_of(item.pk, boosted_by=ranking.boosts.rules[at]),
        title_parts=highlighted.title_parts,
        passage=highlighted.passage,
    )


def _rerank_score(ranking: Ranking, at: int) -> float | None:
    if ranking.second_stage is None or math.isnan(ranking.second_stage.scores[at]):
        return None
    return float(ranking.second_stage.scores[at])


def _highlights(items: Sequence[Item], ranking: Ranking, shown: Sequence[int]) -> list[_Highlights]:
    phrases = [phrase.finder for phrase in ranking.reading.phrases]
    texts = [_text_with(phrases, item, ranking, at) for item, at in zip(items, shown, strict=True)]
    matching = highlight.matching_words([*texts, *(item.title for item in items)], ranking.reading.words)
    return [
        _Highlights(
            highlight.mark(item.title, matching, phrases), highlight.snippet(text, matching, phrases) if text else None
        )
        for item, text in zip(items, texts, strict=True)
    ]


def _text_with(phrases: Sequence[re.Pattern[str]], item: Item, ranking: Ranking, at: int) -> str:
    """The best passage, or the body if a phrase occurs there and not in the passage."""
    text = passage_text(item, ranking, at)
    if phrases and not highlight.phrase_ranges(text, phrases) and highlight.phrase_ranges(item.body, phrases):
        return item.body
    return text


def passage_text(item: Item, ranking: Ranking, at: int) -> str:
    """The best passage without the title, which is shown above it anyway; the body if there is no passage.

    The span may lie beyond the end of a document that has become shorter and is not yet embedded again.
    """
    span = ranking.candidates.spans[at]
    if span is None or ranking.reading.version is None:
        return item.body
    document = render_document(item, ranking.reading.version.document_template)
    return document[slice(*span)].removeprefix(item.title).strip() or item.body


def _explained(hits: Sequence[Hit], ranking: Ranking, shown: Sequence[int]) -> list[Hit]:
    weights = keyword_leg().term_weights(ranking.reading.words, [hit.item.pk for hit in hits])
    all_words = holding_all_words(ranking.candidates, ranking.reading.words)
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
                title_overlap=float(ranking.candidates.title_overlaps[at]),
                all_words=bool(all_words[at]),
                neighbours=float(ranking.neighbour_shares[at]),
                cosine=hit.cosine,
                feedback_cosine=None if hit.cosine is None else float(ranking.feedback_cosines[at]),
                semantic_contribution=float(ranking.fused.semantic_parts[at]),
                semantic_rank=int(semantic_ranks[at]) if hit.cosine is not None else None,
                cutoff=ranking.cutoff,
                taste=_added(ranking, at).taste,
                boost=_added(ranking, at).boost,
                rules=tuple(rule.name for rule in hit.rules),
                rerank_score=hit.rerank_score,
                place_before_rerank=_place_before(ranking, at),
            ),
        )
        for hit, at in zip(hits, shown, strict=True)
    ]


def _place_before(ranking: Ranking, at: int) -> int | None:
    stage = ranking.second_stage
    return int(stage.places_before[at]) or None if stage else None


class _Added(NamedTuple):
    """What taste and rules added to the score of words and meaning, after the sum was clipped to 0..1."""

    taste: float
    boost: float


def _added(ranking: Ranking, at: int) -> _Added:
    """Clipping is charged to the boost, or to the taste if there is no boost."""
    taste, added = float(ranking.taste_parts[at]), float(ranking.scores[at] - ranking.fused.scores[at])
    if ranking.boosts.amounts[at]:
        return _Added(taste=taste, boost=added - taste)
    return _Added(taste=added if taste else 0.0, boost=0.0)


def _ranks(scores: npt.NDArray[np.float64], ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The rank of each candidate by these scores, from 1."""
    ranks = np.empty(len(scores), dtype=np.int64)
    ranks[ranked(scores, ids)] = np.arange(1, len(scores) + 1)
    return ranks
