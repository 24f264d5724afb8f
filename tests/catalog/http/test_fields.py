"""Lists of numbers in a body, and serializers that share their fields."""

from __future__ import annotations

import pytest
from rest_framework import serializers

from catalog.http.fields import NumbersField
from catalog.http.serializers import StrictSerializer, checked


class Body(StrictSerializer):
    numbers = NumbersField(required=False)
    name = serializers.CharField()


def errors_of(data, **options):
    body = Body(data=data, **options)
    body.is_valid()
    return body.errors


def test_whole_and_real_numbers_become_real_ones():
    numbers = checked(Body(data={"name": "a", "numbers": [1, -2.5]}))["numbers"]
    assert numbers == [1.0, -2.5]
    assert all(type(number) is float for number in numbers)


@pytest.mark.parametrize("wrong", ["x", "1", True, None, [1.0], 10**400])
def test_what_is_no_number_is_named_by_its_place(wrong):
    error = errors_of({"name": "a", "numbers": [0.5, wrong, 1]})["numbers"]
    assert {place: [detail.code for detail in details] for place, details in error.items()} == {"1": ["invalid"]}


@pytest.mark.parametrize("data", ["[1, 2]", {"0": 1}, 7])
def test_what_is_no_list_is_refused(data):
    assert [detail.code for detail in errors_of({"name": "a", "numbers": data})["numbers"]] == ["not_a_list"]


def test_a_partial_serializer_asks_for_nothing_although_another_has_asked():
    assert "name" in errors_of({})
    assert errors_of({}, partial=True) == {}
    assert "name" in errors_of({})


def test_serializers_of_one_class_do_not_share_what_they_found():
    good, bad = Body(data={"name": "a"}), Body(data={"nmae": "a"})
    assert (good.is_valid(), bad.is_valid()) == (True, False)
    assert good.validated_data == {"name": "a"}


def test_a_class_made_from_another_has_fields_of_its_own():
    class Wider(Body):
        more = serializers.IntegerField()

    assert errors_of({"name": "a"}) == {}
    assert set(Wider(data={}).fields) == {"numbers", "name", "more"}
    assert set(Body(data={}).fields) == {"numbers", "name"}
