"""The facts are those of the published items, whoever writes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from tests.factories import make_item

pytestmark = pytest.mark.django_db


def facts_of(item_id: int) -> set[tuple[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, coalesce(text, number::text) FROM catalog_fact WHERE item_id = %s", [item_id])
        rows = cursor.fetchall()
    assert len(rows) == len(set(rows))
    return set(rows)


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_each_value_of_an_item_is_a_fact():
    attributes = {"genres": ["Drama", "War", "Drama"], "year": 1990, "seen": True, "note": "x" * 101}
    item = make_item("one", category="Film", language="en", attributes=attributes)
    found = facts_of(item.pk)
    assert {("category", "Film"), ("language", "en"), ("genres", "Drama"), ("genres", "War")} <= found
    assert {("year", "1990"), ("seen", "true")} <= found
    assert len(found) == 7


def test_numbers_keep_every_digit():
    item = make_item("one", attributes={"price": 0.1, "size": 2**53})
    assert {(name, Decimal(number)) for name, number in facts_of(item.pk)} == {
        ("price", Decimal("0.1")),
        ("size", Decimal(2**53)),
    }


def test_facts_follow_changes_and_leave_with_the_item():
    item = make_item("one", attributes={"year": 1990, "genres": ["Drama"]})
    execute("""UPDATE catalog_item SET attributes = '{"year": 1991}'""")
    assert facts_of(item.pk) == {("year", "1991")}
    execute("UPDATE catalog_item SET published = false")
    assert facts_of(item.pk) == set()
    execute("UPDATE catalog_item SET published = true, category = 'Film'")
    assert facts_of(item.pk) == {("year", "1991"), ("category", "Film")}
    execute("DELETE FROM catalog_item")
    assert facts_of(item.pk) == set()


@pytest.mark.parametrize("attributes", ["[]", "5", "{}", '{"a": {"b": 1}, "c": [], "d": null}'])
def test_whatever_stands_among_the_attributes_can_be_written(attributes):
    item = make_item("one")
    execute(f"UPDATE catalog_item SET attributes = '{attributes}'")
    assert {name for name, _ in facts_of(item.pk)} <= {"a"}
