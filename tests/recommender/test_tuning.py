"""The search for a training's parameters, on a synthetic community."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.space.histories import History, split, withhold
from recommender.space.parameters import Parameters
from recommender.space.tuning import Bench, _ascend

ITEMS, DIMENSIONS, PEOPLE = 120, 8, 80


@pytest.fixture(scope="module")
def bench() -> Bench:
    """People who like what is near a point of their own, and popular items more than others."""
    random = np.random.default_rng(7)
    contents = random.normal(size=(ITEMS, DIMENSIONS))
    contents -= contents.mean(axis=0)
    popularity = 1.5 * random.exponential(size=ITEMS)
    liked = [
        np.argsort(-(contents @ random.normal(size=DIMENSIONS) + popularity + random.normal(size=ITEMS)))[:20]
        for _ in range(PEOPLE)
    ]
    histories = [History(items=random.permutation(own), strengths=np.ones(len(own))) for own in liked]
    held = split(histories)
    return Bench([held, split(held.histories)], withhold(held.histories), contents, text_dimensions=DIMENSIONS)


def shown(bench: Bench, parameters: Parameters) -> int:
    return len(np.unique(bench.newest_top(parameters)))


def test_what_is_chosen_shows_as_much_as_anything_that_is_as_good(bench: Bench):
    chosen = bench.search(Parameters())
    best = max((chosen, *chosen.variants("content_share")), key=lambda tried: bench.ndcg(tried).mean())
    losses = bench.ndcg(best) - bench.ndcg(chosen)
    assert losses.mean() <= 2 * losses.std() / np.sqrt(len(losses))
    for tried in chosen.variants("content_share"):
        better = bench.ndcg(tried).mean() >= bench.ndcg(chosen).mean()
        assert not (better and shown(bench, tried) > shown(bench, chosen))


def test_the_search_takes_no_worse_parameters_than_it_begins_with(bench: Bench):
    start = Parameters(content_share=0.3, half_life_factors=3.0)
    gains = bench.ndcg(bench.search(start)) - bench.ndcg(start)
    assert gains.mean() >= -gains.std() / np.sqrt(len(gains))


def test_a_value_that_helps_new_items_and_costs_the_others_is_passed_over():
    def helps_new_items(tried: Parameters) -> np.ndarray:
        return np.full(10, tried.prior)

    taken = _ascend(Parameters(prior=0.0), ["prior"], helps_new_items)
    allowed = _ascend(Parameters(prior=0.0), ["prior"], helps_new_items, allowed=lambda tried: tried.prior < 0.6)
    assert (taken.prior, allowed.prior) == (1.0, 0.5)
