"""Orders other than by relevance."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.errors import InvalidQuery
from catalog.models import Item
from catalog.search import SearchQuery, search
from catalog.search.predicates import predicate
from catalog.search.sorting import browse, order_by, sort_items
from tests.factories import add_passages, make_item, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def items():
    rows = [("b", "banana", 2), ("a", "Apple", 10), ("n", "none", None), ("c", "cherry", -1.5)]
    made = {}
    for minute, (name, title, price) in enumerate(rows):
        made[name] = make_item(name, title=title, attributes={} if price is None else {"price": price}).pk
        Item.objects.filter(pk=made[name]).update(created_at=f"2026-01-01T00:{minute:02}Z")
    return made


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", "cnab"),
        ("newest", "cnab"),
        ("-newest", "banc"),
        ("title", "abcn"),
        ("-title", "ncba"),
        ("price", "cban"),
        ("-price", "abcn"),
    ],
)
def test_items_stand_in_the_order_asked_for_and_those_without_the_number_last(items, sort, expected):
    order = order_by(sort)
    names = {pk: name for name, pk in items.items()}
    assert "".join(names[pk] for pk in sort_items(list(items.values()), order)) == expected
    page, total = browse(None, order, limit=10, offset=0)
    assert "".join(names[pk] for pk in page) == expected
    assert total == 4


def test_equal_values_stand_in_the_order_of_their_ids():
    ids = [make_item(name, title="Same", attributes={"price": 1}).pk for name in "zyx"]
    for sort in ("title", "-title", "price", "-price"):
        assert sort_items(ids[::-1], order_by(sort)) == ids


def test_a_page_of_what_meets_a_filter(items):
    page, total = browse(predicate("price >= -1"), order_by("price"), limit=1, offset=1)
    assert (page, total) == ([items["a"]], 2)


@pytest.mark.parametrize("sort", ["colour", "tags", "id", "password", "price; DROP TABLE x", "--price", "newest,price"])
def test_what_cannot_be_sorted_by_is_refused_with_what_can(items, sort):
    make_item("t", attributes={"tags": ["x"], "colour": "red"})
    with pytest.raises(InvalidQuery, match=r"Known: newest, title, price") as caught:
        order_by(sort)
    assert (caught.value.field, caught.value.code) == ("sort", "unknown_sort")


def test_a_value_of_another_kind_sorts_as_none(items):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_item SET attributes = '{\"price\": \"cheap\"}' WHERE external_id = 'a'")
    assert sort_items(list(items.values()), order_by("-price"))[-2:] == [items["a"], items["n"]]


def test_a_sort_does_not_bring_up_what_is_far_from_the_query():
    version = make_version()
    far, near, nearer = (
        make_item(name, attributes={"price": price}) for name, price in [("far", 1), ("near", 5), ("nearer", 9)]
    )
    add_passages(version, {far.pk: [[0, 1, 0]], near.pk: [[0.6, 0.8, 0]], nearer.pk: [[1, 0, 0]]})
    by_price = search(SearchQuery(vector=(1.0, 0.0, 0.0), sort="price"))
    assert [hit.item.external_id for hit in by_price.hits] == ["near", "nearer", "far"]
    assert [hit.close for hit in by_price.hits] == [True, True, False]
    assert (by_price.total, by_price.close_total) == (3, 2)


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        ("newest", "item_newest"),
        ("-newest", "item_newest"),
        ("title", "item_titles_in_order"),
        ("-title", "item_titles_in_order"),
        ("price", "catalog_fact_numbers"),
        ("-price", "catalog_fact_numbers"),
    ],
)
def test_the_whole_catalogue_is_listed_in_any_order_and_counted_from_indexes(items, sort, index):
    order = order_by(sort)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    with CaptureQueriesContext(connection) as queries:
        page, _ = browse(None, order, limit=2, offset=1)
    assert len(page) == 2
    (statement,) = [query["sql"] for query in queries.captured_queries]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Only Scan using item_" in plan
    assert f"using {index}" in plan
    assert "->  Sort" not in plan


def test_pages_of_an_order_by_number_go_on_with_items_without_it(items):
    order = order_by("price")
    pages = [browse(None, order, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [pk for page, _ in pages for pk in page] == [items[name] for name in "cban"]
    assert {total for _, total in pages} == {4}
