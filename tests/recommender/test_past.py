"""Lists of a moment in the past: reproduced from what was known, set and served then."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from catalog.models import Item
from recommender.models import EventKind, Experiment, Interaction, ServingRecord, TasteModel
from recommender.past import past_of
from recommender.preferences import mute, own_interests
from recommender.profiles import refresh
from recommender.recommend import recommend
from recommender.serving.assignment import assignment_for
from recommender.serving.saving import save_scenario
from recommender.serving.scenarios import SCENARIOS
from recommender.space.choosing import put_to_use
from recommender.subjects import Subject
from tests.recommender.spaces import NOW, VISITOR, did, make_space
from tests.recommender.trained import make_community, train_briefly

pytestmark = pytest.mark.django_db
NOBODY = Subject()
BEGAN, THEN = NOW - timedelta(days=300), NOW - timedelta(days=100)


def lists(subject: Subject = VISITOR, *, at: datetime | None = None, **options) -> list[tuple[str, float]]:
    past = past_of(at, subject) if at else None
    return [(found.item.external_id, round(found.score, 9)) for found in recommend(subject, past=past, **options)]


def names(subject: Subject = VISITOR, **options) -> list[str]:
    return [name for name, _ in lists(subject, **options)]


def not_kept(moment: datetime, subject: Subject = VISITOR, *, scenario: str = "for-you") -> tuple[str, ...]:
    past = past_of(moment, subject)
    return past.not_kept_for(model_is_gone=assignment_for(scenario, subject, past=past).model_is_gone)


def all_is_from(moment: datetime) -> None:
    """Backdate everything to a moment."""
    Item.objects.update(created_at=moment)
    Interaction.objects.update(created_at=moment)
    ServingRecord.objects.update(since=moment)


def since_then_at(moment: datetime) -> None:
    """Backdate what was recorded after NOW to a moment."""
    ServingRecord.objects.filter(since__gt=NOW).update(since=moment)
    Interaction.objects.filter(created_at__gt=NOW).update(created_at=moment)
    Item.objects.filter(created_at__gt=NOW).update(created_at=moment)


@pytest.fixture
def ids() -> dict[str, int]:
    found = make_space()
    did(VISITOR, "like", found["space-0"])
    did(Subject(visitor=UUID(int=9)), "like", found["rain-0"], found["love-1"])
    all_is_from(BEGAN)
    return found


def test_what_was_done_added_and_made_popular_since_does_not_count(ids):
    before, before_of_nobody = lists(), lists(NOBODY)
    did(VISITOR, "like", ids["love-0"], ids["love-2"])
    did(Subject(visitor=UUID(int=8)), "buy", ids["rain-3"], ids["space-1"])
    Item.objects.create(external_id="newest", title="Newest")
    since_then_at(NOW)
    assert lists() != before
    assert lists(NOBODY) != before_of_nobody
    assert lists(at=THEN) == before
    assert lists(NOBODY, at=THEN) == before_of_nobody
    assert not_kept(THEN) == ()


def test_what_was_recorded_late_was_not_known_then(ids):
    before = lists()
    did(VISITOR, "like", ids["love-0"], days_ago=200)
    since_then_at(NOW)
    assert lists(at=THEN) == before


def test_the_settings_and_weights_of_then_count(ids):
    settings = SCENARIOS["for-you"].defaults.with_changes({"length": 3, "freshness": 2.0, "diversity": 0.0})
    save_scenario("for-you", settings)
    ServingRecord.objects.filter(since__gt=NOW).update(since=THEN)
    Item.objects.filter(pk=ids["rain-1"]).update(created_at=THEN)
    before = lists(at=THEN + timedelta(days=1))
    assert len(before) == 3
    assert before[0][0] == "rain-1"
    save_scenario("for-you", SCENARIOS["for-you"].defaults)
    EventKind.objects.filter(name="like").update(weight=-4)
    refresh(VISITOR)
    since_then_at(NOW)
    assert names(limit=1) != names(limit=1, at=THEN)
    assert lists(at=THEN + timedelta(days=1)) == before


def test_the_variant_of_then_counts(ids):
    user = Subject(user_id=User.objects.create_user("ada").pk)
    experiment = Experiment.objects.create(
        name="Short",
        scenario="for-you",
        state="running",
        variants=[
            {"name": "one", "share": 0.5, "changes": {"length": 1}},
            {"name": "two", "share": 0.5, "changes": {"length": 2}},
        ],
    )
    assigned = assignment_for("for-you", user)
    ServingRecord.objects.filter(since__gt=NOW).update(since=THEN)
    Experiment.objects.filter(pk=experiment.pk).update(state="stopped")
    since_then_at(NOW)
    past = past_of(THEN, user)
    then = assignment_for("for-you", user, past=past)
    assert (then.variant, then.settings.length) == (assigned.variant, assigned.settings.length)
    assert assignment_for("for-you", user).variant == ""


def test_before_the_site_kept_anything_histories_count_by_when_things_happened(ids):
    did(VISITOR, "like", ids["love-0"], days_ago=500)
    past = past_of(NOW - timedelta(days=400), VISITOR)
    assert past.not_kept == ("items", "settings", "model")
    assert names(at=NOW - timedelta(days=400), limit=1, diversity=0) == ["love-1"]


def test_decisions_that_were_changed_since_stand_and_are_said(ids):
    mute(VISITOR, own_interests(VISITOR)[0])
    assert not_kept(THEN) == ("preferences",)
    assert "space-1" not in names(at=THEN, limit=2)


def test_the_model_that_served_then_serves_while_it_is_kept():
    found = make_community()
    first = train_briefly().model
    assert first is not None
    did(VISITOR, "like", found["night-0"], found["night-1"])
    before = lists(limit=10)
    all_is_from(BEGAN)
    TasteModel.objects.update(activated_at=BEGAN)
    second = TasteModel.objects.create(version_id=first.version_id, state="ready", dimensions=first.dimensions)
    put_to_use(second.pk)
    since_then_at(NOW)
    assert not_kept(NOW) == ()
    assert lists(limit=10, at=THEN) == before
    TasteModel.objects.filter(pk=first.pk).update(state="retired")
    assert not_kept(THEN) == ("model",)


def test_a_model_of_a_variant_that_is_not_kept_is_said():
    gone = TasteModel.objects.create(version_id=1, state="ready", dimensions=2)
    user = Subject(user_id=User.objects.create_user("ada").pk)
    Experiment.objects.create(
        name="Models",
        scenario="for-you",
        state="running",
        variants=[{"name": "new", "share": 1.0, "changes": {"model": str(gone.pk)}}],
    )
    ServingRecord.objects.filter(since__gt=NOW).update(since=BEGAN)
    assert not_kept(THEN, user) == ()
    TasteModel.objects.filter(pk=gone.pk).update(state="retired")
    assert not_kept(THEN, user) == ("model",)
    assert not_kept(THEN, user, scenario="home") == ()


def test_a_list_of_the_untrained_score_stays_one_after_a_training():
    found = make_community()
    did(VISITOR, "like", found["night-0"], found["night-1"])
    before = lists(limit=10)
    all_is_from(BEGAN)
    assert train_briefly().promoted
    since_then_at(NOW)
    assert lists(limit=10) != before
    assert lists(limit=10, at=THEN) == before


def test_chance_falls_as_it_fell(ids):
    before = lists(NOBODY, exploration=0.5, limit=6, at=THEN)
    assert lists(NOBODY, exploration=0.5, limit=6, at=THEN) == before
    moments = [THEN + timedelta(seconds=second) for second in range(1, 9)]
    assert any(lists(NOBODY, exploration=0.5, limit=6, at=moment) != before for moment in moments)
