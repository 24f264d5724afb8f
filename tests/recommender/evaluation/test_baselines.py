"""The baselines, worked out by hand on three people and four items."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from recommender.evaluation import baselines
from recommender.space.ease import ease_scores
from recommender.space.histories import History

MET = np.array([[1.0, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 0]])
TEXTS = np.array([[1, 0], [0, 1], [1, 1], [0, -1]], dtype=np.float32)


@pytest.fixture
def collection() -> baselines.Collection:
    sequences = [History(items=np.flatnonzero(row), strengths=np.ones(int(row.sum()))) for row in MET]
    return baselines.Collection(histories=csr_matrix(MET), texts=TEXTS, sequences=sequences)


def test_popularity_is_the_same_for_everybody(collection):
    assert baselines.popularity(collection).tolist() == [[3, 2, 1, 0]] * 3


def test_neighbours_are_items_met_by_the_same_people(collection):
    scores = baselines.item_knn(collection)
    assert scores[2] == pytest.approx([0, 2 / np.sqrt(6), 1 / np.sqrt(3), 0])


def test_raw_content_is_closeness_to_the_sum_of_the_texts(collection):
    assert baselines.raw_content(collection)[0].tolist() == [1, 1, 2, -1]


@pytest.mark.parametrize("people", [3, 12])
def test_ease_is_its_closed_form_whichever_way_it_is_worked_out(people):
    met = np.tile(MET, (people // 3, 1))
    inverse = np.linalg.inv(met.T @ met + 2 * np.eye(4))
    weights = -inverse / inverse.diagonal()
    np.fill_diagonal(weights, 0)
    assert ease_scores(csr_matrix(met), ridge=2.0) == pytest.approx(met @ weights)


def test_ials_finds_what_goes_together():
    pytest.importorskip("implicit")
    met = np.kron(np.eye(2), np.ones((100, 40)))
    met[0, 0] = 0
    scores = baselines.ials(baselines.Collection(histories=csr_matrix(met), texts=np.zeros((80, 2), np.float32)))
    assert scores[0, 0] > scores[0, 40:].max()


def test_a_ranking_leaves_out_what_it_is_told_to():
    scores = np.array([[0.1, 0.9, 0.5]])
    left_out = np.array([[False, True, False]])
    assert baselines.rank(scores, left_out, depth=2) == [[2, 0]]
    assert baselines.rank(scores, left_out, depth=10) == [[2, 0]]


def test_the_tower_ranks_by_what_is_met_next(collection):
    scores = baselines.tower(collection)
    assert scores.shape == MET.shape
    assert scores[2, 1] > scores[2, 3]  # everybody who met the first item went on to the second, nobody to the last
