"""Attributes declare themselves."""

import pytest

from catalog.items import attributes
from catalog.items.attributes import kind_of, register_attributes
from catalog.models import Attribute

pytestmark = pytest.mark.django_db


def described(name):
    attribute = Attribute.objects.get(name=name)
    return attribute.kind, attribute.many, attribute.facet


@pytest.mark.parametrize(
    ("value", "kind"),
    [("x", "text"), ("", "text"), (1, "number"), (1.5, "number"), (True, "boolean"), (["x"], "text"), ([], "text")],
)
def test_the_first_value_settles_the_kind(value, kind):
    assert kind_of(value) == kind
    assert register_attributes([{"name": value}]) == [None]
    assert described("name")[0] == kind


def test_a_value_of_another_kind_is_refused_and_named():
    register_attributes([{"year": 1, "seen": True, "tags": "x"}])
    assert register_attributes([{"year": "x"}, {"seen": 1}, {"tags": True}, {"year": True}, {"year": 2.5}]) == [
        "year: A number is expected, as in earlier items.",
        "seen: True or false is expected, as in earlier items.",
        "tags: Text is expected, as in earlier items.",
        "year: A number is expected, as in earlier items.",
        None,
    ]


def test_within_one_batch_the_first_row_settles_the_kind():
    reasons = register_attributes([{}, {"n": 1}, {"n": "one"}])
    assert reasons[:2] == [None, None]
    assert reasons[2] is not None and "number" in reasons[2]


def test_a_list_anywhere_makes_an_attribute_hold_lists_for_good():
    register_attributes([{"tags": "x"}])
    assert described("tags")[1] is False
    register_attributes([{"tags": "x"}, {"tags": ["x", "y"]}])
    assert described("tags")[1] is True
    register_attributes([{"tags": "x"}])
    assert described("tags")[1] is True


def test_texts_are_facets_where_they_repeat():
    rows = [{"genre": f"g{n % 4}", "name": f"n{n}", "tags": [f"g{n % 3}"], "always": "x"} for n in range(40)]
    register_attributes(rows)
    assert {name: described(name)[2] for name in ("genre", "name", "tags", "always")} == {
        "genre": True,
        "name": False,
        "tags": True,
        "always": False,
    }


def test_of_few_values_only_lists_numbers_and_truth_are_facets():
    register_attributes([{"text": "x", "list": ["x"], "number": 1, "truth": False}])
    assert {name: described(name)[2] for name in ("text", "list", "number", "truth")} == {
        "text": False,
        "list": True,
        "number": True,
        "truth": True,
    }


def test_the_number_of_names_is_bounded_and_known_ones_go_on_working(monkeypatch):
    monkeypatch.setattr(attributes, "MAX_ATTRIBUTE_NAMES", 3)
    register_attributes([{"a": 1}, {"b": 1}])
    assert register_attributes([{"c": 1, "d": 1}, {"a": 2}, {"e": 1}]) == [
        "d: The catalogue already has 3 attributes.",
        None,
        "e: The catalogue already has 3 attributes.",
    ]
    assert Attribute.objects.count() == 3


def test_rows_without_attributes_declare_nothing():
    assert register_attributes([{}, {}]) == [None, None]
    assert register_attributes([]) == []
    assert not Attribute.objects.exists()
