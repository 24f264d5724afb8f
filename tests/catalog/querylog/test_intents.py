"""Which texts form one intent, and what an intent contains after each request."""

from __future__ import annotations

import pytest

from catalog.querylog.intents import (
    REQUESTS_KEPT,
    SHOWN_KEPT,
    begin,
    go_on,
    goes_on,
    is_reworded,
    normalised,
    take_click,
)
from tests.catalog.querylog.events import asked, opened


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("r", "robot"),  # typed on, however fast
        ("robot lo", "robot love"),
        ("robot love", "robot lov"),  # a letter deleted
        ("robot love", "robot"),  # exactly half is kept
        ("robt love", "robot love"),  # a letter inserted
        ("love", "robot love"),  # a word prepended
    ],
)
def test_what_is_typed_on_or_mended_is_a_rewording(before, now):
    assert is_reworded(before, now)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("robot", "r"),  # all deleted, and another text started
        ("robot", "whale"),
        ("robot love", "robot war"),
        ("alien", "enemy"),
    ],
)
def test_another_text_is_not(before, now):
    assert not is_reworded(before, now)


def test_case_accents_and_spacing_make_no_other_query():
    assert normalised("  Amélie   POULAIN ") == normalised("amelie poulain") == "amelie poulain"


def test_the_same_text_goes_on_even_after_another_and_a_new_wording_only_right_after():
    intent = begin(asked("robot"))
    assert goes_on(intent, asked("Robot ", 5), is_latest=False)
    assert goes_on(intent, asked("robots", 5), is_latest=True)
    assert not goes_on(intent, asked("robots", 5), is_latest=False)


def test_an_intent_ends_after_half_an_hour():
    intent = begin(asked("robot"))
    assert goes_on(intent, asked("robot", 30), is_latest=True)
    assert not goes_on(intent, asked("robot", 30.1), is_latest=True)


def test_once_something_was_opened_another_wording_is_another_intent():
    intent = begin(asked("alien"))
    assert take_click(intent, opened("alien", 12))
    assert not goes_on(intent, asked("aliens", 1), is_latest=True)
    assert goes_on(intent, asked("alien", 1), is_latest=True)


def test_an_intent_says_what_was_asked_last():
    intent = begin(asked("rob", total=90, close_total=0))
    go_on(intent, asked(" Robot  Love", 1, total=7, close_total=5, filtered=True, semantic_ratio=0.2, degraded=True))
    assert (intent.text, intent.folded) == ("Robot  Love", "robot love")
    assert (intent.total, intent.close_total, intent.filtered, intent.degraded) == (7, 5, True, True)
    assert (intent.semantic_ratio, intent.requests) == (0.2, 2)
    assert (intent.last_at - intent.started_at).total_seconds() == 60


def test_a_request_that_arrives_late_leaves_the_newer_text_alone():
    intent = begin(asked("robot", 2))
    late = asked("rob", 1, shown=(99,))
    go_on(intent, late)
    assert (intent.text, intent.shown) == ("robot", [11, 12, 13])
    assert intent.request_ids[-1] == late.request_id
    assert (intent.last_at - intent.started_at).total_seconds() == 60


def test_pages_of_one_listing_stand_one_after_the_other():
    intent = begin(asked("robot", shown=(1, 2)))
    go_on(intent, asked("robot", 1, shown=(3, 4), offset=2))
    assert intent.shown == [1, 2, 3, 4]
    go_on(intent, asked("robot", 2, shown=(7,), offset=6))
    assert intent.shown == [1, 2, 3, 4, 0, 0, 7]
    go_on(intent, asked("robots", 3, shown=(8,), offset=1))
    assert intent.shown == [0, 8]


def test_a_click_has_the_place_of_its_item_over_all_pages():
    intent = begin(asked("robot", shown=(1, 2)))
    go_on(intent, asked("robot", 1, shown=(3, 4), offset=2))
    assert take_click(intent, opened("robot", 4))
    assert (intent.clicks, intent.best_click) == ([[4, 4]], 4)
    assert take_click(intent, opened("robot", 2))
    assert (intent.clicks, intent.best_click) == ([[4, 4], [2, 2]], 2)
    assert take_click(intent, opened("robot", 3))
    assert intent.best_click == 2


def test_what_was_not_shown_and_what_was_opened_already_are_no_clicks():
    intent = begin(asked("robot"))
    assert not take_click(intent, opened("robot", 99))
    assert take_click(intent, opened("robot", 11))
    assert not take_click(intent, opened("robot", 11))
    assert intent.clicks == [[11, 1]]


def test_what_an_intent_holds_is_bounded():
    intent = begin(asked("x" * 2_000, shown=tuple(range(1, 200))))
    for number in range(50):
        go_on(intent, asked("x" * 2_000, 1, offset=10_000 if number % 2 else 0, shown=tuple(range(1, 200))))
    assert len(intent.text) == len(intent.folded) == 200
    assert len(intent.shown) == SHOWN_KEPT
    assert len(intent.request_ids) == REQUESTS_KEPT


def test_askers_are_told_apart_for_one_text_and_known_again_for_no_other():
    ada, bob = (begin(asked("robot", asker=name)).asker for name in ("user-1", "user-2"))
    assert ada != bob
    assert begin(asked(" ROBOT", asker="user-1")).asker == ada
    assert begin(asked("whale", asker="user-1")).asker != ada
