from __future__ import annotations

import numpy as np
import pytest

from catalog.calibration import calibrate_cutoff, measure_recall
from catalog.models import IndexVersion
from tests.factories import add_passages, make_version

pytestmark = pytest.mark.django_db


def version_with(count: int, *, mean: float = 0.0) -> IndexVersion:
    version = make_version(dimensions=32)
    vectors = np.random.default_rng(3).normal(mean, 1, (count, 32))
    add_passages(version, {number: [vector.tolist()] for number, vector in enumerate(vectors, start=1)})
    return version


def test_the_cutoff_lies_three_deviations_above_chance():
    # Random directions in 32 dimensions: cosines of mean 0 and deviation 1 / sqrt(32).
    assert calibrate_cutoff(version_with(1_000)) == pytest.approx(3 / 32**0.5, rel=0.15)


def test_where_all_texts_are_alike_the_cutoff_stays_within_reach():
    assert calibrate_cutoff(version_with(200, mean=3.0)) == 0.5


def test_too_few_passages_tell_nothing():
    assert calibrate_cutoff(version_with(20)) is None


def test_recall_compares_the_graph_with_an_exact_scan():
    recall = measure_recall(version_with(400))
    assert recall is not None and recall > 0.95


def test_an_empty_version_has_no_recall():
    assert measure_recall(make_version()) is None
