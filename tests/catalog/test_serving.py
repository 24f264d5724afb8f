"""The version that searches read from, and rows read by statements that are written once."""

from __future__ import annotations

import pytest

from catalog.indexing import activate
from catalog.models import IndexVersion, Item, RulesStamp
from catalog.rows import read_rows
from catalog.serving import serving_version
from tests.factories import make_items, make_synonym, make_version

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
