"""Candidates for recommendations."""

from __future__ import annotations

from recommender.candidates import find_candidates
from tests.factories import make_item


def test_where_nothing_but_what_is_near_is_wanted_and_there_is_nothing_to_be_near_to_there_are_none(db):
    make_item("a")
    found = find_candidates(legs=["near"])
    assert (len(found.item_ids), len(found.popularity)) == (0, 0)
