"""Training, promotion, going back, and what a trained space promises beyond other recommenders."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection

from recommender.models import TasteModel
from recommender.recommend import recommend
from recommender.space import spaces, storage, training
from recommender.space.measures import DEPTH
from recommender.space.spaces import Space, place, place_missing, space_of
from recommender.space.tuning import people_asked
from recommender.subjects import Subject
from recommender.viewer import viewer_of
from tests.factories import add_passages, make_item, make_items
from tests.recommender.spaces import VISITOR, active, along, did, make_space
from tests.recommender.trained import make_community, train_briefly

pytestmark = pytest.mark.django_db


@pytest.fixture
def community() -> dict[str, int]:
    ids = make_community()
    assert train_briefly().promoted
    return ids


def serving() -> TasteModel:
    model = TasteModel.objects.active()
    assert model is not None
    return model


def kinds(subject: Subject, **options) -> set[str]:
    return {found.item.external_id.split("-")[0] for found in recommend(subject, diversity=0, **options)}


def test_a_space_that_is_better_for_certain_is_promoted_with_its_figures(community):
    figures = serving().figures
    assert figures["gain"]["low"] > 0
    assert figures["ndcg@10"] > figures["untrained_ndcg@10"]
    assert (figures["items"], figures["people"]) == (60, 40)
    measures = figures["measures"]
    assert measures["ndcg@10"]["difference"] == figures["gain"]
    assert measures["ndcg@10"]["trained"]["mean"] == figures["ndcg@10"]
    assert measures["recall@10"]["difference"]["low"] > 0
    assert 0 < measures["coverage@10"]["trained"] <= 1
    assert measures["novelty@10"]["trained"]["mean"] > 0


def test_one_like_of_a_stranger_is_enough_and_needs_no_worker(community):
    did(VISITOR, "like", community["night-3"])
    assert kinds(VISITOR, limit=10) == {"night"}
    did(VISITOR, "hide", community["night-3"], days_ago=0)
    did(VISITOR, "like", *(community[f"day-{number}"] for number in range(5)), days_ago=0)
    assert kinds(VISITOR, limit=10) == {"day"}


def test_items_that_the_space_does_not_know_are_passed_over(community):
    did(VISITOR, "like", community["night-3"])
    before = viewer_of(VISITOR).folded
    did(VISITOR, "like", make_item("unknown").pk, days_ago=0)
    after = viewer_of(VISITOR).folded
    assert before is not None and after is not None
    assert list(after.item_ids) == [community["night-3"]]
    assert after.vector == pytest.approx(before.vector)


def test_a_list_from_a_trained_space_costs_seven_queries_however_long_the_history(community, django_assert_num_queries):
    others = make_items([{"external_id": f"other-{number}"} for number in range(120)])
    add_passages(active(), {pk: [along(1)] for pk in others.values()})
    place_missing()
    recommend(VISITOR)  # caches the settings
    for days_ago, liked in enumerate((["night-3"], [f"night-{number}" for number in range(20)])):
        did(VISITOR, "like", *(community[name] for name in liked), days_ago=1 - days_ago)
        with django_assert_num_queries(7):
            assert len(recommend(VISITOR, limit=20)) == 20


def test_too_few_people_train_nothing():
    make_space()
    outcome = train_briefly()
    assert (outcome.model, outcome.promoted) == (None, False)
    assert "0 people" in outcome.message


def test_without_an_index_nothing_is_trained():
    assert train_briefly().model is None


def all_that_is_held_out(_version, split, *, item_ids, texts) -> np.ndarray:
    """A perfect ranking, which nothing can beat."""
    asked = [sorted(split.held_out[place]) for place in people_asked(split, len(item_ids))]
    return np.array([[*own, *[-1] * DEPTH][:DEPTH] for own in asked])


def test_what_is_not_better_for_certain_is_refused_and_keeps_no_vectors(monkeypatch):
    make_community()
    monkeypatch.setattr(training, "untrained_top", all_that_is_held_out)
    outcome = train_briefly()
    assert outcome.model is not None
    assert (outcome.promoted, outcome.model.state) == (False, TasteModel.State.REFUSED)
    assert TasteModel.objects.active() is None
    assert storage.stored(states=[TasteModel.State.REFUSED]) == []


def test_trained_again_the_parameters_stay_and_the_one_before_is_kept_to_go_back_to(community):
    first = serving()
    again = train_briefly()
    assert again.promoted
    assert serving().pk > first.pk
    assert serving().parameters == first.parameters
    assert training.go_back() == first
    assert training.go_back() is None
    did(VISITOR, "like", community["night-3"])
    assert recommend(VISITOR, limit=3)


def test_models_older_than_the_one_before_lose_their_vectors(community):
    first = serving()
    train_briefly()
    train_briefly()
    first.refresh_from_db()
    assert first.state == TasteModel.State.RETIRED
    assert len(storage.stored(states=TasteModel.State.values)) == 2


def test_what_a_killed_run_left_is_cleared_up(community):
    left = TasteModel.objects.create(version_id=active().pk)
    train_briefly()
    left.refresh_from_db()
    assert left.state == TasteModel.State.RETIRED


def test_a_new_item_is_in_the_space_from_its_first_embedding(community):
    item = make_item("fresh")
    add_passages(active(), {item.pk: [along(1)]})
    assert place(active(), [item.pk]) == 1
    target = storage.read(serving(), [item.pk]).targets[0]
    width = len(space_of(serving()).contents.centre)
    assert target[width:].any()
    did(VISITOR, "like", community["night-3"])
    assert "fresh" in [found.item.external_id for found in recommend(VISITOR, limit=100)]


def test_items_that_no_worker_placed_are_found_by_the_sweep(community):
    item = make_item("fresh")
    add_passages(active(), {item.pk: [along(1)]})
    assert place_missing() == 1
    assert place_missing() == 0


@pytest.mark.parametrize("slice_size", [1, 2, 3, 1_000])
def test_the_sweep_finds_every_unplaced_item_slice_by_slice(community, monkeypatch, slice_size):
    monkeypatch.setattr(storage, "PASSAGES_A_SLICE", slice_size)
    ids = make_items([{"external_id": f"new-{number}"} for number in range(5)])
    add_passages(active(), {pk: [along(1), along(2)] for pk in ids.values()})
    place(active(), [ids["new-2"]])
    slices = [found for found, _ in storage.missing(serving())]
    assert sorted(pk for found in slices for pk in found) == sorted(set(ids.values()) - {ids["new-2"]})
    assert max(map(len, slices)) <= slice_size


@pytest.mark.parametrize(("most", "placed"), [(2, [2, 2, 1, 0]), (10, [5, 0])])
def test_a_sweep_places_only_so_many(community, monkeypatch, most, placed):
    monkeypatch.setattr(storage, "PASSAGES_A_SLICE", 1)
    monkeypatch.setattr(spaces, "MOST_PLACED", most)
    ids = make_items([{"external_id": f"new-{number}"} for number in range(5)])
    add_passages(active(), {pk: [along(1)] for pk in ids.values()})
    assert [place_missing() for _ in placed] == placed


def test_a_sweep_goes_on_where_the_last_one_ended_and_begins_again_at_the_end(community, monkeypatch):
    monkeypatch.setattr(storage, "PASSAGES_A_SLICE", 1)
    monkeypatch.setattr(spaces, "MOST_SLICES", len(community) // 2)
    fresh = make_item("fresh")
    add_passages(active(), {fresh.pk: [along(1)]})
    assert [place_missing() for _ in range(3)] == [0, 0, 1]
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {storage.TABLE} WHERE item_id = %s", [min(community.values())])
    assert place_missing() == 1


def test_an_item_that_changes_keeps_what_people_did_with_it(community):
    known = storage.read(serving(), [community["night-1"]])
    place(active(), [community["night-1"]])
    again = storage.read(serving(), [community["night-1"]])
    assert again.sources == pytest.approx(known.sources)
    assert again.targets == pytest.approx(known.targets, abs=1e-3)


def test_a_space_of_another_index_version_does_not_serve(community):
    TasteModel.objects.update(version_id=active().pk + 1)
    did(VISITOR, "like", community["night-3"])
    assert kinds(VISITOR, limit=40) == {"night", "day"}


def test_a_space_survives_being_stored(community):
    space = space_of(serving())
    again = Space.load(space.dump())
    assert again.parameters == space.parameters
    assert (again.contents.tags, again.contents.numbers) == (space.contents.tags, space.contents.numbers)
    assert (again.guess.map == space.guess.map).all()
    assert (again.guess.popularity == space.guess.popularity).all()
