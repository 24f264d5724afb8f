"""What happens to an item in somebody's list, for every possible reason."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.models import EmbeddingState, Item
from recommender.interactions import NewInteraction, record_interactions
from recommender.recommend import recommend
from recommender.serving.scenarios import Boost, ScenarioSettings
from recommender.whynot import Fate, fate_of
from tests.factories import make_item
from tests.recommender.spaces import VISITOR, active, did, make_space

pytestmark = pytest.mark.django_db


@pytest.fixture
def ids() -> dict[str, int]:
    ids = make_space()
    EmbeddingState.objects.filter(version_id=active().pk).update(state="done")
    return ids


def fate(name: str, **settings) -> Fate:
    usual = {"length": 3, "diversity": 0.0}
    return fate_of(Item.objects.get(external_id=name), VISITOR, ScenarioSettings(**usual | settings))


def kinds(found: Fate) -> list[str]:
    return [obstacle.kind for obstacle in found.obstacles]


def test_an_item_in_the_list_has_its_place_and_the_parts_of_its_score(ids):
    did(VISITOR, "like", ids["space-0"])
    listed = recommend(VISITOR, settings=ScenarioSettings(length=3, diversity=0.0))
    found = fate("space-1")
    assert found.place == [each.item.external_id for each in listed].index("space-1") + 1
    assert (found.obstacles, found.rank) == ([], found.place)
    assert found.parts[0].item == Item.objects.get(external_id="space-0")
    assert sum(part.amount for part in found.parts) == pytest.approx(found.total, abs=2e-3)
    assert found.level == pytest.approx(listed[0].score)


@pytest.mark.parametrize(("kind", "obstacle"), [("view", "seen"), ("hide", "hidden"), ("dislike", "disliked")])
def test_what_was_met_says_what_was_done_with_it(ids, kind, obstacle):
    did(VISITOR, "like", ids["space-0"])
    did(VISITOR, kind, ids["space-1"])
    found = fate("space-1")
    assert kinds(found) == [obstacle]
    assert "28 February 2026" in found.obstacles[0].text
    assert (found.place, found.rank) == (None, None)


def test_what_is_not_published_or_excluded_says_so(ids):
    did(VISITOR, "like", ids["space-0"])
    make_item("space-1", category="Space", published=False)
    assert kinds(fate("space-1"))[0] == "unpublished"
    assert kinds(fate("space-2", excluded="category = Space")) == ["excluded"]


def test_what_is_not_embedded_says_so(ids):
    did(VISITOR, "like", ids["space-0"])
    fresh = make_item("fresh")
    found = fate("fresh")
    assert kinds(found) == ["not_embedded", "below"]
    EmbeddingState.objects.filter(item_id=fresh.pk).update(state="failed")
    assert "could not be embedded" in fate("fresh").obstacles[0].text


def test_what_is_below_the_last_says_both_scores(ids):
    did(VISITOR, "like", ids["space-0"])
    found = fate("love-2")
    assert kinds(found) == ["below"]
    assert found.last_level is not None
    assert found.level < found.last_level
    assert found.rank is not None
    assert found.rank > 3


def test_what_no_source_brings_says_so_and_is_scored_all_the_same(ids):
    did(VISITOR, "like", ids["space-0"], ids["rain-0"])
    found = fate("space-1", sources=("popular",))
    assert kinds(found) == ["no_candidate"]
    assert found.total > 0


def test_what_diversity_keeps_out_names_what_it_is_like(ids):
    did(VISITOR, "like", ids["space-0"], ids["space-1"], ids["love-0"])
    listed = recommend(VISITOR, settings=ScenarioSettings(length=2, diversity=0.8))
    shown = {each.item.external_id for each in listed}
    crowded = next(name for name in ("space-2", "space-3") if name not in shown)
    found = fate(crowded, length=2, diversity=0.8)
    assert kinds(found) == ["diversity"]
    assert "“space-" in found.obstacles[0].text


def test_what_exploration_pushes_out_says_so(ids):
    did(VISITOR, "like", ids["space-0"])
    plain = [each.item.external_id for each in recommend(VISITOR, settings=ScenarioSettings(length=4, diversity=0.0))]
    settings: dict[str, Any] = {"length": 4, "exploration": 0.5}
    shown = [each.item.external_id for each in recommend(VISITOR, settings=ScenarioSettings(diversity=0.0, **settings))]
    lost = [name for name in plain if name not in shown]
    assert {kind for name in lost for kind in kinds(fate(name, **settings))} == {"exploration"}
    drawn = shown[1]
    assert kinds(fate(drawn, **settings)) == ["explored"]


def test_boosts_are_told_apart_from_the_parts(ids):
    did(VISITOR, "like", ids["space-0"])
    plain, boosted = fate("space-1"), fate("space-1", boosts=(Boost(filter="category = Space", factor=3.0),))
    assert plain.boost == pytest.approx(1)
    assert boosted.boost == pytest.approx(3)
    assert boosted.total == pytest.approx(3 * plain.total)


def test_a_history_of_other_events_is_read_too(ids):
    record_interactions(VISITOR, [NewInteraction(item_id=ids["space-1"], kind="rating", value=2.0)])
    assert "rating on" in fate("space-1").obstacles[0].text
