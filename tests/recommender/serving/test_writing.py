"""How lists are logged, and how actions are matched to their list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from recommender.models import ShownList
from recommender.serving.events import ListShown, ListUsed
from recommender.serving.tidying import tidy_lists
from recommender.serving.writing import write

pytestmark = pytest.mark.django_db
VISIT = UUID(int=3)


def shown(*item_ids: int, minutes_ago: float = 0, **fields: Any) -> ListShown:
    usual: dict[str, Any] = {
        "source": "page",
        "scenario": "home",
        "model_id": 4,
        "experiment_id": None,
        "variant": "",
        "unit": None,
        "request_id": uuid4(),
        "visit": VISIT,
    }
    return ListShown(at=timezone.now() - timedelta(minutes=minutes_ago), item_ids=item_ids, **usual | fields)


def used(item_id: int, *, acted: bool = False, minutes_ago: float = 0, **fields: Any) -> ListUsed:
    return ListUsed(at=timezone.now() - timedelta(minutes=minutes_ago), item_id=item_id, acted=acted, **fields)


def rows() -> list[tuple[list[int], list[int], list[int]]]:
    return list(ShownList.objects.order_by("shown_at", "id").values_list("item_ids", "clicked", "acted"))


def test_a_list_is_one_row_and_what_is_done_is_noted_by_its_places():
    mine = shown(11, 12, 13)
    write([mine, shown(11, 12)])
    asked: dict[str, Any] = {"request_id": mine.request_id}
    assert write([used(13, **asked), used(13, **asked), used(12, acted=True, **asked), used(99, **asked)]) != []
    write([used(11, **asked)])
    assert ([11, 12, 13], [1, 3], [2]) in rows()
    assert ([11, 12], [], []) in rows()


def test_on_pages_the_last_list_of_the_visit_and_scenario_that_shows_the_item_counts():
    write(
        [
            shown(11, 12, minutes_ago=9),
            shown(12, 13, minutes_ago=5),
            shown(12, minutes_ago=2, scenario="for-you"),
            shown(12, minutes_ago=1, visit=UUID(int=9)),
        ]
    )
    write([used(12, visit=VISIT, scenario="home"), used(11, visit=VISIT, scenario="home")])
    assert rows() == [([11, 12], [1], []), ([12, 13], [1], []), ([12], [], []), ([12], [], [])]
    write([used(12, visit=VISIT, acted=True)])
    assert rows()[2] == ([12], [], [1])


def test_after_a_day_nothing_is_taken_for_coming_of_a_list():
    old = shown(11, minutes_ago=25 * 60)
    write([old])
    assert write([used(11, request_id=old.request_id, minutes_ago=1)]) == []
    assert rows() == [([11], [], [])]
    write([used(11, request_id=old.request_id, minutes_ago=61)])
    assert rows() == [([11], [1], [])]


def test_what_comes_before_its_list_waits_a_little_for_it():
    late = shown(11)
    early = used(11, request_id=late.request_id)
    assert write([early]) == [early]
    assert write([used(11, request_id=late.request_id, minutes_ago=1)]) == []
    assert write([late, early]) == []
    assert rows() == [([11], [1], [])]


def test_what_ties_a_list_to_somebody_is_forgotten_and_so_are_old_lists(settings):
    settings.RECOMMENDATION_LOG_DAYS = 10
    over, day_old, old = (
        shown(1, minutes_ago=40, visit=UUID(int=1)),
        shown(2, minutes_ago=25 * 60, visit=UUID(int=2)),
        shown(3, minutes_ago=11 * 24 * 60),
    )
    going_on = [shown(4, minutes_ago=40), shown(5, minutes_ago=10)]
    write([over, day_old, old, *going_on])
    assert tidy_lists() == 3
    kept = {row.item_ids[0]: row for row in ShownList.objects.all()}
    assert set(kept) == {1, 2, 4, 5}
    assert (kept[1].visit, kept[1].request_id) == (None, over.request_id)
    assert (kept[2].visit, kept[2].request_id) == (None, None)
    assert kept[4].visit == kept[5].visit == VISIT
    assert tidy_lists() == 0
