"""Index versions and reindex runs through the API."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from catalog.models import AuditEntry, EmbeddingBatch, EmbeddingState, IndexVersion, ReindexRun
from tests.callers import problem, with_key
from tests.databases import connect
from tests.factories import make_items, make_version

VERSIONS = "/api/v1/index-versions"
RUNS = "/api/v1/reindex-runs"


def note_states(version: IndexVersion, *states: str) -> None:
    """Create items whose ledger rows are in these states."""
    ids = make_items([{"external_id": f"{version.pk}-{number}"} for number in range(len(states))])
    for pk, state in zip(sorted(ids.values()), states, strict=True):
        EmbeddingState.objects.of(version).filter(item_id=pk).update(
            state=state, error="too long" if state == "failed" else "", updated_at=timezone.now()
        )


def start(client: APIClient, **settings: Any) -> Any:
    return client.post(RUNS, settings, format="json")


def test_a_version_is_shown_with_how_far_it_is(administrator):
    version = make_version()
    note_states(version, "done", "done", "done", "pending", "failed")
    EmbeddingBatch.objects.create(version=version, items=3, passages=3, duration_s=1.0)
    shown = administrator.get(f"{VERSIONS}/{version.pk}").json()
    assert (shown["state"], shown["dimensions"]) == ("active", 3)
    progress = shown["progress"]
    assert (progress["total"], progress["done"], progress["pending"], progress["failed"]) == (5, 3, 1, 1)
    assert progress["coverage"] == pytest.approx(0.6)
    assert 0 < progress["items_per_s"] <= 3
    assert progress["eta_s"] == pytest.approx(1 / progress["items_per_s"])
    assert [row["id"] for row in administrator.get(VERSIONS).json()["results"]] == [version.pk]


def test_failures_are_listed_and_tried_again(administrator):
    version = make_version()
    note_states(version, "failed", "done", "failed")
    address = f"{VERSIONS}/{version.pk}"
    listed = administrator.get(f"{address}/failures", {"limit": 1}).json()
    assert listed["total"] == 2
    assert [(row["error"], row["title"]) for row in listed["failures"]] == [("too long", f"{version.pk}-2")]
    assert administrator.post(f"{address}/retry").json() == {"retried": 2}
    assert administrator.get(f"{address}/failures").json() == {"total": 0, "failures": []}
    assert AuditEntry.objects.get().action == "embedding.retry"


def test_pictures_that_could_not_be_had_are_listed_and_tried_again(administrator):
    version = make_version()
    note_states(version, "done", "done")
    unseen = EmbeddingState.objects.of(version).order_by("item_id")[0]
    EmbeddingState.objects.of(version).filter(item_id=unseen.item_id).update(picture_error="404", picture_attempts=2)
    address = f"{VERSIONS}/{version.pk}"
    listed = administrator.get(f"{address}/failures").json()
    assert listed["total"] == 1
    (row,) = listed["failures"]
    assert (row["item_id"], row["part"], row["error"], row["attempts"]) == (unseen.item_id, "picture", "404", 2)
    assert administrator.post(f"{address}/retry").json() == {"retried": 1}
    assert administrator.get(f"{address}/failures").json() == {"total": 0, "failures": []}


def test_searches_are_switched_there_and_back(administrator):
    old, new = make_version(), make_version(state="ready")
    assert administrator.post(f"{VERSIONS}/{new.pk}/activate").json()["state"] == "active"
    assert IndexVersion.objects.active() == new
    assert administrator.post(f"{VERSIONS}/{old.pk}/activate").json()["state"] == "active"
    assert IndexVersion.objects.active() == old
    assert [entry.action for entry in AuditEntry.objects.all()] == ["version.activate"] * 2


@pytest.mark.parametrize("state", ["building", "active", "retired"])
def test_only_a_ready_version_is_activated(administrator, state):
    version = make_version(state=state)
    problem(administrator.post(f"{VERSIONS}/{version.pk}/activate"), 409, "conflict")
    assert not AuditEntry.objects.exists()


def test_a_ready_version_is_retired_once_and_the_active_one_never(administrator):
    active, ready = make_version(), make_version(state="ready")
    assert administrator.post(f"{VERSIONS}/{ready.pk}/retire").json()["state"] == "retired"
    problem(administrator.post(f"{VERSIONS}/{ready.pk}/retire"), 409, "conflict")
    problem(administrator.post(f"{VERSIONS}/{active.pk}/retire"), 409, "conflict")
    assert IndexVersion.objects.active() == active


def test_a_version_being_built_is_retired_only_when_its_run_has_ended(administrator):
    version = make_version(state="building")
    run = ReindexRun.objects.create(version=version)
    problem(administrator.post(f"{VERSIONS}/{version.pk}/retire"), 409, "conflict")
    ReindexRun.objects.filter(pk=run.pk).update(state="failed", finished_at=timezone.now())
    assert administrator.post(f"{VERSIONS}/{version.pk}/retire").json()["state"] == "retired"


def test_a_reindex_is_started_once_paused_resumed_and_cancelled(administrator):
    make_items([{"external_id": name} for name in "abc"])
    started = start(administrator, window_tokens=64, overlap_tokens=8, storage="binary", activate_when_ready=False)
    assert started.status_code == 201, started.content
    run = started.json()
    assert (run["state"], run["step"], run["activate_when_ready"]) == ("running", "load", False)
    assert (run["version"]["window_tokens"], run["version"]["storage"]) == (64, "binary")
    problem(start(administrator), 409, "already_reindexing")
    address = started["Location"]
    assert administrator.post(f"{address}/pause").json()["state"] == "paused"
    problem(administrator.post(f"{address}/pause"), 409, "conflict")
    problem(start(administrator), 409, "already_reindexing")
    assert administrator.post(f"{address}/resume").json()["state"] == "running"
    cancelled = administrator.post(f"{address}/cancel").json()
    assert (cancelled["state"], cancelled["version"]["state"]) == ("cancelled", "retired")
    problem(administrator.post(f"{address}/cancel"), 409, "conflict")
    assert administrator.get(address).json()["state"] == "cancelled"
    assert [row["id"] for row in administrator.get(RUNS).json()["results"]] == [run["id"]]
    actions = [entry.action for entry in AuditEntry.objects.order_by("pk")]
    assert actions == ["reindex.start", "reindex.pause", "reindex.resume", "reindex.cancel"]


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"window_tokens": 8}, "window_tokens"),
        ({"window_tokens": 64, "overlap_tokens": 40}, "overlap_tokens"),
        ({"document_template": "{% if title %}{{ title }}"}, "document_template"),
        ({"document_template": "{% include 'base.html' %}"}, "document_template"),
        ({"document_template": "{# nothing #}"}, "document_template"),
        ({"document_template": "{{ title"}, "document_template"),
        ({"model": "/nowhere/model"}, "model"),
        ({"storage": "int8"}, "storage"),
        ({"dimensions": 0}, "dimensions"),
        ({"modell": "all-MiniLM-L6-v2"}, "modell"),
        ({"backend": "magic"}, "backend"),
        ({"backend": "openai", "model": "small"}, "backend"),
        ({"backend": "static", "model": "/nowhere"}, "model"),
        ({"backend": "static"}, "model"),
    ],
)
def test_settings_that_no_version_can_have_are_refused(administrator, settings, field):
    problem(start(administrator, **settings), 400, None, field)
    assert not ReindexRun.objects.exists()
    assert not IndexVersion.objects.exists()


@pytest.mark.parametrize("path", [VERSIONS, RUNS])
def test_the_index_is_for_administrators(db, path):
    problem(with_key("write").get(path), 403, "permission_denied")


def test_a_version_whose_index_is_being_built_is_given_up_without_waiting(committed_db):
    version = make_version(state="building")
    run = ReindexRun.objects.create(version=version)
    client = with_key("admin")
    with connect() as builder:
        # The lock that CREATE INDEX holds while it builds.
        builder.execute(f"LOCK TABLE catalog_passage_v{version.pk} IN SHARE MODE")
        started = time.monotonic()
        cancelled = client.post(f"{RUNS}/{run.pk}/cancel")
        assert cancelled.json()["version"]["state"] == "retired"
        assert time.monotonic() - started < 5
    assert IndexVersion.objects.get(pk=version.pk).state == "retired"


def test_a_template_may_rest_on_attributes_alone(administrator):
    template = "Directed by {{ attributes.director }}."
    run = start(administrator, document_template=template).json()
    assert run["version"]["document_template"] == template
