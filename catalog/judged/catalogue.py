"""A judged collection made from this catalogue: with queries from judgements, otherwise from clicks or titles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Avg, Max, Min

from catalog.items.documents import render_document
from catalog.judged.collection import JudgedCollection, chance
from catalog.models import IndexVersion, Item, Judgement, SearchIntent
from catalog.models.searches import TEXT_KEPT

#: With fewer queries, no difference can be told from chance.
FEWEST_QUERIES = 30
MOST_INTENTS = 200_000
READ_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownQueries:
    """Queries with graded items."""

    source: str
    """`judgements`, `clicks` or `titles`."""
    grades: Mapping[str, Mapping[int, float]]
    """By the text of the query, then by the id of the item; 0 is not relevant."""
    asked_at: Mapping[str, float]
    """Unix time in seconds of the last time a query was made, if known."""


def judged_queries() -> KnownQueries:
    """The queries of all query sets. An item that several sets grade for the same query has the mean grade."""
    grades: defaultdict[str, dict[int, float]] = defaultdict(dict)
    judged = Judgement.objects.values("query__text", "item_id").annotate(grade=Avg("grade"))
    for query, item_id, grade in judged.values_list("query__text", "item_id", "grade").order_by(
        "query__text", "item_id"
    ):
        grades[query][item_id] = grade
    return KnownQueries(source="judgements", grades=_answerable(grades), asked_at={})


def clicked_queries() -> KnownQueries:
    """The queries of the log; the grade of an item is the number of searches after which it was opened.

    Only items that were shown could be opened, which favours the serving encoder.
    """
    grades: defaultdict[str, dict[int, float]] = defaultdict(dict)
    asked_at: dict[str, float] = {}
    clicked = SearchIntent.objects.clicked().order_by("-started_at")[:MOST_INTENTS]
    for query, clicks, moment in clicked.values_list("folded", "clicks", "started_at"):
        asked_at.setdefault(query, moment.timestamp())
        for item_id, _ in clicks:
            grades[query][item_id] = grades[query].get(item_id, 0.0) + 1.0
    return KnownQueries(source="clicks", grades=_answerable(grades), asked_at=asked_at)


def title_queries(*, most: int) -> KnownQueries:
    """Up to `most` titles as queries for their own items, spread over the catalogue. Documents must omit titles."""
    span = Item.objects.published().exclude(title="").exclude(body="")
    bounds = span.aggregate(low=Min("pk"), high=Max("pk"))
    if bounds["low"] is None:
        return KnownQueries(source="titles", grades={}, asked_at={})
    step = max(1, (bounds["high"] - bounds["low"] + 1) // most)
    grades: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for pk, title in span.spread(step).values_list("pk", "title")[:most]:
        grades[title[:TEXT_KEPT]][pk] = 1.0
    return KnownQueries(source="titles", grades=grades, asked_at={})


def known_queries(*, most: int) -> KnownQueries:
    """Judgements, or clicks, if there are FEWEST_QUERIES of them; otherwise titles."""
    for known in (judged_queries(), clicked_queries()):
        if len(known.grades) >= FEWEST_QUERIES:
            return known
    return title_queries(most=most)


def collection_of(
    known: KnownQueries,
    *,
    version: IndexVersion,
    most_queries: int,
    most_documents: int,
    also: Iterable[int] = (),
) -> JudgedCollection:
    """A random sample of these queries, with documents.

    The documents are their graded items, those in `also`, and others spread over the catalogue up to `most_documents`.
    """
    queries = sorted(known.grades, key=chance)[:most_queries]
    wanted = {item_id for query in queries for item_id in known.grades[query]} | set(also)
    ids = [*wanted, *_spread(most_documents - len(wanted), besides=wanted)]
    documents, titles = {}, {}
    for first in range(0, len(ids), READ_AT_ONCE):
        for item in Item.objects.published().in_bulk(ids[first : first + READ_AT_ONCE]).values():
            name, template = str(item.pk), version.document_template
            documents[name] = item.body if known.source == "titles" else render_document(item, template)
            if item.title and documents[name].startswith(item.title):
                titles[name] = item.title
    judgements = {
        query: {str(item_id): grade for item_id, grade in known.grades[query].items() if str(item_id) in documents}
        for query in queries
    }
    asked = {query: query for query in queries if any(judgements[query].values())}
    return JudgedCollection(
        name=known.source,
        documents=documents,
        queries=asked,
        judgements={query: judgements[query] for query in asked},
        titles=titles,
    )


def _answerable(grades: Mapping[str, dict[int, float]]) -> dict[str, dict[int, float]]:
    return {query: own for query, own in grades.items() if query and any(own.values())}


def _spread(count: int, *, besides: set[int]) -> list[int]:
    """The ids of up to `count` other published items, evenly spaced by id."""
    if count <= 0:
        return []
    published = Item.objects.published()
    bounds = published.aggregate(low=Min("pk"), high=Max("pk"))
    if bounds["low"] is None:
        return []
    step = max(1, (bounds["high"] - bounds["low"] + 1) // (count + len(besides)))
    chosen = published.spread(step).values_list("pk", flat=True)[: count + len(besides)]
    return [pk for pk in chosen if pk not in besides][:count]
