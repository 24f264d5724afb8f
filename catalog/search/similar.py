"""Items similar to an item."""

from __future__ import annotations

import json

from django.db import connection

from catalog.models import PICTURE_ORDINAL, IndexVersion, Item
from catalog.ranking.fusion import ranked, semantic_level
from catalog.search import dense
from catalog.search.candidates import find_candidates
from catalog.search.engine import search
from catalog.search.filters import Condition, Not, Value
from catalog.search.lexical import Words
from catalog.search.queries import MAX_TEXT_CHARACTERS, Hit, SearchQuery
from catalog.search.rules import NO_RULES


def similar_items(item: Item, *, limit: int = 12) -> list[Hit]:
    """The items nearest in meaning to the mean of this one's passages, and its picture.

    Until it has any, those that share words with it.
    """
    version = IndexVersion.objects.active()
    vector = _mean_vector(item, version) if version else None
    if version is None or vector is None:
        return _by_words(item, limit)
    most = max(limit + 1, dense.NEAREST_ITEMS)  # the item itself is among them
    candidates = find_candidates(words=Words(), version=version, vector=vector, use_words=False, nearest=most)
    cutoff = dense.cutoff(version)
    levels = semantic_level(candidates.cosines, cutoff=cutoff)
    nearest = {
        int(candidates.item_ids[at]): at
        for at in ranked(levels, candidates.item_ids)
        if int(candidates.item_ids[at]) != item.pk
    }
    return [
        Hit(
            item=found,
            score=float(levels[nearest[found.pk]]),
            cosine=float(candidates.cosines[nearest[found.pk]]),
            close=bool(candidates.cosines[nearest[found.pk]] >= cutoff),
        )
        for found in Item.objects.in_order(list(nearest)[:limit])
    ]


def _mean_vector(item: Item, version: IndexVersion) -> list[float] | None:
    """Passages and picture weigh the same. None if there are none, or if they cancel each other out."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT avg(mean)::text FROM (
                SELECT l2_normalize(avg(embedding)) AS mean FROM catalog_passage
                WHERE version_id = %s AND item_id = %s GROUP BY ordinal = %s
            ) AS kinds
            """,
            [version.pk, item.pk, PICTURE_ORDINAL],
        )
        mean: list[float] = json.loads(cursor.fetchone()[0] or "[]")
    return mean if any(mean) else None


def _by_words(item: Item, limit: int) -> list[Hit]:
    others = Not(part=Condition(field="external_id", operator="=", values=(Value(text=item.external_id),)))
    query = SearchQuery(
        text=item.title[:MAX_TEXT_CHARACTERS],
        limit=limit,
        filter=others,
        semantic_ratio=0,
        highlight=False,
        operators=False,
    )
    return list(search(query, rules=NO_RULES).hits)
