"""Graphs of half-precision and of binary vectors: search statements walk both, as far as the version says."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection

from catalog.models import IndexVersion
from catalog.search import SearchQuery, search
from catalog.search.dense import nearest_sql, vector_literal, vector_search
from catalog.search.scope import EVERYTHING, Scope
from recommender.candidates import Around, find_candidates
from tests.databases import committed_db, template_database
from tests.factories import add_passages, make_items, make_version

__all__ = ["committed_db", "template_database"]

DIMENSIONS, ITEMS = 64, 600


def vectors(count: int, *, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(count, DIMENSIONS))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def filled(storage: str) -> tuple[IndexVersion, dict[str, int]]:
    version = make_version(dimensions=DIMENSIONS, storage=storage)
    ids = make_items([{"external_id": f"{number:03}"} for number in range(ITEMS)])
    add_passages(version, {ids[f"{n:03}"]: [vector.tolist()] for n, vector in enumerate(vectors(ITEMS, seed=1))})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_passage")
        cursor.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")  # so few would be scanned otherwise
    return version, ids


@pytest.fixture(params=["half", "binary"])
def version(request, db) -> IndexVersion:
    return filled(request.param)[0]


def test_a_search_walks_the_graph_and_finds_the_nearest_by_the_stored_halves(version):
    query = vectors(1, seed=2)[0]
    statement, parameters = nearest_sql(version, EVERYTHING, passages=10), {"vector": vector_literal(query)}
    with vector_search() as cursor:
        cursor.execute(f"EXPLAIN {statement}", parameters)
        assert f"catalog_passage_v{version.pk}_hnsw" in "\n".join(row[0] for row in cursor.fetchall())
    found = search(SearchQuery(vector=tuple(query.tolist()), limit=10))
    cosines = vectors(ITEMS, seed=1) @ query
    nearest = np.argsort(-cosines)[:10].tolist()
    assert len({int(hit.item.external_id) for hit in found.hits} & set(nearest)) >= 9
    for hit in found.hits:
        assert hit.cosine == pytest.approx(cosines[int(hit.item.external_id)], abs=2e-3)


def test_what_a_search_must_hold_is_checked_row_by_row_on_the_way(version):
    """A join with every item that holds the words would be made again for each row."""
    held = "EXISTS (SELECT FROM catalog_posting AS held WHERE held.term = 'x' AND held.item_id = catalog_item.id)"
    scope = Scope(condition=f"catalog_item.published AND {held}")
    statement = nearest_sql(version, scope, passages=10)
    with vector_search() as cursor:
        cursor.execute(f"EXPLAIN {statement}", {"vector": vector_literal(vectors(1, seed=2)[0])})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    above, _, below = plan.partition("SubPlan")
    assert "Join" not in above
    assert "Nested Loop" not in above
    assert "(item_id = passage" in below


def test_recommendations_come_from_it_too(version):
    query = vectors(1, seed=3)[0].astype(np.float32)
    found = find_candidates(legs=["near"], near=Around(version=version, vector=query)).item_ids.tolist()
    assert len(found) == 300
    results = search(SearchQuery(vector=tuple(query.tolist()), limit=10))
    assert {hit.item.pk for hit in results.hits} <= {*found}


def test_how_far_a_version_looks_holds_for_its_statements_alone(committed_db):
    version, _ = filled("half")
    site = setting("hnsw.ef_search")
    query = {"vector": vector_literal(vectors(1, seed=4)[0])}

    def cosines(ef_search: int) -> list[float]:
        version.ef_search = ef_search
        with vector_search() as cursor:
            cursor.execute(nearest_sql(version, EVERYTHING, passages=10), query)
            return [row[1] for row in cursor.fetchall()]

    near, far = cosines(1), cosines(400)
    assert sum(near) < sum(far)
    assert setting("hnsw.ef_search") == site


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])
