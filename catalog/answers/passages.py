"""The passages that a question is answered from: the best ones of the items that search finds close."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.conf import settings

from catalog.answers.queries import AnswerQuery, Found, Source
from catalog.embedding.base import EncoderError
from catalog.embedding.query_vectors import query_vector
from catalog.index.graphs import distance_sql, passages_of
from catalog.items.documents import render_document
from catalog.models import IndexVersion, Item
from catalog.search import search
from catalog.search.dense import vector_literal, vector_search
from catalog.search.queries import Hit, SearchQuery

#: The most passages of one item.
PASSAGES_PER_ITEM = 3
#: Characters of the body to use for an item that has no passages yet.
BODY_CHARACTERS = 4_000

NEAREST = """
    SELECT item_id, span_start, span_end, cosine FROM (
        SELECT passage.item_id, passage.span_start, passage.span_end, 1 - ({distance}) AS cosine,
            row_number() OVER (PARTITION BY passage.item_id ORDER BY {distance}, passage.ordinal) AS place
        FROM catalog_passage AS passage
        WHERE {passages_of} AND passage.item_id = ANY(%(items)s)
    ) AS placed WHERE place <= %(each)s ORDER BY item_id, place
"""

Nearest = tuple[int, int, float]


def find_passages(query: AnswerQuery) -> Found:
    """Search, and take the best passages of the items that are close. Raises InvalidQuery.

    A further passage of an item scores below the item by as much as its cosine is below that of the item's best
    passage.
    """
    results = search(
        SearchQuery(
            text=query.text,
            limit=query.passages,
            filter=query.filter,
            highlight=False,
            correct=query.correct,
            close_first=True,
            version_id=query.version_id,
        )
    )
    looked_for = results.looked_for
    # A question of exclusions alone only browses the catalogue, and every hit of that counts as close.
    hits = [hit for hit in results.hits if hit.close] if looked_for.strip() else []
    version = IndexVersion.objects.searchable(results.version_id) if results.version_id else None
    nearest = _nearest(looked_for, version, [hit.item.pk for hit in hits])
    ranked = sorted(
        (passage for hit in hits for passage in _passages(hit, version, nearest.get(hit.item.pk, []))),
        key=lambda passage: -passage[0],
    )
    return Found(
        query=query,
        looked_for=looked_for,
        sources=tuple(
            Source(marker=marker, item=item, text=text, start=start, end=start + len(text), cosine=cosine)
            for marker, (_, item, text, start, cosine) in enumerate(ranked[: query.passages], 1)
        ),
        version=version,
        degraded_reason=results.degraded_reason,
    )


def _nearest(text: str, version: IndexVersion | None, items: Sequence[int]) -> dict[int, list[Nearest]]:
    """The spans and cosines of each item's passages nearest to the question."""
    found: dict[int, list[Nearest]] = defaultdict(list)
    if version is None or not items:
        return found
    try:
        vector = query_vector(version.encoder_spec, text, wait_s=settings.QUERY_ENCODER_WAIT_S)
    except EncoderError:  # search has already reported it
        return found
    with vector_search() as cursor:
        cursor.execute(
            NEAREST.format(distance=distance_sql(version), passages_of=passages_of(version)),
            {
                "items": list(items),
                "each": PASSAGES_PER_ITEM,
                "vector": vector_literal(vector),
            },
        )
        for item_id, start, end, cosine in cursor.fetchall():
            found[item_id].append((start, end, cosine))
    return found


Ranked = tuple[float, Item, str, int, float | None]


def _passages(hit: Hit, version: IndexVersion | None, nearest: Sequence[Nearest]) -> list[Ranked]:
    """Score, item, text, start in the document and cosine of a hit's passages."""
    document = render_document(hit.item, version.document_template) if version and nearest else ""
    found: list[Ranked] = []
    for start, end, cosine in nearest:
        text, start = _without_title(document[start:end], start, hit.item.title)
        if text:
            found.append((hit.score - (nearest[0][2] - cosine), hit.item, text, start, cosine))
    if not found and (body := hit.item.body[:BODY_CHARACTERS]):
        found.append((hit.score, hit.item, body, 0, hit.cosine))
    return found


def _without_title(text: str, start: int, title: str) -> tuple[str, int]:
    """The passage without the title, which is shown beside it anyway."""
    kept = text.removeprefix(title).lstrip()
    return kept.rstrip(), start + len(text) - len(kept)
