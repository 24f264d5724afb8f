"""Connects the signals of the catalogue and the recommender to the tasks that handle them: one receiver each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celery.signals import task_postrun

from catalog import signals
from catalog.encoders.endpoint_use import keep_use
from recommender.subjects import Subject
from workers import tasks
from workers.wakeups import wake


def connect() -> None:
    signals.items_changed.connect(embed_changed_items)
    signals.reindex_requested.connect(take_reindex_further)
    signals.import_requested.connect(load_file)
    signals.measurement_requested.connect(measure_relevance)
    signals.interactions_recorded.connect(refresh_profiles)
    task_postrun.connect(keep_endpoint_use)


def embed_changed_items(**_: Any) -> None:
    wake(tasks.embed_pending)


def take_reindex_further(*, run_id: int, **_: Any) -> None:
    wake(tasks.embed_pending)
    wake(tasks.advance_reindex, run_id=run_id)


def load_file(*, run_id: int, **_: Any) -> None:
    wake(tasks.load_file, run_id=run_id)


def measure_relevance(**_: Any) -> None:
    wake(tasks.measure_relevance)


def refresh_profiles(*, subjects: Sequence[Subject], **_: Any) -> None:
    for subject in subjects:
        wake(tasks.refresh_profile, **subject.as_arguments())


def keep_endpoint_use(**_: Any) -> None:
    """After every task, in a thread that may use the database."""
    keep_use()
