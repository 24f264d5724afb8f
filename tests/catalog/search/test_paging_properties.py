"""Pages, totals and facets of a search agree with each other and with a plain count, whatever the page size."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Item
from catalog.search import search
from catalog.search.queries import SearchQuery, SearchResults
from tests.databases import database, undone
from tests.factories import add_passages, make_items, make_version
from workers.scratch import using

WORDS = ["whale", "ship", "harbour", "storm", "captain"]
GENRES = ["Drama", "War", "Comedy"]
ITEMS = 90
ROWS: list[dict[str, Any]] = [
    {
        "external_id": f"{number:03}",
        "title": " ".join(random.Random(number).choices(WORDS, k=2)),
        "category": GENRES[number % 3],
        "attributes": {"genres": random.Random(number).sample(GENRES, number % 3), "number": number % 7},
    }
    for number in range(ITEMS)
]
QUERIES = st.builds(
    SearchQuery,
    text=st.lists(st.sampled_from([*WORDS, "nowhere"]), max_size=3).map(" ".join),
    vector=st.none() | st.tuples(*[st.floats(0.1, 1)] * 3),
    filter=st.sampled_from(["", "category = Drama", "number >= 3", "genres = War OR number = 0", "number = 99"]),
    sort=st.sampled_from(["", "newest", "title", "-title", "number", "-number"]),
    semantic_ratio=st.sampled_from([0.0, 0.3, 1.0]),
    threshold=st.none() | st.sampled_from([0.1, 0.4]),
    facets=st.just(("genres", "category", "number")),
    limit=st.integers(1, 100),
    highlight=st.just(False),
)


@pytest.fixture(scope="module")
def shelf_database(template_database, django_db_blocker):
    with database(django_db_blocker, template=template_database) as name:
        with django_db_blocker.unblock(), using(name):
            ids = make_items(ROWS)
            generator = random.Random(1)
            vectors = {pk: [[generator.random() for _ in range(3)]] for name, pk in ids.items() if int(name) % 4}
            add_passages(make_version(), vectors)
        yield name


@pytest.fixture
def shelf(shelf_database, django_db_blocker):
    with django_db_blocker.unblock(), undone(shelf_database):
        yield


def pages(query):
    """All pages of a search, in order."""
    found: list[SearchResults] = []
    while True:
        results = search(replaced(query, offset=sum(map(len, (page.hits for page in found)))))
        found.append(results)
        if len(results.hits) < query.limit:
            return found


def replaced(query, **changes):
    fields = {name: getattr(query, name) for name in SearchQuery.__slots__}
    return SearchQuery(**(fields | changes))


def is_found(row, query):
    """Whether an item that meets the filter is a hit: by words alone, one that holds any of them."""
    by_words = query.text and query.vector is None
    return not by_words or not set(row["title"].split()).isdisjoint(query.text.split())


def meets(row, text):
    genres, number = row["attributes"]["genres"], row["attributes"]["number"]
    return {
        "": True,
        "category = Drama": row["category"] == "Drama",
        "number >= 3": number >= 3,
        "genres = War OR number = 0": "War" in genres or number == 0,
        "number = 99": False,
    }[text]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUERIES)
def test_pages_hold_every_hit_once_in_one_order_and_agree_on_totals_and_facets(shelf, query):
    found = pages(query)
    hits = [hit for page in found for hit in page.hits]
    names = [hit.item.external_id for hit in hits]

    assert len(names) == len(set(names)) == found[0].total
    whole = search(replaced(query, limit=100))
    assert [hit.item.external_id for hit in whole.hits] == names
    for page in found:
        assert (page.total, page.close_total, page.facets, page.facet_stats, page.histograms) == (
            whole.total,
            whole.close_total,
            whole.facets,
            whole.facet_stats,
            whole.histograms,
        )


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUERIES)
def test_totals_and_facets_are_those_of_a_plain_count(shelf, query):
    results = search(replaced(query, limit=100))
    rows = {row["external_id"]: row for row in ROWS}
    hits = [(hit, rows[hit.item.external_id]) for hit in results.hits]
    matching = [row for row in ROWS if meets(row, query.filter)]

    assert all(meets(row, query.filter) for _, row in hits)
    if query.filter and query.threshold is None:
        assert results.total == sum(is_found(row, query) for row in matching)
    close = [row for hit, row in hits if hit.close]
    assert results.close_total == len(close)
    counted = close or [row for _, row in hits]
    assert as_counter(results.facets["genres"]) == Counter(
        genre for row in counted for genre in row["attributes"]["genres"]
    )
    assert as_counter(results.facets["category"]) == Counter(row["category"] for row in counted)
    numbers = [row["attributes"]["number"] for row in counted]
    assert results.facet_stats == ({"number": (min(numbers), max(numbers))} if numbers else {})
    assert sum(bucket.count for bucket in results.histograms.get("number", ())) == len(numbers)


def as_counter(values):
    return Counter({each.value: each.count for each in values})


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUERIES)
def test_scores_fall_close_hits_come_first_when_sorted_and_the_threshold_holds(shelf, query):
    hits = search(replaced(query, limit=100)).hits
    scores = [hit.score for hit in hits]
    if query.text or query.vector:
        if query.sort:
            closeness = [hit.close for hit in hits]
            assert closeness == sorted(closeness, reverse=True)
        else:
            assert scores == sorted(scores, reverse=True)
        assert all(score >= (query.threshold or 0) for score in scores)
    numbers = [hit.item.attributes["number"] for hit in hits if hit.close]
    if query.sort in ("number", "-number"):
        assert numbers == sorted(numbers, reverse=query.sort.startswith("-"))


def test_browsing_shows_all_there_is(shelf):
    results = search(SearchQuery(limit=100))
    assert results.total == Item.objects.count() == ITEMS
    assert not results.degraded
