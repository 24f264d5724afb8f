"""Migrations that move data, in their own database."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from recommender.models import Preferences, UserEmbedding
from recommender.preferences import opt_out
from recommender.subjects import Subject
from tests.recommender.spaces import VISITOR, did, make_space


def migrate(name: str) -> None:
    MigrationExecutor(connection).migrate([("recommender", name)])


def test_vectors_left_over_from_before_people_opted_out_are_deleted(committed_db):
    ids = make_space()
    account, other = (Subject(user_id=User.objects.create_user(name).pk) for name in ("ada", "bob"))
    for subject in (VISITOR, account, other):
        did(subject, "like", ids["space-0"])
    stored: list[Any] = list(UserEmbedding.objects.all())
    opt_out(VISITOR)
    opt_out(account)
    migrate("0012_records_in_turn")
    UserEmbedding.objects.bulk_create(row for row in stored if row.subject != other)
    Preferences.objects.update(changed_at=None)

    migrate("0013_lifetimes")
    assert [row.subject for row in UserEmbedding.objects.all()] == [other]
    assert {own.subject: own.changed_at is None for own in Preferences.objects.all()} == {
        VISITOR: False,
        account: True,
    }
