"""Clusters of similar items, worked out by hand."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from recommender.clusters import medoid, ward


def at(*degrees: float) -> np.ndarray:
    """Unit vectors in the plane, by their angles."""
    return np.array([[cos(radians(each)), sin(radians(each))] for each in degrees])


def test_what_is_alike_is_joined_and_what_is_unlike_is_not():
    assert ward(at(0, 90, 10, 100), most=8) == [[0, 2], [1, 3]]


def test_two_rows_cost_one_less_their_cosine():
    # 1 - cos 60 is .5: at a higher limit they are joined, at a lower one not.
    assert ward(at(0, 60), most=8, dearest=0.51) == [[0, 1]]
    assert ward(at(0, 60), most=8, dearest=0.49) == [[0], [1]]


def test_a_pair_and_a_row_cost_by_the_distance_of_their_means():
    # Joining the pair at 0 and 0 costs nothing; 2 * 1 / 3 of the squared distance to the row at 60, which is 1, is .67.
    assert ward(at(0, 0, 60), most=8, dearest=0.68) == [[0, 1, 2]]
    assert ward(at(0, 0, 60), most=8, dearest=0.66) == [[0, 1], [2]]


def test_there_are_never_more_groups_than_asked_for():
    rows = np.eye(6)
    assert len(ward(rows, most=8)) == 6
    assert len(ward(rows, most=2)) == 2


def test_no_rows_make_no_groups():
    assert ward(np.zeros((0, 3)), most=8) == []


@pytest.mark.parametrize("rows", [5, 40])
def test_the_groups_are_those_of_scipy(rows):
    chance = np.random.default_rng(rows)
    vectors = chance.normal(size=(rows, 12)) + 3 * chance.normal(size=(3, 12))[chance.integers(3, size=rows)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    # SciPy's distance between two groups is the square root of twice the cost here.
    labels = fcluster(linkage(vectors, "ward"), np.sqrt(2) - 1e-9, "distance")
    expected = sorted(np.flatnonzero(labels == label).tolist() for label in set(labels))
    assert sorted(ward(vectors, most=rows)) == expected


def test_the_medoid_is_nearest_to_all_by_their_weights():
    assert medoid(at(0, 20, 90), np.ones(3)) == 1
    assert medoid(at(0, 20, 90), np.array([1.0, 1.0, 9.0])) == 2
    assert medoid(at(0, 90), np.ones(2)) == 0
