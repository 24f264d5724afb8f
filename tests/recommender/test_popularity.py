"""How popular items are, with figures worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from recommender import popularity
from recommender.interactions import NewInteraction, record_interactions
from recommender.models import EventKind, Interaction, ItemPopularity
from recommender.preferences import opt_in, opt_out
from recommender.subjects import Subject
from tests.factories import make_items
from tests.recommender.spaces import NOW, VISITOR


@pytest.fixture
def ids(db) -> dict[str, int]:
    return make_items([{"external_id": name} for name in ("rain", "snow", "wind")])


def record(
    item_id: int,
    kind: str = "like",
    *,
    subject: Subject = VISITOR,
    days_ago: float = 0,
    value: float | None = None,
) -> None:
    moment = NOW - timedelta(days=days_ago)
    event = NewInteraction(item_id=item_id, kind=kind, value=value, occurred_at=moment)
    record_interactions(subject, [event])


def scores() -> dict[int, float]:
    return dict(ItemPopularity.objects.values_list("item_id", "score"))


def test_popularity_is_the_sum_of_the_weights(ids):
    record(ids["rain"], "like")
    record(ids["rain"], "view")
    record(ids["snow"], "save")
    assert popularity.refresh() == 2
    assert scores() == {ids["rain"]: pytest.approx(4.3), ids["snow"]: pytest.approx(3)}


def test_it_halves_from_the_newest_interaction_on(ids):
    record(ids["rain"])
    record(ids["snow"], days_ago=popularity.HALF_LIFE_DAYS)
    popularity.refresh()
    assert scores() == {ids["rain"]: pytest.approx(4), ids["snow"]: pytest.approx(2)}


def test_ratings_count_by_their_stars_above_the_middle(ids):
    for name, stars in (("rain", 5.0), ("snow", 3.0), ("wind", 1.0)):
        record(ids[name], "rating", value=stars)
    popularity.refresh()
    assert scores() == {ids["rain"]: pytest.approx(4)}


def test_what_one_person_does_again_and_again_counts_once(ids):
    for _ in range(10):
        record(ids["rain"], "buy")
    record(ids["rain"], "view")
    for number in range(1, 4):
        record(ids["snow"], "buy", subject=Subject(visitor=UUID(int=number)))
    popularity.refresh()
    assert scores() == {ids["rain"]: pytest.approx(5 + 0.3), ids["snow"]: pytest.approx(3 * 5)}


def test_of_what_one_person_repeats_the_weightiest_counts(ids):
    record(ids["rain"], days_ago=popularity.HALF_LIFE_DAYS)
    record(ids["rain"])
    record(ids["snow"], "rating", value=5.0, days_ago=popularity.HALF_LIFE_DAYS)
    record(ids["snow"], "rating", value=3.5)
    popularity.refresh()
    assert scores() == {ids["rain"]: pytest.approx(4), ids["snow"]: pytest.approx(2)}


def test_a_rating_counts_as_five_stars_at_most(ids):
    record(ids["rain"], "rating", value=100.0)
    popularity.refresh()
    assert scores() == {ids["rain"]: pytest.approx(4)}


def test_dislikes_do_not_count(ids):
    record(ids["rain"], "dislike")
    record(ids["rain"], "hide")
    assert popularity.refresh() == 0


@pytest.mark.parametrize("who", ["visitor", "user"])
def test_what_people_did_who_opted_out_does_not_count(ids, who):
    subject = VISITOR if who == "visitor" else Subject(user_id=User.objects.create_user("ada").pk)
    record(ids["rain"])
    record(ids["snow"], subject=subject)
    record(ids["rain"], subject=Subject(visitor=UUID(int=8)))
    opt_out(subject)
    popularity.refresh()
    assert scores() == {ids["rain"]: pytest.approx(4 if who == "visitor" else 8)}
    opt_in(subject)
    assert popularity.refresh() == 2


def test_what_is_taken_back_is_gone_after_the_next_refresh(ids):
    record(ids["rain"])
    record(ids["snow"])
    popularity.refresh()
    Interaction.objects.filter(item_id=ids["rain"]).delete()
    popularity.refresh()
    assert list(scores()) == [ids["snow"]]
    Interaction.objects.all().delete()
    assert popularity.refresh() == 0
    assert scores() == {}


def test_changed_weights_count_from_the_next_refresh_on(ids):
    record(ids["rain"])
    popularity.refresh()
    EventKind.objects.filter(name="like").update(weight=8)
    popularity.refresh()
    assert scores() == {ids["rain"]: pytest.approx(8)}


def test_it_is_one_statement_however_many_there_are(ids, django_assert_num_queries):
    for item_id in ids.values():
        record(item_id)
    with django_assert_num_queries(1):
        popularity.refresh()


def test_ages_past_all_measure_are_no_error(ids):
    record(ids["rain"], days_ago=365 * 1_900)
    record(ids["snow"])
    popularity.refresh()
    assert scores()[ids["snow"]] == pytest.approx(4)


def test_it_rests_for_longer_the_longer_it_took(ids, monkeypatch):
    record(ids["rain"])
    monkeypatch.setattr(popularity, "_rest_until_s", 0.0)
    monkeypatch.setattr(popularity, "MOST_TIME", 1.0)
    assert popularity.refresh_in_turn() == popularity.refresh_in_turn() == 1
    monkeypatch.setattr(popularity, "MOST_TIME", 1e-9)
    assert popularity.refresh_in_turn() == 1
    assert popularity.refresh_in_turn() is None
