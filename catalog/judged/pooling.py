"""Pooling: the items to judge for a query are the best hits of several ways to search.

Judging the hits of one ranking alone would favour that ranking (Spärck Jones and van Rijsbergen, 1975).
"""

from __future__ import annotations

from dataclasses import dataclass

from catalog.models import IndexVersion, Item, JudgedQuery
from catalog.search import search
from catalog.search.queries import Hit, SearchQuery

DEPTH = 10
#: The ways to search whose hits are pooled, with their semantic ratios.
LEGS = {"words": 0.0, "both": 0.5, "meaning": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """An item to judge."""

    item: Item
    passage: str
    places: dict[str, int]
    """Its place, from 1, in each leg that found it."""
    grade: int | None
    judged_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    items: list[Pooled]
    degraded_reason: str
    """Why the legs used words alone; empty if they did not."""

    @property
    def unjudged(self) -> list[Pooled]:
        return [pooled for pooled in self.items if pooled.grade is None]


def pool(query: JudgedQuery, *, version: IndexVersion | None = None) -> Pool:
    """The hits of all legs, interleaved from the best on, then the other judged items.

    Costs a search for each leg and two queries. `version` replaces the serving one.
    """
    version_id = version.pk if version else None
    results = {
        leg: search(SearchQuery(text=query.text, limit=DEPTH, semantic_ratio=ratio, version_id=version_id))
        for leg, ratio in LEGS.items()
    }
    found: dict[int, Hit] = {}
    places: dict[int, dict[str, int]] = {}
    for place in range(DEPTH):
        for leg, result in results.items():
            if place < len(result.hits):
                hit = result.hits[place]
                found.setdefault(hit.item.pk, hit)
                places.setdefault(hit.item.pk, {})[leg] = place + 1
    grades = {judgement.item_id: judgement for judgement in query.judgements.select_related("judged_by")}
    others = Item.objects.in_order(sorted(grades.keys() - found.keys()))

    def pooled(item: Item, passage: str) -> Pooled:
        judgement = grades.get(item.pk)
        return Pooled(
            item=item,
            passage=passage,
            places=places.get(item.pk, {}),
            grade=judgement.grade if judgement else None,
            judged_by=str(judgement.judged_by) if judgement and judgement.judged_by else "",
        )

    passages = {item_id: passage_of(hit) for item_id, hit in found.items()}
    items = [*(hit.item for hit in found.values()), *others]
    return Pool(
        items=[pooled(item, passages.get(item.pk, "")) for item in items],
        degraded_reason=next((result.degraded_reason for result in results.values() if result.degraded), ""),
    )


def passage_of(hit: Hit) -> str:
    """The passage shown for a hit; empty without one."""
    if hit.passage is None:
        return ""
    return f"{'… ' if hit.passage.cut_before else ''}{hit.passage.text}{' …' if hit.passage.cut_after else ''}"


def next_query(query: JudgedQuery) -> JudgedQuery | None:
    """The next query of the set without judgements, after this one and then from the beginning."""
    waiting = JudgedQuery.objects.filter(judged_set=query.judged_set_id).unjudged().exclude(pk=query.pk)
    return waiting.filter(pk__gt=query.pk).first() or waiting.first()


def neighbours(query: JudgedQuery) -> tuple[JudgedQuery | None, JudgedQuery | None]:
    """The queries before and after it in its set."""
    others = JudgedQuery.objects.filter(judged_set=query.judged_set_id)
    return others.filter(pk__lt=query.pk).last(), others.filter(pk__gt=query.pk).first()
