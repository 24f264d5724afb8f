"""The marks of an item whose place differs in the second of two lists."""

from __future__ import annotations

from dashboard.marks import Mark, place_after, place_before


def test_a_place_that_is_the_same_has_no_mark():
    assert place_after(2, 2) == place_before(2, 2) == []


def test_the_list_before_says_where_an_item_stands_now():
    assert place_after(5, 2) == [Mark(kind="up", text="now 2")]
    assert place_after(2, 5) == [Mark(kind="down", text="now 5")]


def test_the_list_after_says_how_far_an_item_has_moved():
    assert place_before(2, 5) == [Mark(kind="up", text="↑ 3")]
    assert place_before(5, 2) == [Mark(kind="down", text="↓ 3")]
    assert place_before(5, None) == [Mark(kind="new", text="New here")]
