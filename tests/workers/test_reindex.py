"""A reindex run from start to switch: step by step, killed at each step, failed, cancelled and resumed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.db import connection
from psycopg import sql

from catalog.index.partitions import drop_retired
from catalog.index.reindex import (
    AlreadyReindexing,
    cancel_reindex,
    pause_reindex,
    resume_reindex,
    retry_failed,
    retry_reindex,
    start_reindex,
)
from catalog.index.versions import (
    VERSIONS_LOCK,
    activate,
    ensure_active_version,
    load_encoder,
    retire,
    save_loaded_version,
)
from catalog.models import IndexVersion, ReindexRun
from catalog.search import SearchQuery, search
from searchsite.local_site import PROJECT
from tests.checkpoints import POISON
from tests.databases import connect
from tests.factories import make_items
from tests.ledger import ledger
from tests.waiting import wait_until
from workers.embed import drain
from workers.reindex import advance

ADVANCE = "import django, sys; django.setup(); from workers.reindex import advance; advance(int(sys.argv[1]))"


@pytest.fixture
def active(committed_db: str, checkpoint: Path, settings) -> IndexVersion:
    settings.ENCODER_MODEL, settings.EMBEDDING_MAX_ATTEMPTS = str(checkpoint), 1
    version = ensure_active_version()
    make_items([{"external_id": f"film {number}", "title": f"The ship {number} in the storm"} for number in range(60)])
    drain()
    return version


@pytest.fixture
def run(active: IndexVersion) -> ReindexRun:
    return begun(window_tokens=40)


def begun(**settings) -> ReindexRun:
    """A run that has loaded its encoder."""
    run = start_reindex(**settings)
    advance(run.pk)
    return ReindexRun.objects.select_related("version").get(pk=run.pk)


def partition_exists(version: IndexVersion) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"catalog_passage_v{version.pk}"])
        return bool(cursor.fetchone()[0])


def test_it_waits_for_the_workers_then_builds_verifies_and_switches(active, run):
    advance(run.pk)
    run.refresh_from_db()
    assert (run.state, run.step) == ("running", "embed")
    assert IndexVersion.objects.active() == active
    drain()
    advance(run.pk)
    run.refresh_from_db()
    assert run.state == "done", run.message
    assert run.finished_at is not None
    assert run.report["done"] == 60
    assert run.report["recall@10"] >= 0.95
    assert run.version.recall_at_10 == run.report["recall@10"]
    assert IndexVersion.objects.active() == run.version
    active.refresh_from_db()
    assert active.state == "ready"
    run.version.refresh_from_db()
    assert run.version.relevance_cutoff is not None


def test_the_workers_load_the_encoder_and_no_search_knows_the_version_before(active):
    run = start_reindex(window_tokens=1_000, dimensions=16)
    assert (run.step, run.version.state) == ("load", "loading")
    assert not partition_exists(run.version)
    assert run.version not in IndexVersion.objects.live()
    advance(run.pk)
    run.version.refresh_from_db()
    assert (run.version.state, run.version.dimensions) == ("building", 16)
    assert 0 < run.version.window_tokens < 1_000
    assert set(ledger(run.version).values()) == {"pending"}


def test_a_model_that_cannot_be_loaded_fails_the_run_which_can_be_tried_again(active, tmp_path, checkpoint):
    model = tmp_path / "model"
    model.mkdir()
    run = start_reindex(model=str(model))
    advance(run.pk)
    run.refresh_from_db()
    assert run.state == "failed"
    assert run.message.startswith(f"Step load: Model {model} cannot be loaded")
    assert list(IndexVersion.objects.claimable()) == [active]
    model.rmdir()
    model.symlink_to(checkpoint)
    IndexVersion.objects.filter(pk=run.version_id).update(revision="mended")  # a failed load is remembered for a while
    assert retry_reindex(run)
    advance(run.pk)
    drain()
    advance(run.pk)
    run.refresh_from_db()
    assert run.state == "done", run.message


def test_a_run_cancelled_while_its_encoder_is_loaded_makes_nothing(active):
    run = start_reindex()
    loading = ReindexRun.objects.select_related("version").get(pk=run.pk).version
    load_encoder(loading)
    assert cancel_reindex(run)
    assert not save_loaded_version(loading)
    assert not partition_exists(loading)
    assert IndexVersion.objects.get(pk=loading.pk).state == "retired"


def test_without_activation_the_version_waits_for_staff(active):
    run = begun(activate_when_ready=False)
    drain()
    advance(run.pk)
    run.version.refresh_from_db()
    assert run.version.state == "ready"
    assert IndexVersion.objects.active() == active


def test_one_can_roll_back_and_retire_what_is_no_longer_wanted(active, run):
    drain()
    advance(run.pk)
    activate(active)
    assert IndexVersion.objects.active() == active
    run.version.refresh_from_db()
    with pytest.raises(ValueError, match="active version"):
        retire(active)
    retire(run.version)
    assert drop_retired() == [run.version.pk]
    assert not partition_exists(run.version)
    assert drop_retired() == []
    with pytest.raises(ValueError, match="retired"):
        activate(run.version)
    assert search(SearchQuery(text="storm")).version_id == active.pk


@pytest.mark.parametrize("step", ["embed", "build", "verify", "activate"])
def test_killed_in_any_step_it_is_taken_up_again_and_nothing_changes_before_the_switch(active, run, step):
    drain()
    ReindexRun.objects.filter(pk=run.pk).update(step=step)
    with connect() as obstacle:
        hold(obstacle, step, run.version)
        worker = subprocess.Popen(
            [sys.executable, "-c", ADVANCE, str(run.pk)], cwd=PROJECT, env=os.environ | {"DATABASE_URL": url()}
        )
        wait_until(lambda: waits_for_a_lock(), timeout_s=60, what="the worker to be in the middle of the step")
        worker.kill()
        worker.wait()
        assert IndexVersion.objects.active() == active
    assert ReindexRun.objects.get(pk=run.pk).state == "running"
    wait_until(lambda: others_connected() == 0, timeout_s=20, what="the dead worker's session to end")
    advance(run.pk)
    run.refresh_from_db()
    assert run.state == "done", run.message
    assert IndexVersion.objects.active() == run.version


def hold(obstacle, step: str, version: IndexVersion) -> None:
    """Block the step halfway."""
    if step == "activate":
        obstacle.execute("SELECT pg_advisory_xact_lock(%s)", [VERSIONS_LOCK])
        return
    table = f"catalog_embeddingstate_v{version.pk}" if step == "embed" else f"catalog_passage_v{version.pk}"
    mode = "ROW EXCLUSIVE" if step == "build" else "ACCESS EXCLUSIVE"
    obstacle.execute(sql.SQL("LOCK TABLE {} IN {} MODE").format(sql.Identifier(table), sql.SQL(mode)))


def url() -> str:
    return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{connection.settings_dict['NAME']}"


def sessions(condition: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            f"WHERE datname = current_database() AND backend_type = 'client backend' AND {condition}"
        )
        return int(cursor.fetchone()[0])


def waits_for_a_lock() -> bool:
    return sessions("wait_event_type = 'Lock'") > 0


def others_connected() -> int:
    return sessions("pid <> pg_backend_pid()")


def test_two_callers_at_once_make_one_run(active, checkpoint):
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def click() -> None:
        barrier.wait()
        try:
            start_reindex()
        except AlreadyReindexing:
            outcomes.append("refused")
        else:
            outcomes.append("started")
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sorted(outcomes) == ["refused", "started"]
    assert ReindexRun.objects.count() == 1
    assert IndexVersion.objects.count() == 2


def test_a_paused_run_is_left_alone_and_a_resumed_one_goes_on(run):
    assert pause_reindex(run)
    assert not pause_reindex(run)
    drain()
    advance(run.pk)
    assert set(ledger(run.version).values()) == {"pending"}
    assert resume_reindex(run)
    drain()
    advance(run.pk)
    run.refresh_from_db()
    assert run.state == "done"


def test_a_cancelled_run_ends_and_its_version_is_dropped(active, run):
    assert cancel_reindex(run)
    assert not cancel_reindex(run)
    advance(run.pk)
    assert drop_retired() == [run.version.pk]
    assert IndexVersion.objects.active() == active
    assert start_reindex().version.pk > run.version.pk


def test_too_many_failures_fail_the_run_and_mended_items_take_it_up_again(active, run):
    make_items([{"external_id": f"bad {number}", "title": POISON} for number in range(10)])
    drain()
    advance(run.pk)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "10 items could not be embedded" in run.message
    assert IndexVersion.objects.active() == active
    make_items([{"external_id": f"bad {number}", "title": "rain"} for number in range(9)])
    assert retry_failed(run.version) == 1
    drain()
    advance(run.pk)
    run.refresh_from_db()
    assert run.state == "done", run.message


def test_every_search_during_the_switch_reads_one_version_whole(active, run):
    drain()
    seen: set[int | None] = set()
    counts: set[int] = set()
    stop = threading.Event()

    def look() -> None:
        try:
            while not stop.is_set():
                found = search(SearchQuery(text="storm", semantic_ratio=1.0))
                seen.add(found.version_id)
                counts.add(found.total)
        finally:
            connection.close()

    visitor = threading.Thread(target=look)
    visitor.start()
    wait_until(lambda: bool(seen), timeout_s=20, what="the first search")
    advance(run.pk)
    wait_until(lambda: run.version.pk in seen, timeout_s=20, what="a search in the new version")
    stop.set()
    visitor.join()
    assert seen == {active.pk, run.version.pk}
    assert counts == {60}
