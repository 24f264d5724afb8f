"""Why a hit is where it is, as a drawing: a bar of what makes up its score, and one for each part of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.search.queries import Explanation, Hit, SearchResults
from catalog.search.synonyms import folded_words
from catalog.search.taste import LARGEST_PART

BAR_WIDTH, BAR_GAP = 96, 1
KINDS = ("words", "meaning", "taste", "rules")
#: Smaller parts of a score round to 0.00.
LEAST_PART = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a score's bar, of one of KINDS."""

    kind: str
    start: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """An explanation with the dimensions of its bars. Shares go from 0 to 100."""

    explanation: Explanation
    segments: list[Segment]
    taste: float
    """What it adds or subtracts; 0 if that is too little to show."""
    boost: float
    words_share: float
    """Of the most that words could have added."""
    meaning_share: float
    taste_share: float
    """Of the most that a taste adds or subtracts."""
    rules_share: float
    terms: list[tuple[str, float]]
    """What each word of the query adds to BM25, largest first."""


def evidence_of(hit: Hit, results: SearchResults) -> Evidence | None:
    """None for a hit that is not explained."""
    explanation = hit.explanation
    if explanation is None:
        return None
    asked = folded_words(results.query.text)
    terms = sorted(explanation.terms.items(), key=lambda term: (-term[1], term[0]))
    ratio = results.ratio
    return Evidence(
        explanation=explanation,
        taste=_told(explanation.taste),
        boost=_told(explanation.boost),
        segments=_segments(hit.score, explanation),
        words_share=round(100 * explanation.keyword_contribution / (1 - ratio), 1) if ratio < 1 else 0,
        meaning_share=round(100 * explanation.semantic_contribution / ratio, 1) if ratio > 0 else 0,
        taste_share=round(100 * abs(explanation.taste) / LARGEST_PART, 1),
        rules_share=round(100 * abs(explanation.boost), 1),
        terms=[(_as_asked(stem, asked), weight) for stem, weight in terms],
    )


def _as_asked(stem: str, asked: Iterable[str]) -> str:
    """The word of the query that begins with the stem; the stem itself if none does, as with synonyms."""
    return min((word for word in asked if word.startswith(stem)), key=len, default=stem)


def _segments(score: float, explanation: Explanation) -> list[Segment]:
    """Segments in sequence up to the score: what is subtracted is taken off the end of the bar."""
    parts = (
        explanation.keyword_contribution,
        explanation.semantic_contribution,
        _told(explanation.taste),
        _told(explanation.boost),
    )
    segments: list[Segment] = []
    reached = 0.0
    for kind, part in zip(KINDS, parts, strict=True):
        end = min(reached + max(part, 0.0), score)
        if end > reached:
            gap = BAR_GAP if segments else 0
            start = BAR_WIDTH * reached + gap
            segments.append(
                Segment(kind=kind, start=round(start, 1), width=round(max(BAR_WIDTH * end - start, 0.0), 1))
            )
            reached = end
    return segments


def _told(part: float) -> float:
    return part if abs(part) >= LEAST_PART else 0.0
