from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from catalog.index.sizes import passages_counted
from catalog.index.versions import ensure_active_version
from catalog.models import IndexVersion
from catalog.tuning.relevance_cutoff import chance_cutoff
from tests.checkpoints import write_checkpoint
from tests.factories import analyse, make_item, make_items
from workers.embed import drain
from workers.sweep import work_waits

pytestmark = pytest.mark.django_db


def test_the_cutoff_lies_two_deviations_above_what_queries_and_foreign_passages_have_in_common():
    queries = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    passages = np.array([[0.6, 0.8], [1, 0], [0, 1]], dtype=np.float32)
    # The products of each query with the passages of the two other rows.
    chance = np.array([1, 0, 0.8, 1, 1, 0.6]) * 0.1

    assert chance_cutoff(queries * 0.1, passages) == pytest.approx(chance.mean() + 2 * chance.std(), abs=1e-6)


def test_where_all_texts_are_alike_the_cutoff_stays_within_reach():
    alike = np.full((5, 4), 0.5, dtype=np.float32)

    assert chance_cutoff(alike, alike) == 0.5


def test_it_is_measured_when_enough_is_embedded(tmp_path: Path, settings):
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


def test_it_is_measured_again_when_the_passages_have_doubled(tmp_path: Path, settings):
    settings.ENCODER_MODEL = str(write_checkpoint(tmp_path / "model"))
    version = ensure_active_version()
    make_items([{"external_id": f"ship {number}", "title": f"The ship {number} in the storm"} for number in range(50)])
    drain()
    assert IndexVersion.objects.get().cutoff_passages == passages_counted(version) == 50
    make_items([{"external_id": f"dog {number}", "title": f"{number} dogs, rain and love"} for number in range(49)])
    drain()
    analyse(version)
    assert not work_waits()
    make_item("one more", "A night train")
    drain()
    analyse(version)
    assert work_waits()
    drain()
    assert IndexVersion.objects.get().cutoff_passages == 100
    assert not work_waits()
