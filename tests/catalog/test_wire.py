"""Vectors as PostgreSQL sends them."""

from __future__ import annotations

import pytest
from django.db import connection

from catalog.wire import HALVES, IDS, binary, halves_of, ids_of, vector_of


@pytest.mark.django_db
def test_a_column_of_ids_and_one_of_vectors_keep_step():
    with connection.cursor() as cursor:
        binary(cursor).execute(
            f"""
            SELECT {IDS.format(column="id")}, {HALVES.format(column="own::halfvec")}, vector_send('[1,-0.5]'::vector)
            FROM (VALUES (9::bigint, '[1,0.5,-2]'), (-7::bigint, '[0,65504,0.25]')) AS given (id, own)
            """
        )
        ids, halves, vector = cursor.fetchone()
    assert ids_of(ids).tolist() == [9, -7]
    assert halves_of(halves, rows=2).tolist() == [[1, 0.5, -2], [0, 65504, 0.25]]
    assert vector_of(vector).tolist() == [1, -0.5]


def test_no_rows_are_no_vectors():
    assert ids_of(None).tolist() == []
    assert halves_of(None, rows=0).shape == (0, 0)
