"""Fixed windows, counted in the real cache."""

from __future__ import annotations

import uuid

import pytest
from django.core.cache import cache
from rest_framework.settings import api_settings

from catalog.http.throttling import Allowance, Rate, seconds_to_wait


def test_rates_are_read_as_drf_writes_them():
    assert Rate.parse("20/min") == Rate(limit=20, period_s=60)
    assert Rate.parse("5/s") == Rate(limit=5, period_s=1)


@pytest.fixture
def rates(monkeypatch):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "read", "3/hour")


def test_the_limit_is_reached_and_the_wait_is_told(rates):
    ident = uuid.uuid4().hex
    waits = [seconds_to_wait("read", ident) for _ in range(5)]
    assert waits[:3] == [0, 0, 0]
    assert all(0 < wait <= 3600 for wait in waits[3:])


def test_callers_are_counted_apart(rates):
    for _ in range(2):
        ident = uuid.uuid4().hex
        assert [seconds_to_wait("read", ident) for _ in range(3)] == [0, 0, 0]


def test_a_process_takes_its_share_of_a_limit_at_a_time_and_no_more_pass_than_the_limit(monkeypatch):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "read", "300/hour")
    ident, rate = uuid.uuid4().hex, Rate.parse("300/hour")
    one, other = Allowance(), Allowance()
    passed = sum(process.take(f"read:{ident}:1", rate) for _ in range(400) for process in (one, other))
    assert passed == 300


def test_a_share_that_was_taken_is_used_without_asking_again(monkeypatch):
    ident, rate = uuid.uuid4().hex, Rate.parse("300/hour")
    process = Allowance()
    assert process.take(f"read:{ident}:1", rate)
    cache.delete(f"throttle:read:{ident}:1")
    assert [process.take(f"read:{ident}:1", rate) for _ in range(2)] == [True, True]
    assert cache.get(f"throttle:read:{ident}:1") is None
    process.take(f"read:{ident}:1", rate)
    assert cache.get(f"throttle:read:{ident}:1") == 3


def test_only_so_many_windows_are_remembered():
    rate, process = Rate.parse("300/hour"), Allowance(most_windows=2)
    for _ in range(5):
        assert process.take(f"read:{uuid.uuid4().hex}:1", rate)
    assert len(process._left) <= 2
