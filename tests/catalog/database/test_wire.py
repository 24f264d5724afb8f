"""Columns written to a table with binary COPY, and read back."""

import numpy as np
import pytest
from django.db import connection

from catalog.database.wire import ROWS_A_WRITE, copy_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def table() -> str:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE copied (id bigint, place integer, embedding halfvec) ON COMMIT DROP")
    return "copied"


def columns(rows: int) -> dict[str, np.ndarray]:
    vectors = np.linspace(-1, 1, rows * 3).reshape(rows, 3).astype(np.float32)
    return {"id": np.arange(rows) - 2**40, "place": np.arange(rows, dtype=np.int32), "embedding": vectors}


@pytest.mark.parametrize("rows", [1, ROWS_A_WRITE + 1])
def test_rows_arrive_as_they_were(table: str, rows: int) -> None:
    given = columns(rows)
    copy_in(table, given)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, place, embedding::real[] FROM copied ORDER BY id")
        ids, places, vectors = zip(*cursor.fetchall(), strict=True)
    assert ids == tuple(given["id"].tolist())
    assert places == tuple(given["place"].tolist())
    np.testing.assert_array_equal(np.array(vectors, np.float32), given["embedding"].astype(np.float16))


def test_no_rows_are_none(table: str) -> None:
    copy_in(table, columns(0))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM copied")
        assert cursor.fetchone() == (0,)
