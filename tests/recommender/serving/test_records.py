"""The record of what lists are made with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from recommender.models import EventKind, ServingRecord
from recommender.weights import save_weights
from tests.databases import connect
from tests.waiting import wait_until


def latest() -> dict[str, Any]:
    return ServingRecord.objects.latest().in_force


def weigh_likes(weight: float) -> None:
    EventKind.objects.filter(name="like").update(weight=weight)
    connection.close()


@pytest.mark.usefixtures("committed_db")
def test_of_two_changes_at_a_time_the_later_record_holds_both():
    with connect() as other, ThreadPoolExecutor(1) as threads:
        other.execute(
            "INSERT INTO recommender_scenariochange (scenario, changes, updated_at) VALUES ('home', '{}', now())"
        )
        change = threads.submit(weigh_likes, 7)
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_until(lambda: change.done() or other.execute(waits).fetchone() != (0,), timeout_s=30, what="the change")
        other.commit()
        change.result(timeout=30)
    assert latest()["kinds"]["like"][0] == 7
    assert "home" in latest()["scenarios"]


@pytest.mark.django_db
def test_several_weights_are_one_change():
    before = ServingRecord.objects.count()
    save_weights({"like": (3.0, 10.0), "view": (0.5, 5.0)})
    assert ServingRecord.objects.count() == before + 1
    assert (latest()["kinds"]["like"], latest()["kinds"]["view"]) == ([3.0, 10.0], [0.5, 5.0])


@pytest.mark.django_db
def test_what_changes_nothing_is_not_put_on_record():
    before = ServingRecord.objects.count()
    EventKind.objects.update(weight=F("weight"))
    assert ServingRecord.objects.count() == before
