"""The order of the hits: candidates scored by words and meaning, then by rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from catalog.ranking.fusion import Fused, fuse, keyword_level, ranked, semantic_level
from catalog.ranking.pins import with_pins
from catalog.search import dense, sorting
from catalog.search.candidates import Candidates, find_candidates
from catalog.search.cutoff import close_ones
from catalog.search.feedback import FEEDBACK_HITS, moved_cosines
from catalog.search.lexical import Words
from catalog.search.neighbours import neighbour_shares
from catalog.search.predicates import Predicate, any_of
from catalog.search.queries import SearchQuery
from catalog.search.reading import Reading
from catalog.search.rule_actions import Actions, Boosts
from catalog.search.taste import taste_parts

#: Queries for which holding all words, and having them side by side, adds to the score. Every item that a single word
#: finds holds it; few items hold all of many words, and BM25 separates them.
SHORT_QUERY_WORDS = range(2, 5)
#: Sums of the same weights in a different order differ by less than this.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondStage:
    """The reranker's results for the first hits. Both arrays cover all candidates."""

    scores: npt.NDArray[np.float64]
    """NaN for those it has not scored."""
    places_before: npt.NDArray[np.int64]
    """From 1; 0 for those it has not scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Candidates with their scores, best first in `order`."""

    candidates: Candidates
    reading: Reading
    fused: Fused
    neighbour_shares: npt.NDArray[np.float64]
    """The share of the query's neighbouring words they have side by side."""
    feedback_cosines: npt.NDArray[np.float64]
    """After moving the query towards its best hits."""
    scores: npt.NDArray[np.float64]
    """The fused scores plus what taste and rules add."""
    taste_parts: npt.NDArray[np.float64]
    close: npt.NDArray[np.bool_]
    actions: Actions
    boosts: Boosts
    order: npt.NDArray[np.int64]
    second_stage: SecondStage | None = None
    """None if the hits were not reranked."""

    @property
    def cutoff(self) -> float:
        return dense.cutoff(self.reading.version)

    def by_meaning_only(self) -> npt.NDArray[np.bool_]:
        return (self.candidates.cosines >= self.cutoff) & (self.candidates.matched_idf == 0)

    def ids(self, positions: npt.NDArray[np.int64]) -> list[int]:
        """The ids of the items at these positions among the candidates."""
        ids: list[int] = self.candidates.item_ids[positions].tolist()
        return ids


def rank(
    query: SearchQuery, reading: Reading, *, wanted: Predicate | None, excluded: Predicate | None, actions: Actions
) -> Ranking:
    """Find the candidates of a query and put them in order."""
    candidates = find_candidates(
        words=reading.words,
        version=reading.version,
        vector=reading.vector,
        wanted=wanted,
        hidden=any_of(actions.hidden, excluded),
        pinned=list(actions.pinned_positions),
        use_words=reading.ratio < 1,
        holds_phrases=bool(reading.phrases),
    )
    close = close_ones(candidates, reading)
    neighbours = _neighbours(candidates, reading)
    fused, cosines = _score(candidates, reading, close, neighbours)
    boosts = actions.boost(candidates.item_ids)
    # Ranked before clipping to 0..1, so that items boosted past either end keep their order.
    liked = taste_parts(query.taste, candidates, reading.version)
    boosted = fused.scores + liked + boosts.amounts
    scores = np.clip(boosted, 0.0, 1.0)
    order = ranked(boosted, candidates.item_ids)
    if query.close_first or actions.boosts:  # like a sort, boosts must not bring up what is far from the query
        order = order[np.argsort(~close[order], kind="stable")]
    if query.threshold is not None:
        order = order[scores[order] >= query.threshold]
    ranking = Ranking(
        candidates=candidates,
        reading=reading,
        fused=fused,
        neighbour_shares=neighbours,
        feedback_cosines=cosines,
        scores=scores,
        taste_parts=liked,
        close=close | np.isin(candidates.item_ids, list(actions.pinned_positions)),
        actions=actions,
        boosts=boosts,
        order=order,
    )
    if query.sort:
        return replace(ranking, order=_sorted(ranking, query.sort))
    return replace(ranking, order=_pinned(ranking)) if actions.pinned_positions else ranking


def _neighbours(candidates: Candidates, reading: Reading) -> npt.NDArray[np.float64]:
    if reading.ratio == 1 or reading.words.slots not in SHORT_QUERY_WORDS:
        return np.zeros(len(candidates.item_ids))
    return neighbour_shares(reading.text, reading.words, candidates)


def _score(
    candidates: Candidates, reading: Reading, close: npt.NDArray[np.bool_], neighbours: npt.NDArray[np.float64]
) -> tuple[Fused, npt.NDArray[np.float64]]:
    """Scores, and the cosines they are based on: those of the moved query if feedback is allowed."""
    fused = _fuse(candidates, reading, candidates.cosines, neighbours)
    if not reading.allows_feedback or reading.version is None:
        return fused, candidates.cosines
    best = ranked(fused.scores, candidates.item_ids)
    best = best[close[best] & (candidates.ordinals[best] >= 0)][:FEEDBACK_HITS]
    cosines = moved_cosines(candidates, reading.version, best)
    return _fuse(candidates, reading, cosines, neighbours), cosines


def _fuse(
    candidates: Candidates, reading: Reading, cosines: npt.NDArray[np.float64], neighbours: npt.NDArray[np.float64]
) -> Fused:
    return fuse(
        keyword_levels=keyword_level(
            candidates.keyword_scores,
            bound=reading.words.score_bound,
            title_overlaps=candidates.title_overlaps,
            whole=holding_all_words(candidates, reading.words),
            neighbour_shares=neighbours,
        ),
        semantic_levels=semantic_level(cosines, cutoff=dense.cutoff(reading.version)),
        ratio=reading.ratio,
    )


def holding_all_words(candidates: Candidates, words: Words) -> npt.NDArray[np.bool_]:
    """Which candidates hold all the words of a short query; none if it has one word or many."""
    if words.slots not in SHORT_QUERY_WORDS:
        return np.zeros(len(candidates.item_ids), dtype=bool)
    return candidates.matched_idf >= words.total_idf * (1 - ROUNDING)


def _pinned(ranking: Ranking) -> npt.NDArray[np.int64]:
    """The hits with the pinned ones in their places, all of them ahead of the far hits at the end of the list."""
    at = {int(item_id): position for position, item_id in enumerate(ranking.candidates.item_ids)}
    positions = {item_id: position for item_id, position in ranking.actions.pinned_positions.items() if item_id in at}
    others = [item_id for item_id in ranking.ids(ranking.order) if item_id not in positions]
    reach = max((place for place, item_id in enumerate(others, start=1) if ranking.close[at[item_id]]), default=0)
    arranged = with_pins(others[:reach], positions) + others[reach:]
    return np.array([at[item_id] for item_id in arranged], dtype=np.int64)


def _sorted(ranking: Ranking, sort: str) -> npt.NDArray[np.int64]:
    """The hits in another order, close ones first: a sort must not bring up what is far from the query."""
    order = sorting.order_by(sort)
    at = dict(zip(ranking.ids(ranking.order), ranking.order.tolist(), strict=True))
    positions = [at[item_id] for item_id in sorting.sort_items(list(at), order)]
    positions.sort(key=lambda position: not ranking.close[position])
    return np.array(positions, dtype=np.int64)
