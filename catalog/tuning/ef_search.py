"""A version's ef_search: the smallest with which its graph finds what an exact scan finds, measured on its data."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from catalog.database.statements import patient_cursor
from catalog.embedding.base import EncoderError
from catalog.embedding.registry import encoder_for
from catalog.index.sizes import passages_counted, passages_estimated
from catalog.models import PICTURE_ORDINAL, EmbeddingState, IndexVersion, SearchIntent
from catalog.search.dense import PASSAGES_READ, nearest_sql, vector_literal, vector_search
from catalog.search.scope import EVERYTHING

logger = logging.getLogger(__name__)
#: How many queries are measured: the most frequent ones, and titles as queries. A graph may miss everything close to
#: one of them, which only a large sample shows.
QUERIES_SAMPLED, TITLES_SAMPLED = 100, 200
#: How many passages are used instead, if there is no encoder.
PASSAGES_SAMPLED = 100
NEIGHBOURS = 10
#: A search reads a hundred passages: a smaller ef_search is slower, since the scan has to resume for the rest.
EF_SEARCH_TRIED = (100, 150, 200, 300, 400, 600, 1_000)
#: Comparing this many numbers (passages times dimensions) one by one takes about as long as a search in a graph.
EXACT_UP_TO_NUMBERS = 4_000_000
#: PostgreSQL stores longer vectors outside their rows, where reading them takes ten times as long.
EXACT_UP_TO_DIMENSIONS = 1_000
#: A version is measured again once its passages have grown or shrunk by this factor.
GROWTH = 1.25
#: If the target is out of reach, a gain in recall that is not worth a wider search.
NEGLIGIBLE = 0.002
# Of equal vectors a graph may find any; cosines are distinguished no more finely than half precision allows.
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How many of the ten nearest passages searches find."""

    recall_at_10: float
    ef_search: int | None
    """None if they compare every passage."""
    passages: int
    queries: int
    """Of these, from the query log; titles or passages were used as well."""


def awaits_tuning(version: IndexVersion) -> bool:
    """Whether a complete version should be measured again, by its change in size, or has outgrown exact search.

    Two queries.
    """
    passages = passages_estimated(version)
    if not passages:
        return False
    if version.searched_exactly and not _few(version, passages / GROWTH):
        return True  # scans slow down as an import goes on, so do not wait for its end
    if EmbeddingState.objects.of(version).unfinished().exists():
        return False
    known = version.passages_measured
    return known is None or not known / GROWTH <= passages <= known * GROWTH


def tune(version: IndexVersion) -> Measured | None:
    """Measure the graph and store its ef_search; None without passages.

    Few passages are searched exactly, since no graph finds everything. If a query is close to a single item, as a title
    is to its own, the items through which the graph leads to it are far from the query, and a search may never reach
    it.

    Real queries are further from the passages than passages are from each other, and harder for a graph. So the query
    log and titles serve as queries, and passages only if the encoder is unavailable. Costs an exact scan for each of up
    to 300 vectors, and loads the encoder.
    """
    passages = passages_counted(version)
    if not passages:
        return None
    if _few(version, passages):
        return _kept(version, Measured(recall_at_10=1.0, ef_search=None, passages=passages, queries=0))
    queries = [row["query"] for row in SearchIntent.objects.all().counts_by_query(limit=QUERIES_SAMPLED)]
    vectors = _encoded(version, queries + _titles(version))
    if not vectors:
        queries, vectors = [], _passage_vectors(version)
    with patient_cursor(), vector_search() as cursor:
        asked = [(vector, _bound(cursor, version, vector)) for vector in vectors]
        recalls: dict[int, float] = {}
        for ef_search in EF_SEARCH_TRIED:
            recalls[ef_search] = _recall(cursor, version, asked, ef_search)
            if recalls[ef_search] >= settings.HNSW_TARGET_RECALL:
                break
    enough = min(settings.HNSW_TARGET_RECALL, max(recalls.values()) - NEGLIGIBLE)
    chosen = next(ef_search for ef_search, recall in recalls.items() if recall >= enough)
    found = Measured(recall_at_10=recalls[chosen], ef_search=chosen, passages=passages, queries=len(queries))
    return _kept(version, found)


def _few(version: IndexVersion, passages: float) -> bool:
    """Whether this many passages are searched exactly."""
    return version.dimensions <= EXACT_UP_TO_DIMENSIONS and passages * version.dimensions <= EXACT_UP_TO_NUMBERS


def _kept(version: IndexVersion, found: Measured) -> Measured:
    version.ef_search, version.recall_at_10, version.passages_measured = (
        found.ef_search, found.recall_at_10, found.passages,
    )  # fmt: skip
    version.save(update_fields=["ef_search", "recall_at_10", "passages_measured"])
    return found


def _titles(version: IndexVersion) -> list[str]:
    """Titles of items spread over the version."""
    with patient_cursor() as cursor:
        cursor.execute(
            """
            SELECT item.title FROM catalog_embeddingstate AS state JOIN catalog_item AS item ON item.id = state.item_id
            WHERE state.version_id = %s AND state.state = 'done' ORDER BY hashint8(item.id) LIMIT %s
            """,
            [version.pk, TITLES_SAMPLED],
        )
        return [title for (title,) in cursor.fetchall()]


def _encoded(version: IndexVersion, texts: list[str]) -> list[str]:
    """Their vectors as queries; none without texts, or if the encoder is unavailable."""
    if not texts:
        return []
    try:
        return [vector_literal(vector) for vector in encoder_for(version.encoder_spec).encode_queries(texts)]
    except EncoderError as error:
        logger.warning("The graph of %s is measured without logged queries: %s", version, error)
        return []


def _passage_vectors(version: IndexVersion) -> list[str]:
    """Vectors of passages spread over the version."""
    with patient_cursor() as cursor:
        cursor.execute(
            """
            SELECT embedding::text FROM catalog_passage
            WHERE version_id = %s AND ordinal <> %s ORDER BY hashint8(item_id), ordinal LIMIT %s
            """,
            [version.pk, PICTURE_ORDINAL, PASSAGES_SAMPLED],
        )
        return [vector for (vector,) in cursor.fetchall()]


def _bound(cursor: Any, version: IndexVersion, vector: str) -> tuple[int, float]:
    """The number of passages to find, and the cosine of the furthest, by an exact scan."""
    cursor.execute(nearest_sql(version, EVERYTHING, passages=NEIGHBOURS, exact=True), {"vector": vector})
    cosines = [row[1] for row in cursor.fetchall()]
    return len(cosines), min(cosines)


def _recall(cursor: Any, version: IndexVersion, asked: list[tuple[str, tuple[int, float]]], ef_search: int) -> float:
    """The share of the nearest passages that the graph finds, using the statement of real searches."""
    looking = copy.copy(version)
    looking.ef_search = ef_search
    statement = nearest_sql(looking, EVERYTHING, passages=PASSAGES_READ[0])
    shares = []
    for vector, (count, bound) in asked:
        cursor.execute(statement, {"vector": vector})
        near = sum(row[1] >= bound - TOLERANCE for row in cursor.fetchall())
        shares.append(min(near, count) / count)
    return sum(shares) / len(shares)
