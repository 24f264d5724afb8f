"""Counts of attribute values."""

import itertools
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.errors import InvalidQuery
from catalog.items.saving import save_items
from catalog.search import search
from catalog.search.facets import (
    MATCHING_ITEMS,
    MAX_BUCKETS,
    MAX_VALUES,
    VALUES_SQL,
    Bucket,
    FacetValue,
    count_found,
    count_matching,
    histogram,
)
from catalog.search.predicates import predicate
from catalog.search.queries import SearchQuery
from tests.factories import make_items

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def test_buckets_have_a_round_width_and_begin_at_a_multiple_of_it():
    # From 1990 to 2020 in at most 20 buckets: 30 / 19 is 1.58, so 2.
    buckets = histogram({1990: 3, 1991: 1, 2001: 2, 2020: 1})
    assert buckets[0] == Bucket(low=1990, high=1992, last=1991, count=4)
    assert buckets[5] == Bucket(low=2000, high=2002, last=2001, count=2)
    assert buckets[-1] == Bucket(low=2020, high=2022, last=2021, count=1)
    assert len(buckets) == 16
    assert sum(bucket.count for bucket in buckets) == 7


def test_a_number_at_a_boundary_is_in_the_bucket_that_begins_there():
    # .3 / .1 is less than 3 in floats. The range of 1.9 makes the width .1.
    buckets = histogram({0.0: 1, 0.3: 2, 1.9: 1})
    assert buckets[3] == Bucket(low=0.3, high=0.4, last=0.3, count=2)


def test_a_single_value_is_a_bucket_of_width_1():
    assert histogram({7: 5}) == [Bucket(low=7, high=8, last=7, count=5)]


def test_buckets_of_whole_numbers_are_at_least_1_wide():
    # The range of 3 / 19 is .16, which would make the width .2.
    assert [bucket.low for bucket in histogram({1956: 1, 1959: 2})] == [1956, 1957, 1958, 1959]
    assert histogram({1956.5: 1, 1959: 2})[1].low == 1956.6


def test_negative_numbers_lie_below_zero():
    assert next(bucket.low for bucket in histogram({-2: 1, 2: 1})) == -2


@given(st.dictionaries(NUMBERS, st.integers(1, 9), min_size=1, max_size=50))
@example({1.7e308: 1, -1.7e308: 1})
@example({0.0: 1, 5e-324: 1})
@example({1e300: 1, 1.0000000000000002e300: 1})
def test_every_value_is_counted_in_the_bucket_it_belongs_to(counts):
    buckets = histogram(counts)
    assert len(buckets) <= MAX_BUCKETS + 1
    assert sum(bucket.count for bucket in buckets) == sum(counts.values())
    assert buckets[0].low <= min(counts)
    assert max(counts) <= buckets[-1].high
    assert all(one.high == other.low for one, other in itertools.pairwise(buckets))


@given(
    st.dictionaries(
        st.integers(-9999, 9999).map(float) | st.decimals(-99, 99, places=2).map(float), st.just(1), min_size=1
    )
)
@example({0.0: 1, 20.0: 1, 380.0: 1})
@example({6.5: 1, 7.5: 1, 7.6: 1, 8.4: 1})
def test_the_range_from_low_to_last_holds_what_the_bucket_counts(counts):
    buckets = histogram(counts)
    within = [sum(bucket.low <= value <= bucket.last for value in counts) for bucket in buckets]
    assert within == [bucket.count for bucket in buckets]


@pytest.fixture
def items(db):
    return make_items(
        [
            {"external_id": "1", "category": "Drama", "attributes": {"genres": ["Drama", "War"], "year": 1990}},
            {"external_id": "2", "category": "Drama", "attributes": {"genres": ["Drama", "Drama"], "year": 1995}},
            {"external_id": "3", "category": "War", "attributes": {"genres": "War", "year": 1990.5, "seen": True}},
            {"external_id": "4", "language": "en", "attributes": {"seen": False}},
        ]
    )


