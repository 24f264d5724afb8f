"""From events to rows."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from catalog.models import SearchIntent
from catalog.querylog.events import ClickMade, Event
from catalog.querylog.writing import write
from tests.catalog.querylog.events import OTHER_VISIT, asked, opened

pytestmark = pytest.mark.django_db


def texts() -> list[str]:
    return list(SearchIntent.objects.order_by("started_at", "id").values_list("text", flat=True))


def test_what_is_typed_becomes_one_row_within_a_batch_and_over_batches():
    write([asked("r"), asked("ro", 0.1), asked("robot", 0.2)])
    write([asked("robot l", 0.3), asked("robot love", 0.4)])
    assert texts() == ["robot love"]
    assert SearchIntent.objects.get().requests == 5


def test_other_texts_other_visits_and_searches_without_one_have_rows_of_their_own():
    write([asked("robot"), asked("whale", 1), asked("robot", 2, visit=OTHER_VISIT), asked("robot", 3, visit=None)])
    write([asked("robot", 4, visit=None)])
    assert texts() == ["robot", "whale", "robot", "robot", "robot"]


def test_coming_back_to_a_text_goes_on_with_its_row():
    write([asked("robot"), asked("whale", 1)])
    write([asked("robot", 2, shown=(21,), offset=3)])
    write([asked("robots", 3)])
    assert texts() == ["robots", "whale"]


def test_events_of_a_batch_are_taken_in_the_order_of_time():
    write([opened("alien", 12, 1), asked("aliens", 2), asked("alien", 0)])
    assert texts() == ["alien", "aliens"]
    assert SearchIntent.objects.get(text="alien").clicks == [[12, 2]]


def test_a_click_finds_its_search_by_visit_and_text():
    write([asked("robot"), asked("whale", 1)])
    assert write([opened("Robot", 13, 2)]) == []
    assert [intent.best_click for intent in SearchIntent.objects.order_by("started_at")] == [3, None]


def test_a_click_finds_its_search_by_any_of_its_request_ids_even_days_later():
    first, last = asked("rob", visit=OTHER_VISIT), asked("robot", 1, visit=OTHER_VISIT)
    write([first, last])
    SearchIntent.objects.update(open=False, visit=None)
    write([ClickMade(at=timezone.now(), item_id=12, request_id=first.request_id)])
    write([ClickMade(at=timezone.now(), item_id=11, request_id=last.request_id)])
    assert SearchIntent.objects.get().clicks == [[12, 2], [11, 1]]


def test_ids_of_nothing_and_items_that_were_not_shown_change_nothing():
    search = asked("robot")
    write([search])
    write([opened("robot", 11, visit=uuid4()), opened("other", 11), opened("robot", 99)])
    write([ClickMade(at=timezone.now(), item_id=99, request_id=search.request_id)])
    write([ClickMade(at=timezone.now() - timedelta(minutes=1), item_id=11, request_id=uuid4())])
    assert SearchIntent.objects.get().clicks == []


def test_a_click_waits_some_seconds_for_a_search_that_another_process_still_holds():
    search = asked("robot")
    early = ClickMade(at=timezone.now(), item_id=11, request_id=search.request_id)
    assert write([early]) == [early]
    write([search])
    assert write([early]) == []
    assert SearchIntent.objects.get().best_click == 1
    old = ClickMade(at=timezone.now() - timedelta(seconds=6), item_id=11, request_id=uuid4())
    assert write([old]) == []


def test_a_batch_costs_few_statements_however_many_events(django_assert_num_queries):
    write([asked("robot"), asked("whale", visit=OTHER_VISIT)])
    events: list[Event] = [asked("robots", 1), asked("whales", 1, visit=OTHER_VISIT), opened("robots", 11, 2)]
    with django_assert_num_queries(4 + 2):  # the savepoint is the test's
        write([*events, *(asked(f"query {number}", 1, visit=None) for number in range(300))])
