"""The buffer between requests and the database, with the real database behind it."""

from __future__ import annotations

import logging
import threading
from multiprocessing import get_context

import pytest
from django.db import connection

from catalog.models import SearchIntent
from catalog.querylog.buffer import Buffer
from catalog.querylog.writing import write
from tests.catalog.querylog.events import asked
from tests.waiting import wait_until


def log_threads() -> int:
    return sum(thread.name == "query log" for thread in threading.enumerate())


def test_events_are_written_by_a_thread_that_starts_with_the_first(committed_db):
    buffer = Buffer(write, every_s=0.05)
    before = log_threads()
    for number in range(5):
        buffer.add(asked(f"query {number}", visit=None))
    assert log_threads() == before + 1
    wait_until(lambda: SearchIntent.objects.count() == 5, timeout_s=10, what="the events to be written")
    buffer.close()
    assert log_threads() == before


def test_closing_writes_the_last_batch(committed_db):
    buffer = Buffer(write, every_s=3_600)
    buffer.add(asked("robot"))
    buffer.close()
    assert SearchIntent.objects.get().text == "robot"


def test_a_full_buffer_loses_events_and_says_so(committed_db, caplog):
    buffer = Buffer(write, capacity=2, every_s=3_600)
    with caplog.at_level(logging.WARNING):
        for number in range(5):
            buffer.add(asked(f"query {number}", number, visit=None))
        buffer.close()
    assert list(SearchIntent.objects.order_by("started_at").values_list("text", flat=True)) == ["query 0", "query 1"]
    assert "3 entries of the query log were lost." in caplog.text


def test_a_database_that_is_away_costs_entries_and_nothing_else(committed_db, caplog):
    name = connection.settings_dict["NAME"]
    buffer = Buffer(write, every_s=3_600)
    with caplog.at_level(logging.WARNING):
        connection.settings_dict["NAME"] = "no_such_database"
        try:
            buffer.add(asked("lost"))
            buffer.close()
        finally:
            connection.settings_dict["NAME"] = name
    assert "The query log cannot be written" in caplog.text
    buffer.add(asked("kept"))
    buffer.close()
    assert SearchIntent.objects.get().text == "kept"


@pytest.mark.django_db
def test_what_waits_is_written_with_the_next_batch():
    batches = []

    def write_late(events):
        batches.append([event.text for event in events])
        return [event for event in events if event.text == "early" and len(batches) == 1]

    buffer = Buffer(write_late, every_s=3_600)
    for text in ("early", "other"):
        buffer.add(asked(text))
    buffer.flush()
    buffer.add(asked("later"))
    buffer.flush()
    assert batches == [["early", "other"], ["early", "later"]]
    buffer.close()


def log_one() -> None:
    Buffer(write, every_s=3_600).add(asked("last words"))


def test_a_process_that_ends_writes_what_it_still_holds(committed_db):
    """Servers end their workers in a way that runs no `atexit` functions."""
    process = get_context("fork").Process(target=log_one)
    process.start()
    process.join(timeout=20)
    assert process.exitcode == 0
    assert SearchIntent.objects.get().text == "last words"
