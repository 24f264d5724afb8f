"""Measures of a trained space beside the untrained score, worked out by hand."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest

from recommender.space.report import coverage_of, novelty_of, recall_of, report

HELD = [frozenset({1, 2}), frozenset({3}), frozenset({5, 6, 7, 8})]
TRAINED = np.array([[1, 0], [3, 4], [0, 4]])
UNTRAINED = np.array([[0, 4], [0, 3], [5, 6]])
#: Of nine items, few people met those beyond the fifth.
MET = np.array([9, 9, 9, 9, 9, 9, 5, 0, 0], dtype=float)


def test_recall_is_the_share_that_is_found():
    assert recall_of(TRAINED, HELD) == pytest.approx([1 / 2, 1, 0])
    assert recall_of(UNTRAINED, HELD) == pytest.approx([0, 1, 1 / 2])


def test_what_few_have_met_is_a_surprise():
    met = np.array([7.0, 3.0, 3.0, 0.0])
    # Each plus one: 8, 4, 4 and 1 of 17.
    assert novelty_of(np.array([[0, 1], [1, 3]]), met) == pytest.approx(
        [(log2(17 / 8) + log2(17 / 4)) / 2, (log2(17 / 4) + log2(17)) / 2]
    )


def test_coverage_is_the_share_of_the_catalogue():
    assert coverage_of(TRAINED, items=9) == 4 / 9


def test_a_report_holds_both_and_the_paired_difference():
    found = report(trained=TRAINED, untrained=UNTRAINED, held_out=HELD, met=MET)
    assert found["recall@10"]["trained"]["mean"] == 0.5
    assert found["recall@10"]["untrained"]["mean"] == 0.5
    difference = found["recall@10"]["difference"]
    assert difference["mean"] == 0
    assert difference["low"] < 0 < difference["high"]
    assert found["coverage@10"] == {"trained": 0.4444, "untrained": 0.5556, "difference": -0.1112, "people": 3}


def test_cold_items_count_for_people_who_have_any():
    cold = report(trained=TRAINED, untrained=UNTRAINED, held_out=HELD, met=MET)["cold_recall@10"]
    # For the third person 6, 7 and 8 are cold, and 6 is found untrained.
    assert (cold["people"], cold["trained"]["mean"], cold["untrained"]["mean"]) == (1, 0, 0.3333)
    nobody = report(trained=TRAINED, untrained=UNTRAINED, held_out=HELD, met=MET + 10)
    assert "cold_recall@10" not in nobody
