"""The people who look at the pages, and what they look at."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from catalog.models import Item
from tests.factories import make_item
from tests.recommender.pages.visits import PASSWORD


@pytest.fixture
def item(db) -> Item:
    return make_item("rain", "Rain", body="It rains.", category="Drama")


@pytest.fixture
def member(db) -> User:
    return User.objects.create_user("member", password=PASSWORD, first_name="Ada", last_name="Lovelace")
