"""How vector indexes are read: with the site's settings, over its own connections and over a pooler's."""

import pytest
from django.db import connection

from catalog.search.dense import NEAREST_ITEMS, PASSAGES_READ, nearest, vector_search
from catalog.search.scope import EVERYTHING
from tests.factories import add_passages, make_items, make_version


def setting(cursor, name):
    cursor.execute(f"SHOW {name}")
    return cursor.fetchone()[0]


@pytest.mark.parametrize("pooled", [False, True])
def test_the_settings_hold_for_connections_of_our_own_and_of_a_pooler(db, settings, pooled):
    settings.DATABASE_POOLED = pooled
    if pooled:  # somebody else's connection, as a pooler lends it
        with connection.cursor() as cursor:
            cursor.execute("SET hnsw.ef_search = 7; SET hnsw.iterative_scan = off")
    with vector_search() as cursor:
        for name, value in settings.VECTOR_SEARCH.items():
            assert setting(cursor, name) == value, name


def test_where_passages_crowd_as_many_items_are_found_as_a_page_may_hold(db):
    version = make_version()
    ids = make_items([{"external_id": str(number)} for number in range(NEAREST_ITEMS + 20)])
    of_each = [[[1.0, pk / 1_000, place / 1_000] for place in range(2)] for pk in ids.values()]
    add_passages(version, dict(zip(ids.values(), of_each, strict=True)))
    with vector_search() as cursor:
        found = nearest(cursor, version, [1.0, 0.0, 0.0], EVERYTHING).passages
        few = nearest(cursor, version, [1.0, 0.0, 0.0], EVERYTHING, items=10).passages
    assert len(found) >= NEAREST_ITEMS > len(few)
    assert len(few) * 2 <= PASSAGES_READ[0] + 2
    assert all(ordinal == 0 for _, ordinal, _, _ in list(found.values())[:20])
