"""Measurements as a worker performs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.cache import cache

from catalog.judged import measuring
from catalog.judged.measuring import (
    AlreadyMeasuring,
    NothingToMeasure,
    SearchSetting,
    cancel_measurement,
    settings_of,
    start_measurement,
)
from catalog.models import IndexVersion, Item, JudgedSet, Judgement, Measurement
from catalog.ranking.gains import gain_of
from tests.checkpoints import write_checkpoint, write_cross_encoder
from tests.factories import make_items, make_set, make_version
from workers import tasks
from workers.embed import drain
from workers.measurements import waiting

Kind = Measurement.Kind
WORDS = {"ship": ("a", "b"), "storm": ("c", "d")}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("models") / "small", seed=5)


@pytest.fixture
def version(db: None, small: Path) -> IndexVersion:
    """Two items for each of two words: one with the word as its title, and one that mentions it."""
    version = make_version(backend="transformer", model=str(small), dimensions=32)
    rows = [
        {"external_id": external_id, "title": word if number == 0 else "other", "body": f"about a {word}"}
        for word, ids in WORDS.items()
        for number, external_id in enumerate(ids)
    ]
    make_items(rows)
    drain(until_s=60)
    return version


@pytest.fixture
def judged_set(version: IndexVersion) -> JudgedSet:
    ids = Item.objects.ids_by_external_id("abcd")
    return make_set("Films", {"ship": {ids["a"]: 1, ids["b"]: 3}, "storm": {ids["c"]: 2}, "robot": {}})


def one(version: IndexVersion, **fields: object) -> SearchSetting:
    return SearchSetting(version_id=version.pk, **fields)  # type: ignore[arg-type]


def test_a_measurement_is_carried_out_and_kept(version, judged_set):
    """By words the item with the title is first. ship: grades 1, 3; storm: 2 and an unjudged one.

    nDCG of ship = (1 + 3 / log2(3)) / (3 + 1 / log2(3)) = 2.8928 / 3.6309 = .7967; of storm 1.
    """
    measurement = start_measurement(judged_set, [one(version, semantic_ratio=0.0)], kind=Kind.ONE)
    assert (measurement.queries, measurement.searches_total, waiting()) == (2, 2, True)
    tasks.measure_relevance()
    measurement.refresh_from_db()
    assert (measurement.state, measurement.message, measurement.searches_done) == ("done", "", 2)
    setting = measurement.settings.get()
    assert setting.ndcg_at_10 == pytest.approx((0.7967 + 1) / 2, abs=1e-4)
    assert (setting.mrr_at_10, setting.recall_at_100, setting.judged_at_10) == (1.0, 1.0, 0.75)
    assert sorted(setting.ndcg_by_query.values()) == [0.7967, 1.0]
    assert (setting.median_ms or 0) > 0
    assert setting.gain is None
    assert not waiting()


def test_a_sweep_compares_every_ratio_with_the_present_one_query_by_query(version, judged_set):
    tried = settings_of(Kind.SWEEP, one(version, semantic_ratio=0.5))
    assert [setting.semantic_ratio for setting in tried] == [0.5, 0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 1]
    measurement = start_measurement(judged_set, tried, kind=Kind.SWEEP)
    tasks.measure_relevance()
    base, *others = measurement.settings.all()
    assert base.gain is None
    assert len(others) == 10
    for other in others:
        queries = sorted(base.ndcg_by_query)
        rows = [np.array([setting.ndcg_by_query[query] for query in queries]) for setting in (other, base)]
        assert other.gain is not None
        assert other.gain["mean"] == pytest.approx(gain_of(*rows).mean, abs=2e-4)
        assert other.gain["low"] <= other.gain["mean"] <= other.gain["high"]


def test_two_versions_are_measured_on_the_same_queries(version, judged_set, small):
    other = make_version(
        backend="transformer", model=str(small), dimensions=32, document_template="{{ title }}", state="ready"
    )
    drain(until_s=60)
    tried = settings_of(Kind.VERSIONS, one(version, semantic_ratio=1.0), other_version_id=other.pk)
    measurement = start_measurement(judged_set, tried, kind=Kind.VERSIONS)
    tasks.measure_relevance()
    mine, theirs = measurement.settings.all()
    assert (mine.version_id, theirs.version_id) == (version.pk, other.pk)
    assert mine.ndcg_by_query.keys() == theirs.ndcg_by_query.keys()
    assert theirs.gain is not None
    means = [np.mean(list(setting.ndcg_by_query.values())) for setting in (mine, theirs)]
    assert theirs.gain["mean"] == pytest.approx(means[1] - means[0], abs=2e-4)


def test_reranking_is_measured_beside_the_first_stage_and_says_where_time_did_not_do(
    version, judged_set, settings, tmp_path
):
    settings.RERANK_MODEL = str(write_cross_encoder(tmp_path / "cross"))
    settings.RERANK_MAX_TOKENS, settings.RERANK_BUDGET_MS = 64, 60_000.0
    cache.clear()
    tried = settings_of(Kind.RERANKING, one(version, semantic_ratio=0.0))
    assert [setting.rerank for setting in tried] == [False, True]

    def measured() -> Measurement:
        measurement = start_measurement(judged_set, tried, kind=Kind.RERANKING)
        tasks.measure_relevance()
        measurement.refresh_from_db()
        assert measurement.state == "done", measurement.message
        return measurement

    assert [setting.not_reranked for setting in measured().settings.all()] == [0, 0]
    settings.RERANK_BUDGET_MS = 0.0
    cache.clear()
    without_time = list(measured().settings.all())
    assert [setting.not_reranked for setting in without_time] == [0, 2]
    assert without_time[0].ndcg_by_query == without_time[1].ndcg_by_query


def test_nothing_is_started_that_cannot_be_measured(version, judged_set, settings):
    def refusal(*tried: SearchSetting, of: JudgedSet = judged_set) -> str:
        with pytest.raises(NothingToMeasure) as refused:
            start_measurement(of, tried, kind=Kind.ONE)
        return str(refused.value)

    settings.RERANK_MODEL = ""
    assert "no live index version 999" in refusal(SearchSetting(version_id=999))
    assert "no reranker" in refusal(one(version, rerank=True))
    empty = make_set("Empty", {"ship": {Item.objects.get(external_id="a").pk: 0}})
    assert "Judge some first" in refusal(one(version), of=empty)
    assert not Measurement.objects.exists()


def test_a_set_is_measured_once_at_a_time_and_the_first_can_be_cancelled(version, judged_set):
    measurement = start_measurement(judged_set, [one(version)], kind=Kind.ONE)
    with pytest.raises(AlreadyMeasuring):
        start_measurement(judged_set, [one(version)], kind=Kind.ONE)
    assert cancel_measurement(measurement)
    assert not cancel_measurement(measurement)
    tasks.measure_relevance()
    measurement.refresh_from_db()
    assert (measurement.state, measurement.attempts) == ("cancelled", 0)
    start_measurement(judged_set, [one(version)], kind=Kind.ONE)


def test_a_measurement_that_is_cancelled_on_the_way_keeps_no_figures(version, judged_set, monkeypatch):
    measurement = start_measurement(judged_set, settings_of(Kind.SWEEP, one(version)), kind=Kind.SWEEP)
    ask = measuring._Trial.ask

    def ask_and_cancel(trial, *args, **fields):
        ask(trial, *args, **fields)
        cancel_measurement(measurement)

    monkeypatch.setattr(measuring._Trial, "ask", ask_and_cancel)
    tasks.measure_relevance()
    measurement.refresh_from_db()
    assert measurement.state == "cancelled"
    assert {setting.ndcg_at_10 for setting in measurement.settings.all()} == {None}


def test_what_takes_too_long_is_given_up(version, judged_set, monkeypatch):
    monkeypatch.setattr(measuring, "MOST_S", -60)
    measurement = start_measurement(judged_set, [one(version)], kind=Kind.ONE)
    tasks.measure_relevance()
    measurement.refresh_from_db()
    assert measurement.state == "failed"
    assert measurement.message.endswith("at 0 of 2 queries.")


def test_search_by_words_alone_is_not_passed_off_as_hybrid(judged_set):
    broken = make_version(state="ready")  # its encoder does not exist
    measurement = start_measurement(judged_set, [one(broken)], kind=Kind.ONE)
    other = make_set("Other", {"ship": {Item.objects.get(external_id="a").pk: 1}})
    by_words = start_measurement(other, [one(broken, semantic_ratio=0.0)], kind=Kind.ONE)
    tasks.measure_relevance()
    measurement.refresh_from_db()
    by_words.refresh_from_db()
    assert measurement.state == "failed"
    assert "no encoder backend" in measurement.message
    assert by_words.state == "done"


def test_judgements_taken_back_before_the_worker_comes_are_noticed(version, judged_set):
    measurement = start_measurement(judged_set, [one(version)], kind=Kind.ONE)
    Judgement.objects.all().delete()
    tasks.measure_relevance()
    measurement.refresh_from_db()
    assert (measurement.state, measurement.message) == ("failed", "No item is judged relevant any longer.")


def test_the_sweep_finds_a_measurement_whose_wake_up_was_lost(version, judged_set, monkeypatch):
    woken = []
    start_measurement(judged_set, [one(version)], kind=Kind.ONE)
    monkeypatch.setattr(tasks, "wake", lambda task, **arguments: woken.append(task.name))
    tasks.look_for_work()
    assert "workers.tasks.measure_relevance" in woken
