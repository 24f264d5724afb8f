"""How much of a candidate belongs to which interest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.interests import Interest
from recommender.personal_interests import PersonalInterest
from recommender.quotas import quotas
from recommender.scoring import Scores

PARTS = np.array([[0.6, 0.2, 0.0], [-1.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
SCORES = Scores(
    totals=np.zeros(3),
    popular=np.zeros(3),
    rest=np.zeros(3),
    sources=[1, 2, 3],
    in_favour=np.ones(3, bool),
    parts_of=lambda positions: PARTS[positions],
)
ALL = np.arange(3)


def interest(share: float, *items: int) -> PersonalInterest:
    found = Interest(vector=np.zeros(2, np.float32), sources=dict.fromkeys(items, 1.0))
    return PersonalInterest(interest=found, share=share, medoid=items[0] if share else None)


INTERESTS = [interest(0.6, 1), interest(0.4, 2), interest(0.0, 3)]


def test_a_candidate_belongs_to_what_lifts_it():
    kinds, shares = quotas(SCORES, ALL, INTERESTS)
    assert kinds == pytest.approx(np.array([[0.75, 0.25], [0.0, 0.0], [0.0, 0.0]]))
    assert shares == pytest.approx([0.6, 0.4])


def test_only_the_candidates_at_the_positions_count():
    kinds, _ = quotas(SCORES, np.array([2, 0]), INTERESTS)
    assert kinds == pytest.approx(np.array([[0.0, 0.0], [0.75, 0.25]]))


def test_what_is_muted_has_no_share():
    kinds, shares = quotas(SCORES, ALL, [replace(INTERESTS[0], muted=True), *INTERESTS[1:]])
    assert kinds == pytest.approx(np.array([[1.0], [0.0], [0.0]]))
    assert shares == pytest.approx([1.0])


def test_without_interests_nothing_has_a_share():
    kinds, shares = quotas(SCORES, ALL, [])
    assert kinds.shape == (3, 0) and shares.shape == (0,)
