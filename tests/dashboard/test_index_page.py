"""The staff page for the index: what it shows, and what its buttons do."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.index.reindex import pause_reindex, start_reindex
from catalog.models import AuditEntry, EmbeddingBatch, EmbeddingState, IndexVersion, Item, ReindexRun
from tests.callers import signed_in
from tests.checkpoints import write_checkpoint
from tests.factories import make_item, make_items, make_version
from tests.waiting import wait_until
from tests.word_vectors import glove

PAGE = "/staff/"


@pytest.fixture
def staff(db: None) -> Client:
    return signed_in("staff", is_staff=True)


def set_states(version: IndexVersion, state: str, external_ids: list[str], error: str = "") -> None:
    items = Item.objects.with_external_ids(external_ids).values("pk")
    EmbeddingState.objects.of(version).filter(item_id__in=items).update(
        state=state, error=error, updated_at=timezone.now()
    )


def shown(response) -> str:
    """The text of a page."""
    assert response.status_code == 200, response.content
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def left_by_failed_run(state: str = "building") -> IndexVersion:
    version = make_version(state=state)
    ReindexRun.objects.create(
        version=version, state="failed", finished_at=timezone.now(), message="Step build: no room"
    )
    return version


def test_coverage_staleness_speed_and_failures_are_shown(staff):
    version = make_version()
    make_items([{"external_id": name} for name in "abcdefgh"])
    make_item("draft", published=False)
    set_states(version, "done", list("abcd"))
    set_states(version, "failed", ["e"], "The text is <b>poison</b>")
    EmbeddingBatch.objects.create(version=version, items=4, passages=4, duration_s=2.0)
    page = staff.get(PAGE)
    text = shown(page)
    for expected in ("Published 8", "1 unpublished", "Serving v", "Coverage 50%", "4 embedded", "Stale 3", "Failed 1"):
        assert expected in text
    assert re.search(r"Speed \d+\.\d items/s", text)
    assert "left" in text
    assert "The text is &lt;b&gt;poison&lt;/b&gt;" in page.content.decode()


def test_pictures_that_could_not_be_had_are_listed_beside_failed_texts(staff):
    version = make_version()
    make_items([{"external_id": name, "title": f"Film {name}"} for name in "abc"])
    set_states(version, "done", ["a", "c"])
    set_states(version, "failed", ["b"], "poison")
    seen = EmbeddingState.objects.of(version).filter(item_id=Item.objects.get(external_id="a").pk)
    seen.update(picture_error="The address answered 404.", picture_attempts=1)
    text = shown(staff.get(PAGE))
    assert "Failed 1 and 1 picture, below" in text
    assert "Could not be embedded 2" in text
    assert "Film a Picture The address answered 404. 1" in text
    assert "Film b Text poison" in text
    assert "Film c" not in text
    staff.post("/staff/failures/retry")
    assert "Could not be embedded" not in shown(staff.get(PAGE))


def test_work_that_nobody_does_says_so(staff):
    make_version()
    make_item("a")
    assert "waiting for a worker" in shown(staff.get(PAGE))


@pytest.mark.parametrize("runtime", ["onnxruntime", "auto"])
def test_an_encoder_whose_preparation_takes_too_long_is_said_at_the_top(staff, tmp_path, monkeypatch, runtime):
    monkeypatch.setenv("ENCODER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ENCODER_RUNTIME", runtime)
    monkeypatch.setenv("SEARCHSITE_DEVICE", "cpu")
    monkeypatch.setenv("ENCODER_PREPARE_TIMEOUT_S", "0.05")
    make_version(backend="transformer", model=str(write_checkpoint(tmp_path / runtime, seed=9)))
    wait_until(lambda: "took longer than 0.05 s" in shown(staff.get(PAGE)), timeout_s=60, what="the reason")
    by_words = "uses words only" in shown(staff.get(PAGE))
    assert by_words == (runtime == "onnxruntime")


def test_an_encoder_that_cannot_be_had_is_said_at_the_top(staff):
    make_version(backend="transformer", model="/nowhere/model")
    # The first request starts loading it; a later one knows the outcome.
    staff.get(PAGE)
    text = shown(staff.get(PAGE))
    assert "Search uses words only for now." in text
    assert "/nowhere/model" in text


def test_the_page_costs_the_same_queries_however_much_there_is(staff):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            staff.get(PAGE)
        return len(captured)

    version = make_version()
    make_item("a")
    set_states(version, "failed", ["a"], "poison")
    left_by_failed_run()
    few = queries()
    make_items([{"external_id": f"i{number}"} for number in range(40)])
    for _ in range(5):
        set_states(make_version(state="ready"), "failed", [f"i{number}" for number in range(30)], "poison")
        left_by_failed_run()
    assert queries() == few


def test_htmx_gets_the_live_part_alone(staff):
    make_version()
    live = staff.get(PAGE, headers={"HX-Request": "true"}).content.decode()
    assert "Coverage" in live
    assert "<html" not in live


def test_what_a_failed_run_left_is_shown_as_failed_and_can_be_retired(staff):
    make_version()
    left = left_by_failed_run()
    page = staff.get(PAGE)
    assert "Failed" in shown(page)
    assert "Step build: no room" in shown(page)
    assert f'id="confirm-{left.pk}"' in page.content.decode()
    assert "Building" not in shown(page)
    staff.post(f"/staff/versions/{left.pk}/retire")
    left.refresh_from_db()
    assert left.state == "retired"
    assert AuditEntry.objects.get().action == "version.retire"


def test_a_version_whose_model_was_never_loaded_covers_nothing(staff):
    left_by_failed_run(state="loading")
    assert "0 of 0" not in shown(staff.get(PAGE))


def test_what_a_failed_run_left_is_embedded_no_further(db):
    active, left = make_version(), left_by_failed_run()
    assert list(IndexVersion.objects.claimable()) == [active]
    assert left in IndexVersion.objects.retirable()


def test_a_reindex_is_started_paused_resumed_and_cancelled(staff):
    make_items([{"external_id": name} for name in "abc"])
    settings = {
        "model": "all-MiniLM-L6-v2",
        "window_tokens": 64,
        "overlap_tokens": 8,
        "document_template": "{{ title }}",
    }
    assert staff.post("/staff/reindex/", settings).status_code == 302
    run = ReindexRun.objects.get()
    assert (str(run.started_by), run.activate_when_ready, run.version.window_tokens) == ("staff", False, 64)
    assert "Reindex to" in shown(staff.get(PAGE))
    again = staff.post("/staff/reindex/", settings)
    assert again.status_code == 409
    assert "Another reindex is running or paused" in again.content.decode()
    for action, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        staff.post(f"/staff/reindex/{run.pk}/{action}")
        run.refresh_from_db()
        assert run.state == state
    assert run.version.state == "retired"
    late = staff.post(f"/staff/reindex/{run.pk}/pause", follow=True)
    assert "The reindex is already cancelled." in shown(late)
    actions = [entry.action for entry in AuditEntry.objects.order_by("pk")]
    assert actions == ["reindex.start", "reindex.pause", "reindex.resume", "reindex.cancel"]


def test_a_template_keeps_its_line_breaks_although_browsers_send_others(staff):
    template = IndexVersion._meta.get_field("document_template").default
    settings = {"model": "all-MiniLM-L6-v2", "window_tokens": 64, "overlap_tokens": 8}
    staff.post("/staff/reindex/", {**settings, "document_template": template.replace("\n", "\r\n")})
    assert "\n" in template
    assert ReindexRun.objects.get().version.document_template == template


def test_a_paused_reindex_is_not_said_to_wait_for_a_worker(staff):
    make_item("a")
    pause_reindex(start_reindex(model="all-MiniLM-L6-v2"))
    assert "Speed — paused" in shown(staff.get(PAGE))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"overlap_tokens": 40}, "at most half the window"),
        ({"document_template": "{% if title %}"}, "The template cannot be parsed"),
        ({"document_template": "{% load static %}"}, "The template cannot be parsed"),
        ({"model": "/nowhere/model"}, "There is no folder with a model at /nowhere/model."),
        ({"backend": "static", "model": "vectors"}, "There is no file of word vectors or folder of a static encoder"),
        ({"backend": "openai", "model": "small"}, "ENCODER_URL is not set"),
        ({"backend": "magic"}, "Select a valid choice"),
        ({"window_tokens": "many"}, "Enter a whole number"),
    ],
)
def test_settings_that_cannot_be_are_refused_beside_their_field(staff, change, message):
    settings = {
        "model": "all-MiniLM-L6-v2",
        "window_tokens": 64,
        "overlap_tokens": 8,
        "document_template": "{{ title }}",
    }
    response = staff.post("/staff/reindex/", settings | change)
    assert response.status_code == 400
    assert message in response.content.decode()
    assert not ReindexRun.objects.exists()


def test_a_reindex_may_use_any_kind_of_encoder(staff, tmp_path, settings):
    assert "Embeddings endpoint" in staff.get(PAGE).content.decode()
    settings.ENCODER_URL = "https://api.example.org/v1"
    given = {"window_tokens": 64, "overlap_tokens": 8, "document_template": "{{ title }}"}
    for backend, model in (("static", str(glove(tmp_path / "vectors.txt"))), ("openai", "text-embedding-3-small")):
        assert staff.post("/staff/reindex/", given | {"backend": backend, "model": model}).status_code == 302
        run = ReindexRun.objects.select_related("version").latest("pk")
        assert (run.version.backend, run.version.model) == (backend, model)
        staff.post(f"/staff/reindex/{run.pk}/cancel")


def test_searches_are_switched_rolled_back_and_an_old_version_retired(staff):
    old, new = make_version(), make_version(state="ready")
    assert "Switch over" in shown(staff.get(PAGE))
    staff.post(f"/staff/versions/{new.pk}/activate")
    assert IndexVersion.objects.active() == new
    assert "Roll back" in shown(staff.get(PAGE))
    assert "is already active" in shown(staff.post(f"/staff/versions/{new.pk}/retire", follow=True))
    assert "is retired" in shown(staff.post(f"/staff/versions/{old.pk}/retire", follow=True))
    assert "is already retired" in shown(staff.post(f"/staff/versions/{old.pk}/activate", follow=True))
    assert IndexVersion.objects.active() == new


def test_a_version_that_a_run_works_on_cannot_be_retired(staff):
    run = start_reindex(window_tokens=64)
    assert f'id="confirm-{run.version_id}"' not in staff.get(PAGE).content.decode()
    staff.post(f"/staff/versions/{run.version_id}/retire")
    run.version.refresh_from_db()
    assert run.version.state == "loading"


def test_failed_items_are_tried_again(staff):
    version = make_version()
    make_items([{"external_id": name} for name in "ab"])
    set_states(version, "failed", ["a", "b"], "poison")
    assert "2 items will be tried again" in shown(staff.post("/staff/failures/retry", follow=True))
    assert EmbeddingState.objects.of(version).counts()["pending"] == 2
