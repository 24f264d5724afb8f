"""The same query in two index versions: both lists, and how much of one is in the other."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from catalog.embedding.base import EncoderError
from catalog.judged.measuring import encoding_ms
from catalog.models import IndexVersion
from catalog.search import search
from catalog.search.queries import DEFAULT_RATIO, MAX_LIMIT, SearchQuery, SearchResults

TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one version finds; places go from 1 as far as a search looks."""

    version: IndexVersion
    results: SearchResults
    encoding_ms: float
    """What the vector of the query costs; 0 where there is none."""

    @property
    def places(self) -> dict[int, int]:
        return {hit.item.pk: place for place, hit in enumerate(self.results.hits, start=1)}

    @property
    def took_ms(self) -> float:
        return self.encoding_ms + self.results.processing_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    one: Side
    other: Side

    @property
    def overlap_at_10(self) -> float:
        """The share of the first ten that both have, of the longer of the two lists."""
        mine, theirs = ({hit.item.pk for hit in side.results.hits[:TOP]} for side in (self.one, self.other))
        longer = max(len(mine), len(theirs))
        return len(mine & theirs) / longer if longer else 1.0


def side_by_side(
    text: str, one: IndexVersion, other: IndexVersion, *, semantic_ratio: float = DEFAULT_RATIO
) -> SideBySide:
    """Ask both versions. An encoder that is not loaded in time leaves its side to words alone. Raises InvalidQuery."""
    return SideBySide(one=_asked(text, one, semantic_ratio), other=_asked(text, other, semantic_ratio))


def _asked(text: str, version: IndexVersion, semantic_ratio: float) -> Side:
    took_ms = 0.0
    if semantic_ratio:
        try:
            took_ms = encoding_ms(version, text, wait_s=settings.QUERY_ENCODER_WAIT_S)
        except EncoderError:  # the search says so
            took_ms = 0.0
    query = SearchQuery(
        text=text, limit=MAX_LIMIT, semantic_ratio=semantic_ratio, version_id=version.pk, highlight=False
    )
    return Side(version=version, results=search(query), encoding_ms=took_ms)
