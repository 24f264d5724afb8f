"""Settings in force: saved by staff, used by every list from then on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from catalog.models import Item
from recommender.models import ScenarioChange
from recommender.recommend import recommend
from recommender.serving.configuration import settings_of
from recommender.serving.saving import save_scenario
from recommender.serving.scenarios import SCENARIOS, SettingsRefused
from recommender.subjects import Subject
from tests.recommender.spaces import VISITOR, did, make_space

pytestmark = pytest.mark.django_db
NOBODY = Subject()


@pytest.fixture
def ids() -> dict[str, int]:
    return make_space()


def set_to(scenario: str = "for-you", **changes) -> None:
    save_scenario(scenario, SCENARIOS[scenario].defaults.with_changes(changes))


def shown(subject: Subject = VISITOR, **options) -> list[str]:
    return [found.item.external_id for found in recommend(subject, **options)]


def test_a_change_counts_from_the_next_list_on_and_for_its_scenario_alone(ids):
    assert len(shown()) == 12
    set_to(length=3)
    assert len(shown()) == 3
    assert len(shown(scenario="home")) == 12
    set_to(length=5)
    assert len(shown()) == 5
    assert len(shown(limit=7)) == 7


def test_what_is_set_back_to_its_default_is_not_kept(ids):
    set_to(length=3)
    set_to(length=SCENARIOS["for-you"].defaults.length)
    assert not ScenarioChange.objects.exists()
    assert len(shown()) == 12


def test_a_change_that_is_rolled_back_counts_for_nothing(ids):
    settings_of("for-you")
    with transaction.atomic():
        set_to(length=3)
        assert settings_of("for-you").length == 3
        transaction.set_rollback(True)
    assert settings_of("for-you").length == 20


def test_what_is_excluded_is_never_listed_and_a_list_still_fills(ids):
    did(VISITOR, "like", ids["space-0"])
    set_to(excluded="number >= 2", length=5)
    assert {name[-1] for name in shown()} == {"0", "1"}
    assert len(shown()) == 5


def test_a_boost_lifts_what_meets_it(ids):
    did(VISITOR, "like", ids["rain-1"], ids["space-0"])
    did(Subject(visitor=VISITOR.visitor), "view", ids["love-3"])
    before = shown(NOBODY)
    set_to(boosts=[{"filter": "category = Space", "factor": 10.0}])
    after = shown(NOBODY)
    assert before.index("space-0") > before.index("rain-1")
    assert after.index("space-0") < after.index("rain-1")


def test_what_is_new_is_lifted_and_says_so(ids):
    long_ago = timezone.now() - timedelta(days=300)
    Item.objects.exclude(external_id="rain-2").update(created_at=long_ago)
    did(VISITOR, "like", ids["love-0"])
    assert shown()[0].startswith("love")
    set_to(freshness=5.0, freshness_half_life_days=10.0)
    first = recommend(VISITOR)[0]
    assert first.item.external_id == "rain-2"
    assert (first.source, first.reason) == ("new", "New in the catalogue")
    assert sum(reason.share for reason in first.reasons) == pytest.approx(1)


def test_popularity_can_be_taken_off(ids):
    did(VISITOR, "like", ids["rain-1"])
    assert shown(NOBODY)[0] == "rain-1"
    set_to(popularity=0.0, sources=["new"])
    assert shown(NOBODY)[0] != "rain-1"


def test_only_the_sources_that_are_on_bring_candidates(ids):
    did(VISITOR, "like", ids["rain-1"])
    set_to(sources=["popular"])
    assert shown(NOBODY) == ["rain-1"]


def test_chance_gives_away_its_share_of_a_list_and_says_so(ids):
    did(VISITOR, "like", ids["space-0"])
    set_to(length=4, exploration=0.5)
    listed = recommend(VISITOR)
    assert [found.source == "explore" for found in listed] == [False, True, False, True]
    assert listed[1].reason == "Something different"
    assert len({found.item.pk for found in listed}) == 4
    assert shown() == shown()


def test_a_filter_that_no_field_meets_is_refused_and_one_whose_field_is_gone_is_left_out(ids):
    with pytest.raises(SettingsRefused) as refused:
        set_to(excluded="colour = red", boosts=[{"filter": "year >", "factor": 2.0}])
    assert list(refused.value.faults) == ["excluded", "boosts.0.filter"]
    ScenarioChange.objects.create(scenario="for-you", changes={"excluded": "colour = red", "length": 4})
    assert len(shown()) == 4


def test_settings_that_cannot_be_read_are_left_out(ids):
    ScenarioChange.objects.create(scenario="for-you", changes={"warmth": 3, "length": 4})
    ScenarioChange.objects.create(scenario="nowhere", changes={"length": 4})
    assert len(shown()) == 4


def test_knowing_the_settings_costs_one_query(ids, django_assert_num_queries):
    set_to(length=3)
    settings_of("for-you")
    with django_assert_num_queries(1):
        settings_of("for-you")
