"""Lists in which every interest has its share, worked out by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from catalog.ranking.calibration import SMOOTHING, calibrate, divergence
from catalog.ranking.diversity import diversify

SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.3])
#: The first four are of one kind and the last of the other.
KINDS = np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]])
SHARES = np.array([0.7, 0.3])
APART = np.eye(5)


def chosen(calibration: float, *, limit: int = 3, diversity: float = 0.0, kinds: np.ndarray = KINDS) -> list[int]:
    return calibrate(SCORES, APART, kinds, SHARES, limit=limit, diversity=diversity, calibration=calibration)


def test_without_calibration_it_is_maximal_marginal_relevance():
    assert chosen(0.0) == diversify(SCORES, APART, limit=3, diversity=0.0) == [0, 1, 2]


def test_a_small_interest_gets_its_share():
    # A list of one kind only is .7 log(.7 / .997) + .3 log(.3 / .003) = 1.13 off; one of two to one is close.
    assert chosen(0.5) == [0, 4, 1]


def test_the_whole_list_stays_within_what_there_is():
    assert sorted(chosen(0.5, limit=9)) == [0, 1, 2, 3, 4]


def test_divergence_by_hand():
    held = np.array([[2.0, 0.0], [0.7, 0.3], [0.0, 0.0]])
    alone = 0.7 * log(0.7 / (1 - SMOOTHING + SMOOTHING * 0.7)) + 0.3 * log(0.3 / (SMOOTHING * 0.3))
    assert divergence(held, SHARES) == pytest.approx([alone, 0.0, -log(SMOOTHING)])


def test_an_item_of_no_interest_changes_no_shares():
    kinds = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    assert chosen(0.5, limit=2, kinds=kinds) == [0, 4]


def test_one_interest_needs_no_shares():
    alone = np.ones((5, 1))
    assert calibrate(SCORES, APART, alone, np.ones(1), limit=2, diversity=0.0, calibration=1.0) == [0, 1]


def test_likeness_counts_as_well():
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    found = calibrate(SCORES, vectors, KINDS, SHARES, limit=2, diversity=0.5, calibration=0.01)
    assert found == [0, 2]
