from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.callers import with_key


@pytest.fixture
def somebody(db: None) -> Client:
    """A visitor without credentials, who may read in this mode."""
    return Client()


@pytest.fixture
def searcher(db: None) -> APIClient:
    return with_key("search")


@pytest.fixture
def writer(db: None) -> APIClient:
    return with_key("write")


@pytest.fixture
def administrator(db: None) -> APIClient:
    return with_key("admin")
