"""Whatever the rules: pages contain every hit once, in one order, and agree with a plain reading of the rules."""

from contextlib import contextmanager
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import SearchRule
from catalog.search import search
from catalog.search.queries import SearchQuery
from tests.catalog.search.test_paging_properties import QUERIES, ROWS, pages, replaced, shelf, shelf_database
from tests.databases import template_database

__all__ = ["shelf", "shelf_database", "template_database"]

IDS = [row["external_id"] for row in ROWS]
HIDING = {
    "": lambda row: False,
    "category = War": lambda row: row["category"] == "War",
    "number <= 2": lambda row: row["attributes"]["number"] <= 2,
    "genres = Drama AND number > 0": lambda row: (
        "Drama" in row["attributes"]["genres"] and row["attributes"]["number"] > 0
    ),
}
RULES = st.lists(
    st.fixed_dictionaries(
        {
            "pins": st.dictionaries(st.sampled_from(IDS), st.integers(1, 110), max_size=4),
            "hidden_items": st.lists(st.sampled_from(IDS), max_size=4, unique=True),
            "hide_filter": st.sampled_from(sorted(HIDING)),
            "boosts": st.lists(
                st.fixed_dictionaries(
                    {
                        "filter": st.sampled_from(["number >= 4", "category = Drama"]),
                        "amount": st.sampled_from([-0.5, 0.2, 0.5]),
                    }
                ),
                max_size=2,
            ),
        }
    ),
    min_size=1,
    max_size=3,
)


@contextmanager
def in_force(rules: list[dict[str, Any]]):
    """Rules for every search, undone afterwards."""
    with transaction.atomic():
        for number, rule in enumerate(rules):
            pins = [{"item": item, "position": position} for item, position in rule["pins"].items()]
            SearchRule.objects.create(name=str(number), condition="always", **(rule | {"pins": pins}))
        yield
        transaction.set_rollback(True)


def is_hidden(row: dict[str, Any], rules: list[dict[str, Any]]) -> bool:
    return any(row["external_id"] in rule["hidden_items"] or HIDING[rule["hide_filter"]](row) for rule in rules)


def names(results) -> list[str]:
    return [hit.item.external_id for hit in results.hits]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUERIES, RULES)
def test_pages_neither_repeat_nor_lose_a_hit(shelf, query, rules):
    with in_force(rules):
        found = pages(query)
        listed = [name for page in found for name in names(page)]
        assert len(listed) == len(set(listed)) == found[0].total
        assert listed == names(search(replaced(query, limit=100)))
        assert {page.total for page in found} == {found[0].total}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUERIES, RULES)
def test_nothing_hidden_is_found_counted_or_pinned_and_nothing_else_is_lost(shelf, query, rules):
    plain = search(replaced(query, limit=100, threshold=None))
    rows = {row["external_id"]: row for row in ROWS}
    shown = {name for name in IDS if not is_hidden(rows[name], rules)}
    with in_force(rules):
        results = search(replaced(query, limit=100, threshold=None))
    assert set(names(results)) <= shown
    assert {name for name in names(plain) if name in shown} <= set(names(results))
    assert sum(value.count for value in results.facets["category"]) == results.close_total or not results.close_total


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUERIES, RULES)
def test_pinned_items_stand_in_order_at_their_places_or_at_the_end(shelf, query, rules):
    rows = {row["external_id"]: row for row in ROWS}
    with in_force(rules):
        results = search(replaced(query, limit=100))
    positions: dict[str, int] = {}
    for rule in rules:
        positions = {**rule["pins"], **positions}
    pinned = [(place, hit) for place, hit in enumerate(results.hits, start=1) if hit.pinned]
    if query.sort:
        assert not pinned
        return
    reach = max((place for place, hit in enumerate(results.hits, start=1) if hit.close), default=0)
    for place, hit in pinned:
        wanted = positions[hit.item.external_id]
        assert place >= min(wanted, reach - len(pinned) + 1)
        crowded = sum(positions[other.item.external_id] <= wanted for _, other in pinned)
        assert place <= wanted + crowded
    may_be_pinned = {name for name in positions if not is_hidden(rows[name], rules)}
    if not query.filter:
        assert {hit.item.external_id for _, hit in pinned} == may_be_pinned


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(QUERIES, RULES)
def test_scores_fall_but_for_what_is_pinned_and_their_parts_add_up(shelf, query, rules):
    with in_force(rules):
        hits = search(replaced(query, limit=100, explain=True)).hits
    if query.sort or not (query.text or query.vector):
        return
    boosting = any(rule["boosts"] for rule in rules)
    unpinned = [hit for hit in hits if not hit.pinned]
    for group in ([True], [False]) if boosting else ([True, False],):
        scores = [hit.score for hit in unpinned if hit.close in group]
        assert scores == sorted(scores, reverse=True)
    if boosting:
        assert [hit.close for hit in unpinned] == sorted((hit.close for hit in unpinned), reverse=True)
    for hit in hits:
        assert hit.explanation is not None
        parts = hit.explanation.keyword_contribution + hit.explanation.semantic_contribution + hit.explanation.boost
        assert abs(parts - hit.score) < 1e-9
        assert 0 <= hit.score <= 1


def test_a_query_of_its_own_is_no_part_of_the_others(shelf):
    assert search(SearchQuery(limit=1)).rules == ()
