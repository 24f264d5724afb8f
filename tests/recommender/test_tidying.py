"""How long what visitors without an account did is kept."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.conf import settings as site
from django.contrib.auth.models import User
from django.db import models
from django.utils import timezone

from recommender import popularity
from recommender.models import (
    DeletionReceipt,
    Interaction,
    ItemPopularity,
    Preferences,
    ProfileState,
    SubjectModel,
    UserEmbedding,
)
from recommender.personal_data import delete_interest
from recommender.preferences import interest_with, opt_out, own_interests
from recommender.profiles import stale_subjects
from recommender.recommend import recommend
from recommender.space.histories import read_histories
from recommender.subjects import Subject
from recommender.tidying import tidy_visitors
from tests.recommender.spaces import VISITOR, did, make_space

SESSION_DAYS = site.SESSION_COOKIE_AGE / 86_400


@pytest.fixture
def ids(db) -> dict[str, int]:
    return make_space()


@pytest.fixture
def user(db) -> Subject:
    return Subject(user_id=User.objects.create_user("ada").pk)


def pass_days(days: float) -> None:
    """Make everything this much older, without marking profiles as changed."""
    states, earlier = list(ProfileState.objects.all()), timedelta(days=days)
    Interaction.objects.update(created_at=models.F("created_at") - earlier)
    for state in states:
        state.changed_at -= earlier
    ProfileState.objects.all().delete()
    ProfileState.objects.bulk_create(states)
    Preferences.objects.update(
        changed_at=models.F("changed_at") - earlier, opted_out_at=models.F("opted_out_at") - earlier
    )
    DeletionReceipt.objects.update(deleted_at=models.F("deleted_at") - earlier)


def kept(subject: Subject) -> set[type[SubjectModel]]:
    models_kept = (Interaction, ProfileState, UserEmbedding, Preferences, DeletionReceipt)
    return {model for model in models_kept if model._default_manager.filter(**subject.lookup).exists()}


def test_a_visitors_interests_are_kept_as_long_as_the_session(ids):
    did(VISITOR, "like", ids["space-0"])
    pass_days(SESSION_DAYS - 1)
    assert tidy_visitors() == 0
    assert kept(VISITOR) == {Interaction, ProfileState, UserEmbedding}
    pass_days(2)
    assert tidy_visitors() == 1
    assert kept(VISITOR) == {Interaction}


def test_the_events_of_a_session_that_is_over_still_count_for_others(ids):
    did(VISITOR, "like", ids["space-0"], ids["love-0"])
    pass_days(SESSION_DAYS + 1)
    tidy_visitors()
    popularity.refresh()
    assert set(ItemPopularity.objects.values_list("item_id", flat=True)) == {ids["space-0"], ids["love-0"]}
    assert [len(history.items) for history in read_histories(np.sort(np.array([*ids.values()])))] == [2]


def test_they_are_deleted_after_the_days_that_the_setting_says(ids, settings):
    settings.VISITOR_HISTORY_DAYS = 200
    did(VISITOR, "like", ids["space-0"])
    pass_days(100)
    did(VISITOR, "like", ids["love-0"])
    pass_days(101)
    tidy_visitors()
    assert list(Interaction.objects.values_list("item_id", flat=True)) == [ids["love-0"]]
    pass_days(100)
    tidy_visitors()
    popularity.refresh()
    assert kept(VISITOR) == set()
    assert not ItemPopularity.objects.exists()


def test_more_events_and_profiles_than_one_statement_deletes_are_deleted(ids, monkeypatch):
    monkeypatch.setattr("recommender.tidying.EVENTS_AT_ONCE", 2)
    monkeypatch.setattr("recommender.tidying.PROFILES_AT_ONCE", 2)
    others = [Subject(visitor=type(VISITOR.visitor)(int=number)) for number in range(20, 25)]  # type: ignore[misc]
    for other in others:
        did(other, "like", ids["space-0"])
    pass_days(400)
    assert tidy_visitors() == 10
    assert not any(map(kept, others))


def test_accounts_keep_what_they_did(ids, user):
    did(user, "like", ids["space-0"], ids["love-0"])
    found = interest_with(user, ids["love-0"])
    assert found is not None
    delete_interest(user, found)
    opt_out(user)
    pass_days(10_000)
    assert tidy_visitors() == 0
    assert kept(user) == {Interaction, ProfileState, Preferences, DeletionReceipt}


def test_an_opt_out_outlives_the_events_before_it(ids):
    did(VISITOR, "like", ids["space-0"])
    opt_out(VISITOR)
    pass_days(site.VISITOR_HISTORY_DAYS - 1)
    tidy_visitors()
    assert kept(VISITOR) == {Interaction, Preferences}
    pass_days(2)
    tidy_visitors()
    assert kept(VISITOR) == set()


def test_an_opt_out_lasts_as_long_as_the_session_however_short_histories_are_kept(ids, settings):
    settings.VISITOR_HISTORY_DAYS = 1
    opt_out(VISITOR)
    pass_days(SESSION_DAYS - 1)
    tidy_visitors()
    assert kept(VISITOR) == {Preferences}


def test_receipts_go_with_the_history(ids):
    did(VISITOR, "like", ids["space-0"], ids["love-0"])
    found = interest_with(VISITOR, ids["love-0"])
    assert found is not None
    delete_interest(VISITOR, found)
    pass_days(site.VISITOR_HISTORY_DAYS + 1)
    tidy_visitors()
    assert kept(VISITOR) == set()


def test_a_visitor_of_a_program_is_served_and_computed_again_after_being_idle(ids):
    did(VISITOR, "like", ids["space-0"], ids["space-1"])
    interests, listed = own_interests(VISITOR), recommend(VISITOR, limit=3)
    pass_days(SESSION_DAYS + 1)
    tidy_visitors()
    assert stale_subjects() == []
    assert [own.name for own in own_interests(VISITOR)] == [own.name for own in interests]
    assert [own.item.pk for own in recommend(VISITOR, limit=3)] == [own.item.pk for own in listed]
    did(VISITOR, "like", ids["rain-0"], days_ago=0.5)
    assert len(own_interests(VISITOR)) == 2
    assert kept(VISITOR) == {Interaction, ProfileState, UserEmbedding}


def test_a_profile_that_changes_meanwhile_is_kept(ids, monkeypatch):
    did(VISITOR, "like", ids["space-0"])
    pass_days(SESSION_DAYS + 1)

    def changed(subject: Subject) -> None:
        ProfileState.objects.update(changed_at=timezone.now())

    monkeypatch.setattr("recommender.tidying.take_turn", changed)
    assert tidy_visitors() == 0
    assert kept(VISITOR) == {Interaction, ProfileState, UserEmbedding}
