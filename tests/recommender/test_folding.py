"""Folding in and its parts, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from catalog.ranking.gains import gain_of
from recommender.interests import Event, Kind
from recommender.space.contents import learn, scaled, tags_of
from recommender.space.ease import Factors, truncated_ease
from recommender.space.folding import Folded, Spreads, fold
from recommender.space.histories import History, interactions, split, withhold
from recommender.space.learning import Collaborative, guess, targets_of
from recommender.space.measures import ndcg_of
from recommender.space.parameters import Parameters
from recommender.space.strengths import strength, strengths

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = {name: Kind(weight=weight, half_life_days=30) for name, weight in {"like": 4, "view": 0.3, "hide": -3}.items()}
PARAMETERS = Parameters(half_life_factors=1, half_life_content=2, content_share=0.25, prior=0.5)


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
    older = 0.5 * 0.5**0.5  # half as strong, and one item ago with a half-life of two
    content_spread = 2 * np.sqrt(1 + older**2)
    factor_spread = 3 * (2 + 0.5 * 0.5 * 4)
    expected = [0.25 / content_spread, 0.25 * older / content_spread, 0.75 * 3 / factor_spread]
    assert folded.vector == pytest.approx([*expected, 0.5])  # with the weight of the prior in the last place
    assert folded.rows.sum(axis=0) == pytest.approx([*expected, 0])
    assert list(folded.item_ids) == [1, 2]
    target = np.array([1.0, 1.0, 1.0, 0.0])
    assert (folded.rows @ target).sum() == pytest.approx(folded.vector @ target)


def fold_one(spreads: Spreads, *item_ids: int) -> Folded | None:
    ones = np.ones((len(item_ids), 1))
    return fold(item_ids, ones[:, 0], contents=ones, sources=ones, spreads=spreads, parameters=PARAMETERS)


def test_only_what_was_liked_counts_in_favour():
    ones = np.ones((2, 1))
    spreads = Spreads(content=np.diag([1.0]), factors=np.diag([1.0]))
    folded = fold([1, 2], np.array([1.0, -0.5]), contents=ones, sources=ones, spreads=spreads, parameters=PARAMETERS)
    assert folded is not None
    assert folded.in_favour.tolist() == [True, False]


def test_a_part_in_which_all_items_are_alike_counts_for_nothing():
    folded = fold_one(Spreads(content=np.eye(1), factors=np.zeros((1, 1))), 1)
    assert folded is not None
    assert folded.vector == pytest.approx([0.25, 0, 0.5])


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


@pytest.mark.parametrize("people", [100, 900])
def test_the_largest_directions_of_many_items_are_those_of_a_whole_decomposition(people):
    random = np.random.default_rng(1)
    liking = random.random((people, 6)) @ random.random((6, 400))  # tastes, and values that fall slowly below them
    matrix = (random.random((people, 400)) < 0.1 * liking).astype(float)
    factors = truncated_ease(csr_matrix(matrix), ridge=20.0, factors=32)
    left, values, right = np.linalg.svd(dense_ease(matrix, 20.0))
    best = left[:, :32] * values[:32] @ right[:32]
    assert np.linalg.norm(factors.sources @ factors.targets.T - best) < 1e-3 * np.linalg.norm(best)
    for side in (factors.sources, factors.targets):  # the largest first, and both sides share it
        assert np.square(side).sum(axis=0) == pytest.approx(values[:32], rel=1e-3)


def test_directions_of_people_who_have_nothing_in_common_are_found():
    matrix = np.kron(np.eye(8), np.ones((3, 30)))  # eight equal crowds: each value occurs eight times
    factors = truncated_ease(csr_matrix(matrix), ridge=1.0, factors=8)
    left, values, right = np.linalg.svd(dense_ease(matrix, 1.0))
    best = left[:, :8] * values[:8] @ right[:8]
    assert factors.sources @ factors.targets.T == pytest.approx(best, abs=1e-6)


def test_items_beyond_those_learnt_are_fitted_to_them():
    # Two crowds; one person of each has met one of the last two items, too few for it to be learnt.
    matrix = np.zeros((20, 8))
    matrix[:10, :3] = matrix[10:, 3:6] = 1
    matrix[[0, 1, 10, 11], [0, 1, 3, 4]] = 0
    matrix[0, 6] = matrix[10, 7] = 1
    factors = truncated_ease(csr_matrix(matrix), ridge=1.0, factors=2, most_items=6)
    scores = factors.sources @ factors.targets.T
    assert scores[6, :3].min() > scores[6, 3:6].max()  # what the first crowd's item says about those who met it
    assert scores[7, 3:6].min() > scores[7, :3].max()
    assert scores[:3, 6].min() > scores[3:6, 6].max()  # and who it is shown to
    assert np.linalg.norm(factors.targets[6]) < np.linalg.norm(factors.targets[:3], axis=1).min()


def test_factors_of_a_catalogue_that_nobody_met_are_zeros():
    factors = truncated_ease(csr_matrix((3, 5)), ridge=1.0, factors=2)
    assert factors.sources.shape == factors.targets.shape == (5, 2)
    assert not factors.targets.any()


def test_a_tenth_of_the_liked_items_is_withheld_from_everybody():
    histories = [
        History(items=np.arange(20), strengths=np.full(20, 1.0)),
        History(items=np.arange(20), strengths=np.where(np.arange(20) < 10, 1.0, 0.3)),
    ]
    found = withhold(histories)
    assert len(found.items) == 2
    assert all(not set(own.items) & set(found.items) for own in found.histories)
    assert [len(own.items) for own in found.histories] == [18, 18]
    liked_by_both = frozenset(place for place, item in enumerate(found.items) if item < 10)
    assert dict(zip(found.asked, found.wanted, strict=True)).get(0) == frozenset({0, 1})
    assert dict(zip(found.asked, found.wanted, strict=True)).get(1, frozenset()) == liked_by_both


def test_factors_and_popularity_of_new_items_are_read_off_their_contents():
    contents = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    sources = np.array([[1.0], [1.0], [0.0], [0.0]])
    factors = Factors(sources=sources, targets=np.array([[2.0], [1.0], [0.0], [0.0]]))
    learnt = Collaborative(factors=factors, counts=np.array([3.0, 1.0, 0.0, 0.0]))
    guessed = guess(learnt, contents, ridge=1e-9)
    # Weighted by log 4 and log 2, two to one: (2 * 2 - 1 * 1) / 3.
    targets = targets_of(learnt, guessed, contents)
    assert targets[:, 0] == pytest.approx([2, 1, 1, 0])
    assert targets[:2, 1] == pytest.approx([0, 0])
    assert targets[2, 1] > targets[3, 1]  # it resembles what many met
    assert (contents @ guessed.popularity - guessed.centre).std() == pytest.approx(1)


def test_without_people_nothing_is_guessed():
    nothing = Factors(sources=np.zeros((2, 1)), targets=np.zeros((2, 1)))
    guessed = guess(Collaborative(factors=nothing, counts=np.zeros(2)), np.eye(2), ridge=1.0)
    assert not guessed.map.any()
    assert not guessed.popularity.any()


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
    contents, rows = learn(texts, [("Drama", {"genres": ["War"]}), ("Drama", {"genres": []})])
    assert list(contents.tags) == ["War"]  # all items are dramas, so that distinguishes none
    assert rows.tolist() == [[0.5, -0.5, 0.5], [-0.5, 0.5, -0.5]]
    assert contents.of(texts[0], ("", {"genres": "War"})) == pytest.approx(rows[0])
    assert scaled(rows, 2, 0.5)[0].tolist() == [0.5, -0.5, 0.25]


def test_numbers_are_told_by_the_quantiles_beside_them():
    years: list[dict[str, Any]] = [{"year": year} for year in range(1900, 2011)]
    tagged = [("", attributes) for attributes in [*years, {}, {"year": "1950"}, {"year": True}, {"year": 10**400}]]
    contents, rows = learn(np.ones((len(tagged), 1), np.float32), tagged)
    assert contents.numbers == {"year": pytest.approx(np.arange(1900, 2011, 10))}
    places = rows + contents.centre
    assert places[0, 1:].tolist() == [1] + [0] * 11
    assert places[12, 1:4] == pytest.approx(np.array([0, 0.8, 0.2]) / np.sqrt(0.68))  # 1912, between 1910 and 1920
    assert not places[-4:, 1:].any()  # no number, or not a usable one
    later = contents.of(np.ones(1), ("", {"year": 2030})) + contents.centre
    assert later[1:].tolist() == [0] * 11 + [1]


def test_numbers_that_few_items_bear_or_that_are_the_same_for_all_tell_nothing():
    tagged = [("", {"pages": 100, **({"rare": place} if place < 11 else {})}) for place in range(100)]
    contents, rows = learn(np.ones((100, 1), np.float32), tagged)
    assert contents.numbers == {}
    assert rows.shape == (100, 1)


def test_tags_are_the_category_and_texts_among_the_attributes():
    assert tags_of("Drama", {"genres": ["War", 3], "land": "Japan", "year": 1953}) == {"Drama", "War", "Japan"}
