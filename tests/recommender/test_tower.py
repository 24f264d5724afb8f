"""The sequence tower: its arithmetic by hand, what it learns about order, and its place in a space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catalog.ranking.gains import gain_of
from recommender.space import tower_training
from recommender.space.folding import Spreads, fold
from recommender.space.histories import History, split, withhold
from recommender.space.parameters import Parameters
from recommender.space.tower import DIMENSIONS, MOST_READ, LearntTower, Tower
from recommender.space.tower_training import Places, train_tower
from recommender.space.tuning import Bench

#: Items stand in a ring. Everybody takes some steps along it from one place and then from another, so the next item
#: follows from the last one. An item's two neighbours are met by the very same people.
RING, PEOPLE, RUNS, RUN = 60, 120, 10, 3


def walked(person: int, *, runs: int = RUNS) -> History:
    random = np.random.default_rng(person)
    # Each run is in its own stretch, so that no item is met twice.
    starts = RING // RUNS * random.permutation(RUNS)[:runs] + random.integers(RING // RUNS - RUN + 1, size=runs)
    turned = random.integers(RING)
    items = (starts[:, None] + np.arange(RUN) + turned).ravel()[: runs * RUN - random.integers(RUN)] % RING
    return History(items=items, strengths=np.ones(len(items)))


@pytest.fixture(scope="module")
def contents() -> np.ndarray:
    """Texts that say nothing about the order."""
    rows = np.random.default_rng(5).normal(size=(RING, 8))
    return rows - rows.mean(axis=0)


@pytest.fixture(scope="module")
def learnt(contents) -> LearntTower:
    return train_tower([walked(person) for person in range(PEOPLE)], contents)


def tower(*, positions: list[float] | None = None, dimensions: int = 2) -> Tower:
    given = np.zeros(MOST_READ)
    given[: len(positions or [])] = positions or []
    nothing = np.zeros((dimensions, dimensions))
    return Tower(
        queries=np.eye(dimensions),
        keys=np.eye(dimensions),
        query=np.zeros(dimensions),
        positions=given,
        target_map=nothing,
        source_map=nothing,
        spread=np.eye(dimensions),
    )


def test_weights_by_hand():
    # The newest item asks along the first axis: it answers itself with 1 / sqrt(2) * 2, and the second with nothing.
    sources = np.array([[np.sqrt(2), 0.0], [0.0, 1.0]])
    weights = tower(positions=[0.0, np.log(3)]).weights(sources, np.array([1.0, -0.5]))
    first, second = np.exp(np.sqrt(2)), -0.5 * 3
    assert weights == pytest.approx(np.array([first, second]) / (first - second))


def test_weights_add_up_to_one_and_what_is_older_than_it_reads_has_none():
    sources = np.random.default_rng(0).normal(size=(MOST_READ + 3, 2))
    weights = tower().weights(sources, np.ones(len(sources)))
    assert weights.sum() == pytest.approx(1)
    assert not weights[MOST_READ:].any()


def test_what_each_past_item_adds_is_exact_with_a_tower_too():
    random = np.random.default_rng(1)
    folded = fold(
        [7, 8, 9],
        np.array([1.0, 0.6, -1.0]),
        contents=random.normal(size=(3, 4)),
        sources=random.normal(size=(3, 5)),
        spreads=Spreads(content=np.eye(4), factors=np.eye(3)),
        parameters=Parameters(tower_share=0.5, prior=0.25),
        tower=tower(),
    )
    assert folded is not None
    assert folded.vector.shape == (4 + 3 + 2 + 1,)
    target = random.normal(size=10)
    assert (folded.rows @ target).sum() + 0.25 * target[-1] == pytest.approx(folded.vector @ target)
    # If all items' targets had the same spread, a part's length would be its share.
    assert np.linalg.norm(folded.vector[7:9]) == pytest.approx(0.5)


def test_examples_hold_what_was_met_before_by_the_same_person():
    places = Places.of([History(items=np.arange(n), strengths=np.ones(n)) for n in (4, 3)])
    items, strengths = places.before(np.array([2, 5]))
    assert items[0, :2].tolist() == [1, 0]
    assert strengths[:, :3].tolist() == [[1, 1, 0], [1, 0, 0]]
    assert places.with_something_before().tolist() == [1, 2, 3, 5, 6]
    following = places.ahead(np.full(50, 2), np.random.default_rng(0))
    assert set(following.tolist()) == {2, 3}


def test_it_learns_which_way_people_go(learnt):
    def scores(history: History) -> np.ndarray:
        items, strengths = history.newest_first(MOST_READ)
        person = learnt.tower.weights(learnt.sources[items], strengths) @ learnt.sources[items]
        return np.asarray(learnt.targets @ person)

    steps = [History(items=np.array([place]), strengths=np.ones(1)) for place in range(RING)]
    ahead = [scores(step)[(place + 1) % RING] > scores(step)[place - 1] for place, step in enumerate(steps)]
    assert np.mean(ahead) > 0.9


def test_the_same_seed_gives_the_same_tower(contents, monkeypatch):
    monkeypatch.setattr(tower_training, "MOST_STEPS", 10)
    histories = [walked(person, runs=2) for person in range(20)]
    once, again = (train_tower(histories, contents) for _ in range(2))
    assert (once.targets == again.targets).all()
    assert (once.sources == again.sources).all()
    assert (train_tower(histories, contents, seed=1).targets != once.targets).any()


def test_what_few_met_is_placed_by_its_content_alone(contents):
    histories = [History(items=np.array([0, 1, 2]), strengths=np.ones(3)) for _ in range(6)]
    found = train_tower([*histories, History(items=np.array([3, 4]), strengths=np.ones(2))], contents)
    targets, sources = found.tower.of(contents)
    assert found.targets[3:] == pytest.approx(targets[3:], abs=1e-5)
    assert found.sources[3:] == pytest.approx(sources[3:], abs=1e-5)
    assert np.abs(found.targets[:3] - targets[:3]).max() > 0.01


def test_nobody_to_learn_from_is_no_error(contents):
    found = train_tower([History(items=np.array([2]), strengths=np.ones(1))], contents)
    assert found.targets.shape == (RING, DIMENSIONS)
    assert np.isfinite(found.targets).all()


def test_the_search_takes_the_tower_where_order_tells_what_co_occurrence_cannot(contents):
    held = split([walked(person) for person in range(PEOPLE)])
    bench = Bench([held, split(held.histories)], withhold(held.histories), contents, text_dimensions=8)
    chosen = bench.search(Parameters())
    assert chosen.tower_share > 0
    gain = gain_of(bench.ndcg(chosen), bench.ndcg(replace(chosen, tower_share=0.0)))
    assert gain.low > 0
