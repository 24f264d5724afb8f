"""Reindex runs as staff control them. Workers carry them out."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from catalog import signals
from catalog.index.versions import retire, unloaded_version
from catalog.models import IndexVersion, ReindexRun


class AlreadyReindexing(Exception):
    """Another reindex is running or paused. Wait for it to finish, or cancel it, before starting a new one."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def start_reindex(
    *, started_by: User | None = None, activate_when_ready: bool = True, **version_settings: Any
) -> ReindexRun:
    """Create a new version with these settings and start the workers on it; they load its encoder first.

    Raises AlreadyReindexing.
    """
    version = unloaded_version(**version_settings)
    try:
        with transaction.atomic():
            version.save(force_insert=True)
            run = ReindexRun.objects.create(
                version=version, started_by=started_by, activate_when_ready=activate_when_ready
            )
    except IntegrityError as error:  # a constraint admits only one, even for two simultaneous clicks
        raise AlreadyReindexing from error
    _wake(run)
    return run


def pause_reindex(run: ReindexRun) -> bool:
    """Keep workers from claiming more items for it. Returns whether it was running."""
    return _move(run, ReindexRun.State.RUNNING, ReindexRun.State.PAUSED)


def resume_reindex(run: ReindexRun) -> bool:
    moved = _move(run, ReindexRun.State.PAUSED, ReindexRun.State.RUNNING)
    _wake(run)
    return moved


def cancel_reindex(run: ReindexRun) -> bool:
    """End the run and retire the version it made. Returns False if it had already ended."""
    with transaction.atomic():
        if not finish(run, ReindexRun.State.CANCELLED, "Cancelled."):
            return False
        retire(run.version)
    return True


def finish(run: ReindexRun, state: ReindexRun.State, message: str = "") -> bool:
    """End a run, unless it has already ended."""
    unfinished = ReindexRun.objects.unfinished().filter(pk=run.pk)
    return unfinished.update(state=state, message=message, finished_at=timezone.now()) == 1


def retry_reindex(run: ReindexRun) -> bool:
    """Resume a failed run from its first step; finished work is not repeated.

    Returns whether it had failed. Raises AlreadyReindexing while another run is unfinished.
    """
    failed = ReindexRun.objects.filter(pk=run.pk, state=ReindexRun.State.FAILED)
    try:
        with transaction.atomic():
            retried = failed.update(
                state=ReindexRun.State.RUNNING, step=ReindexRun.Step.LOAD, message="", finished_at=None
            )
    except IntegrityError as error:
        raise AlreadyReindexing from error
    if retried:
        _wake(run)
    return retried == 1


def retry_failed(version: IndexVersion) -> int:
    """Make a version's failed items pending again, including those whose picture failed; return their number.

    A failed reindex to that version continues with them, or waits while another reindex is unfinished.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_embeddingstate
            SET state = 'pending', attempts = 0, error = '', picture_attempts = 0, picture_retry_at = NULL,
                updated_at = clock_timestamp()
            WHERE version_id = %s AND (state = 'failed' OR state = 'done' AND picture_error <> '')
            """,
            [version.pk],
        )
        count = cursor.rowcount
    if count and (run := ReindexRun.objects.filter(version=version, state=ReindexRun.State.FAILED).first()):
        with suppress(AlreadyReindexing):
            retry_reindex(run)
    transaction.on_commit(lambda: signals.items_changed.send(sender=IndexVersion))
    return count


def _move(run: ReindexRun, old: ReindexRun.State, new: ReindexRun.State) -> bool:
    """Compare and set: two clicks on the same button change the row once."""
    return ReindexRun.objects.filter(pk=run.pk, state=old).update(state=new) == 1


def _wake(run: ReindexRun) -> None:
    transaction.on_commit(lambda: signals.reindex_requested.send(sender=ReindexRun, run_id=run.pk))