def test_an_item_counts_once_for_each_of_its_values(items):
    facets = count_matching(("genres", "category", "language", "seen"), None)
    assert facets.values == {
        "genres": [FacetValue(value="Drama", count=2), FacetValue(value="War", count=2)],
        "category": [FacetValue(value="Drama", count=2), FacetValue(value="War", count=1)],
        "language": [FacetValue(value="en", count=1)],
        "seen": [FacetValue(value="false", count=1), FacetValue(value="true", count=1)],
    }


def test_numbers_have_their_range_and_a_histogram(items):
    facets = count_matching(("year",), None)
    assert facets.values == {}
    assert facets.stats == {"year": (1990.0, 1995.0)}
    assert sum(bucket.count for bucket in facets.histograms["year"]) == 3


def test_a_facet_asked_for_twice_counts_once(items):
    assert count_matching(("genres", "genres"), None).values["genres"][0] == FacetValue(value="Drama", count=2)


def test_counts_are_of_the_items_named_or_of_those_that_meet_the_filter(items):
    found = count_found(("category",), [items["1"], items["3"]])
    assert found.values["category"] == [FacetValue(value="Drama", count=1), FacetValue(value="War", count=1)]
    matching = count_matching(("category",), predicate("year < 1991"))
    assert matching == found


def test_unpublished_items_are_not_counted_when_browsing(items):
    make_items([{"external_id": "1", "category": "Drama", "published": False}])
    assert count_matching(("category",), None).values["category"][0] == FacetValue(value="Drama", count=1)


def test_nothing_found_is_an_empty_list(items):
    facets = count_found(("genres", "year"), [])
    assert facets.values == {"genres": []}
    assert facets.stats == {}
    assert facets.histograms == {}


def test_only_the_commonest_values_are_listed(db):
    make_items(
        [{"external_id": str(n), "attributes": {"tags": [str(tag) for tag in range(n + 1)]}} for n in range(130)]
    )
    values = count_matching(("tags",), None).values["tags"]
    assert len(values) == MAX_VALUES
    expected = Counter(str(tag) for n in range(130) for tag in range(n + 1))
    assert [(each.value, each.count) for each in values] == expected.most_common(MAX_VALUES)


def test_an_unknown_facet_is_refused_with_the_known_ones(items):
    with pytest.raises(
        InvalidQuery, match=r"Unknown facet “shoe size”\. Known: category, genres, language, seen, year"
    ):
        count_matching(("shoe size",), None)


def test_no_facets_cost_no_query(items, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert count_found((), [1, 2]).values == {}


def test_the_two_forms_of_an_accent_are_one_value_whichever_of_them_is_asked_for(db):
    save_items(
        [
            {"external_id": "composed", "title": "Été", "category": "Été", "attributes": {"métier": "Été"}},
            {
                "external_id": "decomposed",
                "title": "E\u0301te\u0301",
                "category": "E\u0301te\u0301",
                "attributes": {"me\u0301tier": "E\u0301te\u0301"},
            },
        ]
    )
    for name, value in (("métier", "Été"), ("me\u0301tier", "E\u0301te\u0301")):
        found = search(SearchQuery(filter=f"{name} = {value} AND category = {value}", facets=(name, "category")))
        assert found.total == 2
        assert found.facets == {name_of: [FacetValue(value="Été", count=2)] for name_of in ("métier", "category")}


def test_attributes_are_read_once_an_item_and_equal_lists_are_taken_apart_once(db):
    """A hundred thousand items are counted while a visitor waits."""
    make_items([{"external_id": str(n), "title": "x", "attributes": {"tags": ["a", "b"], "n": 1}} for n in range(200)])
    statement = VALUES_SQL.format(items=MATCHING_ITEMS.format(condition="true"))
    with connection.cursor() as cursor:
        parameters: dict[str, Any] = {"names": ["tags", "n"], "items": 1_000}
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT json) {statement}", parameters)
        ((plans,),) = cursor.fetchall()
    loops = {node["Node Type"]: node["Actual Loops"] for node in nodes(plans[0]["Plan"])}
    assert loops["Function Scan"] == 200
    assert loops["ProjectSet"] == 2


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)
