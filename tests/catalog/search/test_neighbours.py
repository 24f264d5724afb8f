"""Words that stand side by side: which pairs a query has, where a text has them, and what is read."""

import numpy as np
import pytest

from catalog.search import neighbours
from catalog.search.candidates import find_candidates
from catalog.search.lexical import Words, read_words
from catalog.search.neighbours import has_side_by_side, neighbour_shares, pairs_of
from tests.factories import make_item, make_items

WEIGHED = Words(weights={"lord": 2.0, "rings": 3.0, "blu": 1.0, "ray": 4.0})


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("Lord of the Rings", {"lord of the rings": 5.0}),
        ("lord, rings & Blu-ray", {"lord rings": 5.0, "rings blu": 4.0, "blu ray": 5.0}),
        ("the lord", {}),
        ("of the", {}),
        ("", {}),
    ],
)
def test_each_two_neighbours_are_a_pair_with_the_stop_words_between_them(text, pairs):
    assert pairs_of(text, WEIGHED) == pairs


def test_of_a_long_query_the_heaviest_pairs_are_looked_for(monkeypatch):
    monkeypatch.setattr(neighbours, "MOST_PAIRS", 2)
    assert pairs_of("lord rings blu ray", WEIGHED) == {"blu ray": 5.0, "lord rings": 5.0}


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("with lake bell as chloe", True),
        ("lake bell", True),
        ("lake bellows, lake bell", True),
        ("snowlake bell", False),
        ("lake bells", False),
        ("lake. bell", False),
        ("the bell of the lake", False),
        ("", False),
    ],
)
def test_a_pair_is_whole_words_in_the_order_of_the_query(text, held):
    assert has_side_by_side(text, "lake bell") is held


def shares(text: str) -> dict[int, float]:
    words = read_words(text)
    candidates = find_candidates(words=words)
    return dict(zip(candidates.item_ids.tolist(), neighbour_shares(text, words, candidates).tolist(), strict=True))


def test_a_share_is_by_the_weight_of_the_pairs(db):
    """In `blue whale song` the second pair is rarer: `whale` is in all four items, the others in two and in one."""
    both = make_item("both", title="A blue whale", body="a Whale-Song at night")
    first = make_item("first", title="Blue whale", body="")
    make_items([{"external_id": name, "title": "A whale", "body": ""} for name in ("x", "y")])
    weights = read_words("blue whale song").weights
    heavy, light = weights["whale"] + weights["song"], weights["blue"] + weights["whale"]
    found = shares("Blue whale SONG")
    assert found[both.pk] == 1.0
    assert found[first.pk] == pytest.approx(light / (heavy + light))
    assert light < heavy


def test_neighbours_are_found_in_any_field_and_across_none(db):
    attribute = make_item("attribute", title="Surfers", body="", attributes={"cast": ["Lake Bell"]})
    accents = make_item("accents", title="Lake\nBéll", body="")
    across = make_item("across", title="A lake", body="Bell rings")
    assert shares("lake bell") == {attribute.pk: 1.0, accents.pk: 1.0, across.pk: 0.0}


def test_only_the_items_that_match_best_are_read(db, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(neighbours, "ITEMS_READ", 1)
    make_item("long", title="Other things", body="lake bell and much else beside it")
    best = make_item("best", title="Lake Bell", body="lake bell")
    words = read_words("lake bell")
    candidates = find_candidates(words=words)
    with django_assert_num_queries(1):
        found = neighbour_shares("lake bell", words, candidates)
    assert candidates.item_ids[np.flatnonzero(found)].tolist() == [best.pk]


def test_a_query_of_one_word_reads_nothing(db, django_assert_num_queries):
    make_item("lake", title="Lake")
    words = read_words("lake")
    candidates = find_candidates(words=words)
    with django_assert_num_queries(0):
        assert neighbour_shares("lake", words, candidates).tolist() == [0.0]
