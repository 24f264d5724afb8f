"""The same query in two index versions: both lists of hits, and their overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from catalog.embedding.base import EncoderError
from catalog.judged.measuring import encoding_ms
from catalog.models import IndexVersion
from catalog.ranking.agreement import overlap, rank_biased_overlap
from catalog.search import search
from catalog.search.queries import DEFAULT_RATIO, MAX_LIMIT, SearchQuery, SearchResults

TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The results of one version: up to MAX_LIMIT hits."""

    version: IndexVersion
    results: SearchResults
    encoding_ms: float
    """Milliseconds to encode the query; 0 if it was not encoded."""

    @property
    def ranking(self) -> list[int]:
        """The ids of the items."""
        return [hit.item.pk for hit in self.results.hits]

    @property
    def places(self) -> dict[int, int]:
        """The rank of each item, from 1."""
        return {item_id: place for place, item_id in enumerate(self.ranking, start=1)}

    @property
    def took_ms(self) -> float:
        return self.encoding_ms + self.results.processing_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    one: Side
    other: Side

    @property
    def overlap_at_10(self) -> float:
        """The share of the first ten that both lists have in common, relative to the longer of the two."""
        return overlap(self.one.ranking, self.other.ranking, k=TOP)

    @property
    def rank_biased_overlap(self) -> float:
        """Rank-biased overlap of both whole lists, 0 to 1: earlier ranks count more."""
        return rank_biased_overlap(self.one.ranking, self.other.ranking)


def pair_of(
    live: Sequence[IndexVersion], *, one: IndexVersion | None = None, other: IndexVersion | None = None
) -> tuple[IndexVersion | None, IndexVersion | None]:
    """The versions to compare.

    By default `one` is the serving version, or otherwise the oldest, and `other` the newest of the rest. `live` begins
    with the newest. None if there are too few.
    """
    free = [version for version in live if version not in (one, other)]
    serving = next((version for version in free if version.state == IndexVersion.State.ACTIVE), None)
    one = one or serving or next(iter(free[-1:]), None)
    return one, other or next((version for version in free if version != one), None)


def side_by_side(
    text: str, one: IndexVersion, other: IndexVersion, *, semantic_ratio: float = DEFAULT_RATIO
) -> SideBySide:
    """Search in both versions. A side whose encoder is not loaded in time uses words alone. Raises InvalidQuery."""
    return SideBySide(one=_asked(text, one, semantic_ratio), other=_asked(text, other, semantic_ratio))


def _asked(text: str, version: IndexVersion, semantic_ratio: float) -> Side:
    took_ms = 0.0
    if semantic_ratio:
        try:
            took_ms = encoding_ms(version, text, wait_s=settings.QUERY_ENCODER_WAIT_S)
        except EncoderError:  # the search reports it
            took_ms = 0.0
    query = SearchQuery(
        text=text, limit=MAX_LIMIT, semantic_ratio=semantic_ratio, version_id=version.pk, highlight=False
    )
    return Side(version=version, results=search(query), encoding_ms=took_ms)
