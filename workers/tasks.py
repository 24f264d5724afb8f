"""The Celery tasks. Each takes at most ids and makes one call; any may be lost, duplicated or killed without harm.

There are three queues, each with its own worker: `embedding` for what needs the encoder, `jobs` for what takes minutes,
and `events` for the rest, which a visitor may be waiting for. CELERY_TASK_ROUTES in the settings does the routing.
"""

from __future__ import annotations

import logging
import time

from celery import shared_task
from django.db import OperationalError

from catalog import importing
from catalog.database.locks import session_lock
from catalog.database.statements import patient_cursor
from catalog.embedding.base import EncoderUnavailable
from catalog.importing.uploads import forget_uploads
from catalog.index.keywords import fold_term_counts
from catalog.models import ImportRun, ReindexRun
from catalog.pictures.copies import forget_old_copies
from catalog.querylog.tidying import tidy_query_log
from recommender import importing as interaction_importing
from recommender import popularity, profiles
from recommender.interactions import forget_events_of_gone_items
from recommender.serving.tidying import tidy_lists
from recommender.space import spaces, training
from recommender.subjects import Subject
from recommender.tidying import tidy_visitors
from workers import embed, encoder_jobs, measurements, reindex, sweep
from workers.sessions import forget_sessions
from workers.wakeups import wake

logger = logging.getLogger(__name__)
#: The embedding worker checks for other messages about this often.
SLICE_S = 5.0
#: Beat sends these every minute, which may be before the last one has finished.
TIDYING_LOCK, TUNING_LOCK = 0x71D1, 0x7011E


@shared_task
def embed_pending() -> None:
    """Embed for some seconds, and continue in another task while there is more to do."""
    try:
        embed.drain(until_s=SLICE_S)
    except (EncoderUnavailable, OperationalError) as error:
        logger.error("Nothing can be embedded: %s", error)
        return
    if sweep.work_waits():
        wake(embed_pending)


@shared_task
def look_for_work() -> None:
    """Start any work that no message announced: the safety net under every wake-up."""
    if sweep.work_waits():
        wake(embed_pending)
    for run_id in ReindexRun.objects.running().values_list("pk", flat=True):
        wake(advance_reindex, run_id=run_id)
    for run_id in ImportRun.objects.for_workers().values_list("pk", flat=True):
        wake(load_file, run_id=run_id)
    if encoder_jobs.waiting():
        wake(work_on_encoders)
    if measurements.waiting():
        wake(measure_relevance)
    for subject in profiles.stale_subjects():
        profiles.refresh(subject)


@shared_task
def tidy() -> None:
    """The slower repairs and summaries. Of two at the same time the second returns at once."""
    with session_lock(TIDYING_LOCK) as mine:
        if mine:
            _tidy()


def _tidy() -> None:
    sweep.reconcile()
    fold_term_counts()
    tidy_query_log()
    tidy_lists()
    with patient_cursor():
        forget_events_of_gone_items()
        popularity.refresh_in_turn()
        forget_sessions()
    tidy_visitors()
    training.clear_up_after_killed()
    spaces.place_missing()
    forget_old_copies(turn=int(time.time() // 60))
    forget_uploads()


@shared_task
def tune_graphs() -> None:
    """Measure graphs that have outgrown their search depth, which may take minutes. The second of two returns."""
    with session_lock(TUNING_LOCK) as mine:
        if mine:
            sweep.tune_graphs()


@shared_task
def advance_reindex(*, run_id: int) -> None:
    reindex.advance(run_id)
    if sweep.work_waits():
        wake(embed_pending)


@shared_task
def load_file(*, run_id: int) -> None:
    """Load an uploaded file, items or interactions."""
    run = ImportRun.objects.get(pk=run_id)
    load = importing.run_import if run.kind == ImportRun.Kind.ITEMS else interaction_importing.run_import
    load(run)


@shared_task
def refresh_profile(*, user_id: int | None = None, visitor: str | None = None) -> None:
    profiles.refresh(Subject.from_arguments(user_id=user_id, visitor=visitor))


@shared_task
def train_recommender() -> None:
    """Train a taste space, and serve it if it is better than the one serving."""
    logger.info("Training: %s", training.train().message)


@shared_task
def work_on_encoders() -> None:
    """Compare and adapt encoders, one job at a time."""
    encoder_jobs.work()


@shared_task
def measure_relevance() -> None:
    """Measure search on the query sets that wait for it, one at a time."""
    measurements.work()
