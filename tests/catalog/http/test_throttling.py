"""Fixed windows, counted in the real cache."""

from __future__ import annotations

import uuid

import pytest
from rest_framework.settings import api_settings

from catalog.http.throttling import Rate, seconds_to_wait


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
