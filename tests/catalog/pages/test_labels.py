"""How attributes and their values are displayed."""

from __future__ import annotations

import pytest

from catalog.models import Attribute
from catalog.views.labels import meta_line, number_label
from tests.factories import make_item


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [
        ("released", 1995, "1995"),
        ("released", 1995.0, "1995"),
        ("price", 9999.5, "9999.5"),
        ("price", 12500, "12,500"),
        ("depth", -12500, "-12,500"),
        ("year", 12500, "12500"),
    ],
)
def test_numbers_that_may_be_years_are_not_grouped(name, value, label):
    assert number_label(name, value) == label


@pytest.mark.django_db
def test_the_line_under_a_title_has_no_value_that_says_nothing_without_its_name():
    item = make_item("chair", "Chair", attributes={"in_stock": "yes", "maker": "Thonet"})
    assert meta_line(item, list(Attribute.objects.all())) == ["Thonet"]
