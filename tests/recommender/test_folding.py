"""Folding in and its parts, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from recommender.interests import Event, Kind
from recommender.space.contents import learn, scaled, tags_of
from recommender.space.ease import truncated_ease
from recommender.space.folding import Folded, Spreads, fold, strength, strengths
from recommender.space.histories import History, interactions, split
from recommender.space.measures import gain_of, ndcg_of
from recommender.space.parameters import Parameters

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = {name: Kind(weight=weight, half_life_days=30) for name, weight in {"like": 4, "view": 0.3, "hide": -3}.items()}
PARAMETERS = Parameters(half_life_factors=1, half_life_content=2, content_share=0.25)


def event(item_id: int, kind: str = "like", *, days_ago: float = 0, value: float | None = None) -> Event:
    return Event(item_id=item_id, kind=kind, value=value, occurred_at=NOW - timedelta(days=days_ago))


def test_two_items_are_folded_in_by_hand():
    folded = fold(
        [1, 2],  # 1 was met last
        np.array([1.0, 0.5]),
        contents=np.array([[1.0, 0.0], [0.0, 1.0]]),
        sources=np.array([[2.0], [4.0]]),
        spreads=Spreads(content=np.diag([4.0, 4.0]), factors=np.array([[9.0]])),
        parameters=PARAMETERS,
    )
    assert folded is not None
    older = 0.5 * 0.5**0.5  # half as strong, and one item ago of the two that halve it
    content_spread = 2 * np.sqrt(1 + older**2)
    factor_spread = 3 * (2 + 0.5 * 0.5 * 4)
    expected = [0.25 / content_spread, 0.25 * older / content_spread, 0.75 * 3 / factor_spread]
    assert folded.vector == pytest.approx(expected)
    assert folded.rows.sum(axis=0) == pytest.approx(folded.vector)
    assert list(folded.item_ids) == [1, 2]
    target = np.array([1.0, 1.0, 1.0])
    assert (folded.rows @ target).sum() == pytest.approx(folded.vector @ target)


def fold_one(spreads: Spreads, *item_ids: int) -> Folded | None:
    ones = np.ones((len(item_ids), 1))
    return fold(item_ids, ones[:, 0], contents=ones, sources=ones, spreads=spreads, parameters=PARAMETERS)


def test_a_part_in_which_all_items_are_alike_counts_for_nothing():
    folded = fold_one(Spreads(content=np.eye(1), factors=np.zeros((1, 1))), 1)
    assert folded is not None
    assert folded.vector == pytest.approx([0.25, 0])


def test_a_history_of_nothing_known_has_no_direction():
    assert fold_one(Spreads(content=np.eye(1), factors=np.eye(1))) is None


@pytest.mark.parametrize(
    ("kind", "stars", "expected"),
    [("like", None, 1), ("view", None, 0.075), ("hide", None, -0.75), ("like", 4, 1), ("like", 3.5, 0.6)],
)
def test_what_events_say_of_their_items(kind, stars, expected):
    assert strength(KINDS[kind], stars) == pytest.approx(expected)


def test_the_newest_item_comes_first_and_sums_stay_within_one():
    events = [event(1, days_ago=3), event(2, days_ago=2), event(1, days_ago=1), event(3, "view", value=1.0)]
    assert list(strengths(events, KINDS).items()) == [(1, 1.0), (2, 1.0)]


def dense_ease(matrix: np.ndarray, ridge: float) -> np.ndarray:
    inverse = np.linalg.inv(matrix.T @ matrix + ridge * np.eye(matrix.shape[1]))
    weights = -inverse / inverse.diagonal()
    np.fill_diagonal(weights, 0)
    return weights


@pytest.mark.parametrize("people", [4, 40])
def test_factors_are_the_largest_of_ease_whichever_way_they_are_found(people):
    matrix = (np.random.default_rng(0).random((people, 9)) < 0.4).astype(float)
    matrix[:, 5] = 0
    matrix[0, [0, 1, 2, 3, 4, 6, 7, 8]] = 1
    factors = truncated_ease(csr_matrix(matrix), ridge=2.0, factors=3)
    left, values, right = np.linalg.svd(dense_ease(matrix, 2.0))
    best = left[:, :3] * values[:3] @ right[:3]
    assert factors.sources @ factors.targets.T == pytest.approx(best)
    assert not factors.targets[5].any()


def test_factors_of_a_catalogue_that_nobody_met_are_zeros():
    factors = truncated_ease(csr_matrix((3, 5)), ridge=1.0, factors=2)
    assert factors.sources.shape == factors.targets.shape == (5, 2)
    assert not factors.targets.any()


def test_the_newest_fifth_of_the_positives_is_held_out_and_what_follows_it_too():
    history = History(items=np.arange(7), strengths=np.array([1.0, 1, 0.6, 1, 1, 1, -0.75]))
    found = split([history])
    assert list(found.held_out) == [frozenset({5})]
    assert found.histories[0].items.tolist() == [0, 1, 2, 3, 4]


def test_interactions_hold_what_speaks_for_items():
    history = History(items=np.array([0, 2]), strengths=np.array([0.6, -1.0]))
    assert interactions([history], 3).toarray().tolist() == [[0.6, 0, 0]]


def test_ndcg_leaves_out_what_was_seen():
    scores = np.array([[0.9, 0.8, 0.7, 0.1]], dtype=np.float32)
    assert ndcg_of(scores, [np.array([0])], [frozenset({2})])[0] == pytest.approx(1 / np.log2(3))


def test_a_gain_is_certain_only_where_most_people_gain():
    zeros = np.zeros(100)
    everybody = gain_of(np.full(100, 0.1), zeros)
    assert (everybody.low, everybody.mean, everybody.high) == pytest.approx((0.1, 0.1, 0.1))
    one = gain_of(np.eye(100)[0], zeros)
    assert one.low == 0 < one.mean < one.high


def test_contents_are_texts_and_tags_less_what_all_share():
    texts = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    contents, rows = learn(texts, [("Drama", {"genres": ["War"], "year": 1999}), ("Drama", {"genres": []})])
    assert list(contents.tags) == ["War"]  # all items are dramas, so that tells none apart
    assert rows.tolist() == [[0.5, -0.5, 0.5], [-0.5, 0.5, -0.5]]
    assert contents.of(texts[0], ("", {"genres": "War"})) == pytest.approx(rows[0])
    assert scaled(rows, 2, 0.5)[0].tolist() == [0.5, -0.5, 0.25]


def test_tags_are_the_category_and_texts_among_the_attributes():
    assert tags_of("Drama", {"genres": ["War", 3], "land": "Japan", "year": 1953}) == {"Drama", "War", "Japan"}
