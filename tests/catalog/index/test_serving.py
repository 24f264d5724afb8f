"""The version that searches read from, and rows read by prebuilt statements."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.database.rows import read_rows
from catalog.errors import InvalidQuery
from catalog.index.serving import serving_version
from catalog.index.versions import activate
from catalog.models import IndexVersion, Item, RulesStamp
from catalog.search import SearchQuery, search
from tests.factories import add_vector, make_item, make_items, make_synonym, make_version

pytestmark = pytest.mark.django_db


def present() -> IndexVersion:
    version = serving_version()
    assert version is not None
    return version


def test_without_an_active_version_there_is_none():
    assert serving_version() is None


def test_it_is_the_active_version_with_all_its_values():
    made = make_version(dimensions=3)
    found = present()
    names = [field.attname for field in IndexVersion._meta.concrete_fields]
    read = IndexVersion.objects.get(pk=made.pk)
    assert {name: getattr(found, name) for name in names} == {name: getattr(read, name) for name in names}
    assert found.rules_stamp == RulesStamp.NONE


def test_a_switch_is_seen_at_once():
    first, second = make_version(dimensions=3), make_version(dimensions=3, state=IndexVersion.State.READY)
    assert present().pk == first.pk
    activate(second)
    assert present().pk == second.pk


def test_the_stamp_of_the_rules_is_the_present_one():
    make_version(dimensions=3)
    make_synonym(["film"], ["movie"])
    assert present().rules_stamp == RulesStamp.objects.get().value


def test_rows_are_read_whole():
    make_items([{"external_id": "a", "attributes": {"year": 1999, "genres": ["Drama"]}}, {"external_id": "b"}])
    pk = Item.objects.get(external_id="a").pk
    (item,) = read_rows(Item, "id = ANY(%s)", [[pk, 0]])
    names = [field.attname for field in Item._meta.concrete_fields]
    read = Item.objects.get(pk=pk)
    assert {name: getattr(item, name) for name in names} == {name: getattr(read, name) for name in names}
    assert item.get_deferred_fields() == set()


def test_a_field_that_is_left_out_is_read_when_it_is_asked_for(django_assert_num_queries):
    made = make_item("a")
    (item,) = read_rows(Item, "id = %s", [made.pk], deferred=["created_at"])
    with django_assert_num_queries(0):
        assert (item, item.title, item.get_deferred_fields()) == (made, made.title, {"created_at"})
    with django_assert_num_queries(1):
        assert item.created_at == made.created_at


EAST, NORTH = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


@pytest.fixture
def shelf() -> IndexVersion:
    """An active version with an item to the east, which a search has cached."""
    version = make_version(dimensions=3)
    add_vector(version, make_item("east"), EAST)
    assert found() == ["east"]
    return version


def found(vector=EAST) -> list[str]:
    return [hit.item.external_id for hit in search(SearchQuery(vector=vector)).hits]


def statements(action) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        action()
    return [query["sql"] for query in captured]


def test_a_search_by_what_is_remembered_takes_two_statements(shelf):
    assert len(statements(found)) == 2


def test_another_version_counts_from_the_next_search_on(shelf):
    other = make_version(dimensions=3, state=IndexVersion.State.READY)
    add_vector(other, make_item("north"), NORTH)
    activate(other)
    assert found(NORTH) == ["north"]


def test_a_change_of_the_version_counts_from_the_next_search_on(shelf):
    assert search(SearchQuery(vector=EAST)).close_total == 1
    IndexVersion.objects.update(relevance_cutoff=1.5)
    assert search(SearchQuery(vector=EAST)).close_total == 0
    IndexVersion.objects.update(relevance_cutoff=0.5)
    assert search(SearchQuery(vector=EAST)).close_total == 1


def test_a_vector_that_only_the_version_before_refuses_is_searched_with(shelf):
    other = make_version(dimensions=2, state=IndexVersion.State.READY)
    activate(other)
    assert search(SearchQuery(vector=(1.0, 0.0))).hits == ()
    with pytest.raises(InvalidQuery):
        search(SearchQuery(vector=EAST))


def test_where_no_version_is_active_any_more_none_is_searched(shelf):
    IndexVersion.objects.update(state=IndexVersion.State.RETIRED)
    assert search(SearchQuery(vector=EAST)).degraded
