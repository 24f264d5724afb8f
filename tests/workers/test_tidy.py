"""The slower repairs and summaries, as beat schedules them."""

from __future__ import annotations

import os
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from catalog.database.locks import session_lock
from catalog.importing.uploads import UPLOADS, UPLOADS_KEPT
from catalog.models import ImportRun, PopularQuery, SearchIntent
from catalog.querylog.writing import write
from recommender.interactions import NewInteraction, record_interactions
from recommender.models import Interaction, TasteModel
from recommender.space import training
from recommender.subjects import Subject
from tests.catalog.querylog.events import asked
from tests.databases import elsewhere
from tests.factories import make_item, make_version
from workers import tasks


def test_tidying_closes_intents_and_counts_what_many_asked(committed_db):
    write([asked("robot", visit=None, asker=name) for name in ("ada", "bob", "eve")])
    an_hour_ago = timezone.now() - timedelta(hours=1)
    SearchIntent.objects.update(started_at=an_hour_ago, last_at=an_hour_ago)
    tasks.tidy()
    assert not SearchIntent.objects.filter(open=True).exists()
    assert PopularQuery.objects.get().askers == 3


@pytest.mark.parametrize(
    ("task", "lock", "work"),
    [(tasks.tidy, tasks.TIDYING_LOCK, "reconcile"), (tasks.tune_graphs, tasks.TUNING_LOCK, "tune_graphs")],
    ids=["tidying", "tuning"],
)
def test_of_two_at_the_same_time_the_second_does_nothing(committed_db, monkeypatch, task, lock, work):
    done = []
    monkeypatch.setattr(f"workers.tasks.sweep.{work}", lambda: done.append(work))

    with session_lock(lock) as mine:
        assert mine
        elsewhere(task)
    assert done == []
    elsewhere(task)
    assert done == [work]


def test_expired_sessions_are_removed(committed_db):
    for days in (-1, 1):
        session = SessionStore()
        session["visitor"] = "somebody"
        session.set_expiry(timezone.now() + timedelta(days=days))
        session.save()
    tasks.tidy()
    assert Session.objects.get().expire_date > timezone.now()


def test_what_visitors_did_long_ago_is_forgotten(committed_db, settings):
    record_interactions(Subject(visitor=UUID(int=7)), [NewInteraction(item_id=make_item("film").pk, kind="like")])
    tasks.tidy()
    assert Interaction.objects.exists()
    settings.VISITOR_HISTORY_DAYS = 0
    tasks.tidy()
    assert not Interaction.objects.exists()


def test_old_uploads_that_no_run_is_to_read_are_deleted(committed_db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    folder = tmp_path / UPLOADS
    folder.mkdir()
    long_ago = (timezone.now() - 2 * UPLOADS_KEPT).timestamp()
    for name in ("awaited", "done", "orphaned", "arriving"):
        (folder / name).write_text("id,title\n")
        if name != "arriving":
            os.utime(folder / name, (long_ago, long_ago))
    for name, state in (("awaited", "queued"), ("done", "done")):
        ImportRun.objects.create(kind="items", path=f"{UPLOADS}/{name}", filename="films.csv", state=state)
    tasks.tidy()
    assert {path.name for path in folder.iterdir()} == {"awaited", "arriving"}


def test_what_a_killed_training_left_is_cleared_up_but_not_the_model_of_one_in_progress(committed_db):
    left = TasteModel.objects.create(version_id=make_version().pk)
    with session_lock(training.LOCK):
        elsewhere(tasks.tidy)
        left.refresh_from_db()
        assert left.state == TasteModel.State.BUILDING
    tasks.tidy()
    left.refresh_from_db()
    assert left.state == TasteModel.State.RETIRED
