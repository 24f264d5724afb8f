from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from catalog.calibration import chance_cutoff, measure_recall
from catalog.indexing import ensure_active_version
from catalog.models import IndexVersion
from tests.checkpoints import write_checkpoint
from tests.factories import add_passages, make_item, make_items, make_version
from workers.embed import drain

pytestmark = pytest.mark.django_db


def version_with(count: int, *, mean: float = 0.0) -> IndexVersion:
    version = make_version(dimensions=32)
    vectors = np.random.default_rng(3).normal(mean, 1, (count, 32))
    add_passages(version, {number: [vector.tolist()] for number, vector in enumerate(vectors, start=1)})
    return version


def test_the_cutoff_lies_two_deviations_above_what_queries_and_foreign_passages_have_in_common():
    queries = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    passages = np.array([[0.6, 0.8], [1, 0], [0, 1]], dtype=np.float32)
    # The products of each query with the passages of the two other rows.
    chance = np.array([1, 0, 0.8, 1, 1, 0.6]) * 0.1

    assert chance_cutoff(queries * 0.1, passages) == pytest.approx(chance.mean() + 2 * chance.std(), abs=1e-6)


def test_where_all_texts_are_alike_the_cutoff_stays_within_reach():
    alike = np.full((5, 4), 0.5, dtype=np.float32)

    assert chance_cutoff(alike, alike) == 0.5


def test_it_is_measured_once_when_enough_is_embedded(tmp_path: Path, settings):
    settings.ENCODER_MODEL = str(write_checkpoint(tmp_path / "model"))
    ensure_active_version()
    make_items([{"external_id": f"film {number}", "title": f"The ship {number} in the storm"} for number in range(49)])
    drain()
    assert IndexVersion.objects.get().relevance_cutoff is None
    make_item("the last one", "A dog in the rain")
    drain()
    measured = IndexVersion.objects.get().relevance_cutoff
    assert measured is not None and 0 < measured <= 0.5
    make_item("one more")
    drain()
    assert IndexVersion.objects.get().relevance_cutoff == measured


def test_recall_compares_the_graph_with_an_exact_scan():
    recall = measure_recall(version_with(400))
    assert recall is not None and recall > 0.95


def test_an_empty_version_has_no_recall():
    assert measure_recall(make_version()) is None
