"""How many pages one caller may request."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from rest_framework.settings import api_settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def address(monkeypatch) -> str:
    """An address that has not called yet, on a site that allows three pages an hour."""
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "pages", "3/hour")
    return f"fd00::{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}"


def statuses(address: str, path: str, count: int) -> list[int]:
    return [Client(REMOTE_ADDR=address).get(path).status_code for _ in range(count)]


def test_a_burst_of_pages_is_told_to_wait(address):
    assert statuses(address, "/search?q=sea", 3) == [200, 200, 200]
    refused = Client(REMOTE_ADDR=address).get("/search?q=sea")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert "Too many requests" in refused.content.decode()


def test_a_forged_header_is_no_other_caller(address):
    assert statuses(address, "/", 3) == [200, 200, 200]
    forged = [Client(REMOTE_ADDR=address, headers={"X-Forwarded-For": f"10.0.0.{n}"}).get("/") for n in range(3)]
    assert [response.status_code for response in forged] == [429, 429, 429]


def test_health_checks_and_the_api_are_not_pages(address):
    assert statuses(address, "/livez", 5) == [200] * 5
    assert statuses(address, "/api/v1/search?q=sea", 5) == [200] * 5
