"""What every recommender promises, trained or not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catalog.models import Item
from recommender.models import TasteModel
from recommender.past import past_of
from recommender.recommend import recommend
from recommender.subjects import Subject
from tests.factories import add_passages, make_item
from tests.recommender.spaces import NOW, VISITOR, active, along, did
from tests.recommender.trained import make_community, train_briefly

pytestmark = pytest.mark.django_db
ITEMS = 60


@pytest.fixture(params=["untrained", "trained"])
def ids(request) -> dict[str, int]:
    found = make_community()
    if request.param == "trained":
        assert train_briefly().promoted
    assert (TasteModel.objects.active() is not None) == (request.param == "trained")
    did(VISITOR, "like", found["night-0"], found["night-1"])
    return found


def shown(subject: Subject = VISITOR, **options) -> list[str]:
    return [found.item.external_id for found in recommend(subject, **options)]


def test_the_best_comes_first_and_scores_lie_between_0_and_1(ids):
    scores = [found.score for found in recommend(VISITOR, limit=100, diversity=0)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize("limit", [1, 20, 58, 100])
def test_as_many_come_as_are_asked_for_or_there_are(ids, limit):
    assert len(set(shown(limit=limit))) == len(shown(limit=limit)) == min(limit, ITEMS - 2)


@pytest.mark.parametrize("kind", ["view", "like", "hide", "dislike", "save"])
def test_what_was_met_is_left_out_whatever_was_done_with_it(ids, kind):
    did(VISITOR, kind, ids["night-9"])
    assert "night-9" not in shown(limit=100)


def test_what_is_excluded_or_unpublished_is_left_out(ids):
    make_item("night-5", published=False)
    assert not {"night-4", "night-5"} & set(shown(limit=100, exclude=[ids["night-4"]]))


def test_a_filter_never_underfills(ids):
    assert shown(limit=5, filter='external_id = "day-29"') == ["day-29"]
    assert len(shown(limit=100, filter='external_id != "day-29"')) == ITEMS - 3


def test_a_filter_that_leaves_more_than_an_exact_scan_takes_is_met_as_well(ids, monkeypatch):
    monkeypatch.setattr("catalog.search.scope.EXACT_UP_TO_ITEMS", 0)
    assert len(shown(limit=100, filter='external_id != "day-29"')) == ITEMS - 3


def test_shares_of_reasons_sum_to_one_and_name_what_was_met(ids):
    met = {ids["night-0"], ids["night-1"]}
    for found in recommend(VISITOR, limit=100):
        assert sum(reason.share for reason in found.reasons) == pytest.approx(1)
        assert {reason.item.pk for reason in found.reasons if reason.item} <= met
    first = recommend(VISITOR, limit=1, diversity=0)[0]
    assert any(reason.item for reason in first.reasons)


def test_the_same_question_has_the_same_answer(ids):
    assert shown(limit=100) == shown(limit=100)


def test_as_of_a_moment_only_the_history_before_it_counts(ids):
    before = shown(limit=10, past=past_of(NOW, VISITOR))
    did(VISITOR, "like", *(ids[f"day-{number}"] for number in range(5)), days_ago=-1)
    assert shown(limit=10, past=past_of(NOW, VISITOR)) == before
    assert "night-0" in shown(limit=100, past=past_of(NOW - timedelta(days=20), VISITOR))


def test_chance_draws_among_all_sources_and_within_filters(ids, monkeypatch):
    monkeypatch.setattr("recommender.recommend.POOL", 4)
    did(VISITOR, "dislike", ids["day-3"])
    drawn = [
        found.item.external_id
        for seed in range(30)
        for found in recommend(VISITOR, limit=2, exploration=0.5, seed=seed, filter='external_id != "day-4"')
        if found.source == "explore"
    ]
    assert len(drawn) == 30
    assert {name.split("-")[0] for name in drawn} == {"night", "day"}
    assert not {"night-0", "night-1", "day-3", "day-4"} & set(drawn)


def test_what_was_embedded_last_is_found_too(ids):
    item = make_item("fresh")
    add_passages(active(), {item.pk: [along(1)]})
    assert "fresh" in shown(limit=100)


def test_somebody_unknown_gets_something(ids):
    assert len(shown(Subject(), limit=10)) == 10
    assert Item.objects.published().count() == ITEMS
