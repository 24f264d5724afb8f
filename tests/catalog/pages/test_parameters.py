"""Search URLs, read and written."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import Attribute
from catalog.views.parameters import Asked, read_address

ATTRIBUTES = [
    Attribute(name="genres", kind="text", many=True),
    Attribute(name="director", kind="text", facet=False),
    Attribute(name="year", kind="number"),
    Attribute(name="runtime_min", kind="number"),
    Attribute(name="restored", kind="boolean"),
    Attribute(name="page", kind="text"),
]
values = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)
ends = st.none() | st.floats(allow_nan=False, allow_infinity=False)


def read(query: str) -> Asked:
    return read_address(QueryDict(query), ATTRIBUTES)


def test_every_part_of_a_search_is_read():
    asked = read("q=+love+&genres=Drama&genres=Comedy&year_from=1990&year_to=1999&sort=-year&semantic_ratio=0.8&page=3")
    assert asked == Asked(
        text="love",
        chosen={"genres": ("Drama", "Comedy")},
        ranges={"year": (1990, 1999)},
        sort="-year",
        semantic_ratio=0.8,
        page=3,
    )
    assert asked.notes == ()


def test_what_is_usual_is_left_out_of_the_address():
    assert read("q=&genres=&year_from=&year_to=&sort=&semantic_ratio=0.50&page=1").address == "/search"
    assert Asked(text="a b&c").address == "/search?q=a+b%26c"


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("page=x", "Page cannot be “x”"),
        ("page=0", "Page cannot be “0”"),
        ("page=999999999999", "Page cannot be"),
        ("year_from=abc", "Year from cannot be “abc”"),
        ("year_from=nan", "Year from cannot be “nan”"),
        ("year_to=-inf", "Year to cannot be “-inf”"),
        ("semantic_ratio=2", "Semantic ratio cannot be “2”"),
        ("sort=password", "Unknown sort order “password”"),
        ("sort=genres", "Unknown sort order “genres”"),
        ("restored=maybe", "Restored must be true or false"),
    ],
)
def test_what_makes_no_sense_is_left_out_with_a_note(query, note):
    asked = read(query)
    assert asked == Asked()
    assert asked.notes[0].startswith(note)


def test_a_correction_is_refused_for_the_text_it_was_refused_for():
    refused = Asked(text="robbot", correct=False)
    assert read("q=robbot&correct=0") == read("q=+robbot&as_typed=robbot+") == refused
    assert refused.address == "/search?q=robbot&correct=0"
    assert refused.without_text.address == "/search"
    assert refused.with_text("sharkk").address == "/search?q=sharkk"
    assert read("q=sharkk&as_typed=robbot") == Asked(text="sharkk")
    assert read("q=&as_typed=").correct


def test_parameters_that_are_no_fields_are_passed_over():
    assert read("utm_source=mail&password__startswith=a&_connector=OR") == Asked()


def test_an_attribute_called_like_a_parameter_of_the_page_is_no_filter():
    assert read("page=2") == Asked(page=2)


def test_ends_of_a_range_in_the_wrong_order_are_turned_round():
    assert read("year_from=2000&year_to=1990").ranges == {"year": (1990, 2000)}


def test_changes_of_a_search_begin_at_its_first_page():
    asked = read("q=love&genres=Drama&genres=Comedy&year_from=1990&page=4")
    assert asked.without("genres").address == "/search?q=love&year_from=1990"
    assert asked.without_value("genres", "Drama").address == "/search?q=love&genres=Comedy&year_from=1990"
    assert asked.without_filters.address == "/search?q=love"
    assert asked.without_text.address == "/search?genres=Drama&genres=Comedy&year_from=1990"
    assert asked.at_page(5).address.endswith("&page=5")


@given(
    text=values.map(str.strip),
    genres=st.lists(values, unique=True, max_size=4),
    low=ends,
    high=ends,
    ratio=st.floats(0, 1),
    page=st.integers(1, 500),
)
def test_reading_an_address_gives_the_search_it_was_written_for(text, genres, low, high, ratio, page):
    low, high = sorted((low, high)) if low is not None and high is not None else (low, high)
    asked = Asked(
        text=text,
        chosen={"genres": tuple(genres)} if genres else {},
        ranges={} if low is None and high is None else {"runtime_min": (low, high)},
        semantic_ratio=ratio,
        page=page,
    )
    assert read(urlsplit(asked.address).query) == asked
