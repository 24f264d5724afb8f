"""Few passages are searched exactly; in a graph, searches look only as far as they must to find the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone

from catalog.embedding.base import Encoder, FloatArray
from catalog.embedding.registry import encoder_for
from catalog.index.versions import ensure_active_version
from catalog.models import EmbeddingState, IndexVersion, SearchIntent
from catalog.search.dense import nearest, vector_search
from catalog.search.scope import EVERYTHING
from catalog.tuning import ef_search
from catalog.tuning.ef_search import Measured, awaits_tuning, tune
from tests.checkpoints import write_checkpoint
from tests.factories import add_passages, make_item, make_version
from workers.embed import drain
from workers.sweep import tune_graphs

pytestmark = pytest.mark.django_db


def version_with(count: int, *, dimensions: int = 32, **fields: Any) -> IndexVersion:
    version = make_version(dimensions=dimensions, **fields)
    add(version, count)
    return version


def add(version: IndexVersion, count: int, *, first: int = 1) -> None:
    vectors = np.random.default_rng(first).normal(size=(count, version.dimensions))
    add_passages(version, {first + number: [vector.tolist()] for number, vector in enumerate(vectors)})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_passage")


@pytest.fixture
def by_graph(monkeypatch):
    """Search passages through the graph, however few they are."""
    monkeypatch.setattr(ef_search, "EXACT_UP_TO_NUMBERS", 0)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")


def nearest_item(version: IndexVersion, vector: Sequence[float]) -> int:
    with vector_search() as cursor:
        return next(iter(nearest(cursor, version, vector, EVERYTHING).passages))


def test_an_empty_version_has_no_recall():
    assert tune(make_version()) is None


def test_few_passages_are_searched_exactly():
    version = version_with(400)
    measured = tune(version)
    assert measured == Measured(recall_at_10=1.0, ef_search=None, passages=400, queries=0)
    version.refresh_from_db()
    assert version.searched_exactly
    assert version.recall_at_10 == 1


def test_an_exact_search_finds_what_a_walk_does_not_see():
    version = version_with(1_500)
    with connection.cursor() as cursor:  # a walk that keeps one passage in view and is not restarted
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL hnsw.ef_search = 1; SET LOCAL hnsw.iterative_scan = off")
    asked = np.random.default_rng(2).normal(size=(20, version.dimensions)).tolist()
    walked = [nearest_item(version, vector) for vector in asked]
    tune(version)
    found = [nearest_item(version, vector) for vector in asked]
    vectors = np.random.default_rng(1).normal(size=(1_500, version.dimensions))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert found == [1 + int(np.argmax(vectors @ vector)) for vector in asked]
    assert walked != found


def test_what_lies_outside_of_its_rows_is_not_searched_exactly():
    version = version_with(20, dimensions=ef_search.EXACT_UP_TO_DIMENSIONS + 1)
    measured = tune(version)
    assert measured is not None
    assert measured.ef_search == ef_search.EF_SEARCH_TRIED[0]
    assert not version.searched_exactly


def test_it_looks_as_far_as_the_target_takes_and_no_further(by_graph, settings, monkeypatch):
    monkeypatch.setattr(ef_search, "EF_SEARCH_TRIED", (1, 10, 400))
    with connection.cursor() as cursor:  # an iterative walk would find everything in a graph this small
        cursor.execute("SET LOCAL hnsw.iterative_scan = off")
    version = version_with(1_500)
    settings.HNSW_TARGET_RECALL = 0.05
    near = tune(version)
    settings.HNSW_TARGET_RECALL = 0.999
    far = tune(version)
    assert near is not None and far is not None
    assert (near.ef_search, far.ef_search) in [(1, 10), (1, 400)]
    assert 0.05 < near.recall_at_10 < 0.999 <= far.recall_at_10


def test_a_target_out_of_reach_is_not_looked_for_for_ever(by_graph, settings):
    settings.HNSW_TARGET_RECALL = 1.1
    measured = tune(version_with(1_500, dimensions=8))
    assert measured is not None
    assert measured.recall_at_10 > 0.99
    assert measured.ef_search in ef_search.EF_SEARCH_TRIED[:-1]


def test_equal_vectors_count_whichever_of_them_is_found(by_graph):
    version = make_version(dimensions=2)
    add_passages(version, {number: [[1, 0]] for number in range(1, 300)})
    measured = tune(version)
    assert measured is not None
    assert measured.recall_at_10 == 1


def test_it_is_measured_again_when_the_version_has_grown_by_a_quarter(by_graph):
    version = version_with(1_200)
    assert awaits_tuning(version)
    tune_graphs()
    version.refresh_from_db()
    assert version.passages_measured == 1_200
    assert version.ef_search is not None
    add(version, 100, first=2_000)
    assert not awaits_tuning(version)
    add(version, 300, first=3_000)
    assert awaits_tuning(version)


def test_what_outgrows_an_exact_search_waits_for_no_end_of_an_import(monkeypatch):
    monkeypatch.setattr(ef_search, "EXACT_UP_TO_NUMBERS", 500 * 32)
    version = version_with(400)
    tune(version)
    make_item("ship", title="A ship in the storm")  # still to be embedded
    add(version, 200, first=2_000)
    assert not awaits_tuning(version)
    add(version, 100, first=3_000)
    assert awaits_tuning(version)
    tune(version)
    assert not version.searched_exactly
    add(version, 1_000, first=4_000)
    assert not awaits_tuning(version)


@pytest.fixture
def asked_of(tmp_path: Path, settings, monkeypatch) -> list[Sequence[str]]:
    """The texts that the encoder was asked to encode as queries."""
    settings.ENCODER_MODEL = str(write_checkpoint(tmp_path / "model"))
    asked: list[Sequence[str]] = []
    encoder = encoder_for(ensure_active_version().encoder_spec)
    monkeypatch.setattr(ef_search, "encoder_for", lambda spec: Recording(encoder, asked))
    return asked


@dataclass(frozen=True)
class Recording:
    """The encoder itself, with a list of what it is asked."""

    encoder: Encoder
    asked: list[Sequence[str]]

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        self.asked.append(texts)
        return self.encoder.encode_queries(texts)


def test_titles_are_asked_as_queries(asked_of, by_graph):
    make_item("ship", title="A ship in the storm")
    drain()
    measured = tune(ensure_active_version())
    assert measured is not None
    assert measured.passages == 1
    assert asked_of == [["A ship in the storm"]]


def test_passages_are_asked_where_the_encoder_is_not_to_be_had(by_graph):
    version = version_with(50)
    make_item("ship", title="A ship in the storm")
    EmbeddingState.objects.of(version).update(state="done")
    measured = tune(version)
    assert measured is not None
    assert measured.recall_at_10 == 1


def test_what_people_ask_is_measured_too(asked_of, by_graph):
    version = ensure_active_version()
    add(version, 50)
    now = timezone.now()
    SearchIntent.objects.create(
        source="page", asker=1, text="a ship in the storm", folded="a ship in the storm", started_at=now, last_at=now,
        request_ids=[], shown=[], total=1, close_total=1, filtered=False, semantic_ratio=0.5, degraded=False,
        processing_ms=1.0,
    )  # fmt: skip
    measured = tune(version)
    assert measured is not None
    assert measured.queries == 1
    assert asked_of == [["a ship in the storm"]]
