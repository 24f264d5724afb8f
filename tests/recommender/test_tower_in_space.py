"""A trained space with a sequence tower: stored, folded in, explained, and open to new items."""

from __future__ import annotations

import pytest

from recommender.models import TasteModel
from recommender.recommend import recommend
from recommender.space import parameters, storage, training
from recommender.space.spaces import Space, place, space_of
from recommender.viewer import viewer_of
from tests.factories import add_passages, make_item
from tests.recommender.spaces import VISITOR, active, along, did
from tests.recommender.trained import make_community

pytestmark = pytest.mark.django_db


@pytest.fixture
def community(monkeypatch) -> dict[str, int]:
    """A community with a space whose scores are half the tower's."""
    monkeypatch.setitem(parameters.CHOICES, "tower_share", (0.5,))
    monkeypatch.setattr(parameters.Parameters, "__init__", _with_tower(parameters.Parameters.__init__))
    ids = make_community()
    assert training.train().promoted
    return ids


def _with_tower(init):
    def made(self, **given):
        init(self, **{"tower_share": 0.5} | given)

    return made


def serving() -> TasteModel:
    model = TasteModel.objects.active()
    assert model is not None
    return model


def test_it_is_stored_with_the_space(community):
    space = space_of(serving())
    again = Space.load(space.dump())
    assert space.tower is not None and again.tower is not None
    assert (again.tower.keys == space.tower.keys).all()
    assert serving().dimensions == len(space.contents.centre) + len(space.spreads.factors) + len(space.tower.keys) + 1


def test_lists_follow_each_event_and_their_reasons_add_up(community):
    for liked in ("night-3", "night-9", "night-14"):
        did(VISITOR, "like", community[liked], days_ago=0)
        found = recommend(VISITOR, limit=10, diversity=0)
        assert {one.item.external_id.split("-")[0] for one in found} == {"night"}
        for one in found:
            assert sum(reason.share for reason in one.reasons) == pytest.approx(1)


def test_what_past_items_add_is_all_of_a_score(community):
    did(VISITOR, "like", *(community[f"night-{number}"] for number in (3, 9, 14)))
    folded = viewer_of(VISITOR).folded
    assert folded is not None
    target = storage.read(serving(), [community["night-5"]]).targets[0]
    assert (folded.rows @ target).sum() == pytest.approx(folded.vector @ target, rel=1e-4)


def test_a_new_item_has_a_place_in_the_tower_by_its_content(community):
    item = make_item("fresh")
    add_passages(active(), {item.pk: [along(1)]})
    assert place(active(), [item.pk]) == 1
    placed, space = storage.read(serving(), [item.pk]), space_of(serving())
    factors = len(space.spreads.factors)
    width = len(space.contents.centre) + factors
    assert placed.targets.shape[1] == serving().dimensions
    assert placed.targets[0, width:-1].any()
    assert not placed.sources[0, :factors].any()
    assert placed.sources[0, factors:].any()
    place(active(), [item.pk])  # and keeps it while nobody has met it
    assert storage.read(serving(), [item.pk]).targets == pytest.approx(placed.targets)


def test_an_item_that_changes_keeps_its_place_in_the_tower(community):
    known = storage.read(serving(), [community["night-1"]])
    place(active(), [community["night-1"]])
    again = storage.read(serving(), [community["night-1"]])
    assert again.sources == pytest.approx(known.sources)
    assert again.targets == pytest.approx(known.targets, abs=1e-3)
