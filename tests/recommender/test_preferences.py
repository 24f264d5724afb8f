"""Muting interests, and turning personalisation off."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from recommender.interactions import NewInteraction, record_interactions
from recommender.models import Interaction, Preferences, ProfileState, UserEmbedding
from recommender.preferences import interest_with, is_opted_out, mute, opt_in, opt_out, own_interests, unmute
from recommender.profiles import refresh, stale_subjects
from recommender.recommend import recommend
from recommender.subjects import Subject
from recommender.viewer import viewer_of
from tests.recommender.spaces import NOW, VISITOR, did, make_space


@pytest.fixture
def ids(db) -> dict[str, int]:
    return make_space(of_each=8)


@pytest.fixture
def two_interests(ids) -> dict[str, int]:
    """Space weighs twice as much as love."""
    did(VISITOR, "like", ids["space-0"], ids["space-1"], ids["space-2"], ids["love-0"])
    return ids


def kinds_first(limit: int = 4) -> set[str]:
    found = recommend(VISITOR, limit=limit, diversity=0)
    return {own.item.external_id.split("-")[0] for own in found}


def muted() -> dict[str, bool]:
    return {own.name: own.muted for own in own_interests(VISITOR)}


def interest_of(item_id: int):
    found = interest_with(VISITOR, item_id)
    assert found is not None
    return found


def test_a_muted_interest_counts_for_nothing_until_it_is_unmuted(two_interests):
    assert kinds_first() == {"space"}
    mute(VISITOR, interest_of(two_interests["space-0"]))
    assert muted() == {"Space": True, "love-0": False}
    assert kinds_first() == {"love"}
    unmute(VISITOR, interest_of(two_interests["space-1"]))
    assert kinds_first() == {"space"}


def test_what_is_muted_names_no_reason_and_stays_left_out(two_interests):
    mute(VISITOR, interest_of(two_interests["space-0"]))
    found = recommend(VISITOR, limit=100)
    named = {reason.item.external_id for own in found for reason in own.reasons if reason.item}
    assert named == {"love-0"}
    assert all(sum(reason.share for reason in own.reasons) == pytest.approx(1) for own in found)
    assert not {"space-0", "space-1", "space-2"} & {own.item.external_id for own in found}


def test_a_mute_holds_as_the_interest_grows(two_interests):
    mute(VISITOR, interest_of(two_interests["space-0"]))
    did(VISITOR, "like", *(two_interests[f"space-{number}"] for number in range(3, 8)), days_ago=0.5)
    assert interest_of(two_interests["space-7"]).muted
    assert kinds_first() == {"love"}


def test_a_mute_holds_when_some_of_its_items_are_gone(two_interests):
    mute(VISITOR, interest_of(two_interests["space-0"]))
    Interaction.objects.filter(item_id__in=[two_interests["space-0"], two_interests["space-1"]]).delete()
    refresh(VISITOR)
    assert interest_of(two_interests["space-2"]).muted


def test_muting_twice_is_muting_once(two_interests):
    for _ in range(2):
        mute(VISITOR, interest_of(two_interests["love-0"]))
    assert len(Preferences.objects.get().mutes) == 1


def test_everything_muted_is_what_is_popular_and_new(two_interests):
    for name in ("space-0", "love-0"):
        mute(VISITOR, interest_of(two_interests[name]))
    assert viewer_of(VISITOR).interest is None
    assert {own.source for own in recommend(VISITOR, limit=5)} <= {"popular", "new"}


def test_of_somebody_who_opted_out_nothing_is_used_or_recorded(two_interests):
    opt_out(VISITOR)
    assert is_opted_out(VISITOR)
    assert own_interests(VISITOR) == []
    viewer = viewer_of(VISITOR)
    assert (viewer.interest, viewer.seen, viewer.interests) == (None, frozenset(), ())
    assert record_interactions(VISITOR, [NewInteraction(item_id=two_interests["rain-0"], kind="like")]) == 0
    assert Interaction.objects.of(VISITOR).count() == 4


def test_of_somebody_who_opted_out_no_interest_is_stored(two_interests):
    opt_out(VISITOR)
    assert not UserEmbedding.objects.exists()


def test_a_profile_of_somebody_who_opted_out_comes_to_nothing_and_is_done(two_interests):
    opt_out(VISITOR)
    ProfileState.objects.update(due_at=NOW)
    assert stale_subjects() == [VISITOR]
    assert refresh(VISITOR) == []
    assert not UserEmbedding.objects.exists()
    assert stale_subjects() == []


def test_opting_in_again_makes_the_profile_due(two_interests):
    opt_out(VISITOR)
    refresh(VISITOR)
    opt_in(VISITOR)
    assert stale_subjects() == [VISITOR]
    assert [own.name for own in own_interests(VISITOR)] == ["Space", "love-0"]
    assert UserEmbedding.objects.of(VISITOR).count() == 2


def test_others_are_recorded_as_before(two_interests):
    opt_out(VISITOR)
    user = Subject(user_id=User.objects.create_user("ada").pk)
    assert record_interactions(user, [NewInteraction(item_id=two_interests["rain-0"], kind="like")]) == 1


def test_opting_in_again_finds_everything_as_it_was(two_interests):
    opt_out(VISITOR)
    opt_in(VISITOR)
    assert kinds_first() == {"space"}
    assert record_interactions(VISITOR, [NewInteraction(item_id=two_interests["rain-0"], kind="like")]) == 1


def test_interests_that_are_due_are_worked_out_when_they_are_asked_for(two_interests):
    record_interactions(VISITOR, [NewInteraction(item_id=two_interests["rain-0"], kind="like")])
    assert interest_with(VISITOR, two_interests["rain-0"]) is not None


def test_nobody_has_no_interests(ids):
    assert own_interests(Subject()) == []
    assert not is_opted_out(Subject())
