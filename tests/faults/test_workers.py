"""Workers are killed, meet poison and lose their messages: every item is embedded nonetheless."""

from __future__ import annotations

import json
import os
import shelve
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.db import connection

from catalog.embedding.registry import encoder_for
from catalog.index.versions import ensure_active_version
from catalog.models import IndexVersion, Item
from searchsite.local_site import PROJECT
from tests.checkpoints import POISON
from tests.factories import make_items
from tests.faults.site import LEASE_S, Site
from tests.ledger import ledger, passages, vector_of
from tests.waiting import wait_until
from workers.embed import drain


def test_what_a_process_saved_before_it_died_is_found_by_the_sweep(site: Site):
    site.insert_unannounced("unannounced-", 20)
    site.wait_until_embedded(timeout_s=20)


def test_a_worker_killed_in_the_middle_of_a_load_is_replaced_by_the_next(site: Site):
    site.insert_unannounced("killed-", 800)
    wait_until(lambda: site.unfinished() < 700, timeout_s=60, what="the load to begin")
    site.embedding_worker.kill()
    site.start_embedding_worker()
    site.wait_until_embedded(timeout_s=90)
    assert site.count("SELECT count(*) FROM catalog_embeddingstate WHERE state = 'failed'") == 0


def test_a_jobs_worker_that_is_killed_takes_its_beat_along(site: Site):
    beats = psutil.Process(site.jobs_worker.pid).children(recursive=True)
    assert beats
    site.jobs_worker.kill()
    try:
        wait_until(lambda: not any(beat.is_running() for beat in beats), timeout_s=10, what="the beat to stop")
    finally:
        site.start_jobs_worker()


def test_a_clock_that_was_set_back_stops_no_sweep(site: Site):
    site.jobs_worker.stop(timeout_s=10)
    with shelve.open(str(site.services.data_dir.root / "beat-schedule")) as kept:  # noqa: S301  (the site wrote it)
        entries = kept["entries"]
        for entry in entries.values():
            entry.last_run_at += timedelta(hours=1)
        kept["entries"] = entries
    site.start_jobs_worker()
    site.insert_unannounced("found-by-the-worker-that-starts-", 5)
    site.wait_until_embedded(timeout_s=40)
    site.insert_unannounced("found-by-the-sweep-", 5)
    site.wait_until_embedded(timeout_s=20)


def test_items_edited_while_they_are_embedded_get_the_vectors_of_their_last_text(site: Site):
    site.insert_unannounced("edited-", 600)
    with site.connect() as editor:
        for step in range(20):
            editor.execute(
                "UPDATE catalog_item SET title = 'The robot ' || %s || id "
                "WHERE external_id LIKE 'edited-%%' AND id %% 5 = %s",
                [step, step % 5],
            )
    site.wait_until_embedded(timeout_s=60)  # the fixture compares every vector with its item's text


def test_a_poison_item_is_set_aside_with_its_reason_and_can_be_mended(site: Site):
    site.save("bad", f"The {POISON} of the island")
    site.insert_unannounced("beside-", 50)
    site.wait_until_embedded(timeout_s=60)
    with site.connect() as database:
        failures = database.execute(
            "SELECT external_id, attempts, error FROM catalog_embeddingstate JOIN catalog_item ON id = item_id "
            "WHERE state = 'failed'"
        ).fetchall()
    assert [(external_id, attempts) for external_id, attempts, _ in failures] == [("bad", 5)]
    assert "not finite" in str(failures[0][2])
    site.save("bad", "The boat of the island")
    site.wait_until_embedded(timeout_s=20)
    assert site.count("SELECT count(*) FROM catalog_embeddingstate WHERE state = 'failed'") == 0


@pytest.fixture
def database(committed_db: str, checkpoint: Path, settings) -> str:
    """The URL of a database with 400 items, all pending."""
    settings.ENCODER_MODEL = str(checkpoint)
    ensure_active_version()
    make_items([{"external_id": f"film {number}", "title": f"The ship {number}"} for number in range(400)])
    return os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{committed_db}"


def test_workers_killed_at_20_random_points_leave_no_item_behind_and_no_stale_vector(
    database: str, checkpoint: Path, settings
):
    settings.EMBEDDING_LEASE_S = 2
    environment = {
        "DATABASE_URL": database,
        "ENCODER_MODEL": str(checkpoint),
        "EMBEDDING_LEASE_S": "2",
        "EMBEDDING_CLAIM_ITEMS": "8",
    }
    killed = subprocess.run(
        [sys.executable, "-m", "tests.faults.killed_workers", "--kills", "20", "--seed", "7"],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(killed.stdout.splitlines()[-1])
    assert report["killed"] == 20
    assert report["written"] > 0, "no worker got anything done before it was killed"
    version = ensure_active_version()
    wait_until(lambda: drain() == 0 and unfinished() == 0, timeout_s=LEASE_S + 20, what="what was left")
    assert set(ledger(version).values()) == {"done"}
    assert passages(version) == {f"film {number}": 1 for number in range(400)}
    assert stale(version) == []


def unfinished() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalog_embeddingstate WHERE state IN ('pending', 'leased')")
        return cursor.fetchone()[0]


def stale(version: IndexVersion) -> list[str]:
    """Items whose vector does not match their text."""
    items = list(Item.objects.order_by("pk"))
    expected = encoder_for(version.encoder_spec).encode_documents(
        [f"{item.title}\n{item.body}".strip() for item in items]
    )
    return [
        item.external_id
        for item, vector in zip(items, expected, strict=True)
        if sum(a * b for a, b in zip(vector, vector_of(version, item), strict=True)) < 0.99
    ]
