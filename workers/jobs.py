"""Long work that waits in the database: one job at a time, oldest first, each run to its end.

A job whose worker died is started again from the beginning. A job whose command died has failed: whoever gave the
command decides whether to give it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone

from catalog.database.locks import session_lock
from catalog.models.jobs import Job

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 3
COMMAND_STOPPED = "The command was stopped before it had finished."
#: The function that carries out each kind of job, which also ends the job unless it has ended already.
Kinds = Mapping[type[Job], Callable[[Any], None]]


def waiting(kinds: Kinds) -> bool:
    return any(kind.objects.unfinished().exists() for kind in kinds)


def work_through(kinds: Kinds, *, lock: int) -> None:
    """Work through the waiting jobs. Of two concurrent callers the second returns at once."""
    with session_lock(lock) as mine:
        if mine:
            end_interrupted(kinds)
        while mine and (job := _oldest(kinds)) is not None:
            _run(job, kinds[type(job)])


def end_interrupted(kinds: Kinds) -> None:
    """End the jobs of commands that died. Needs the lock, which a command holds for as long as it works."""
    for kind in kinds:
        kind.objects.of_commands().update(state=Job.State.FAILED, message=COMMAND_STOPPED, finished_at=timezone.now())


def fail(job: Job, message: str) -> None:
    """End a job with a message for staff, unless it has ended already."""
    type(job).objects.unfinished().filter(pk=job.pk).update(
        state=Job.State.FAILED, message=message, finished_at=timezone.now()
    )


def _oldest(kinds: Kinds) -> Job | None:
    jobs = [job for kind in kinds for job in kind.objects.unfinished().order_by("pk")[:1]]
    return min(jobs, key=lambda job: job.created_at, default=None)


def _run(job: Job, carry_out: Callable[[Any], None]) -> None:
    """Run a job to its end; staff see the outcome whatever happens."""
    if job.attempts >= MOST_ATTEMPTS:
        fail(job, f"The worker stopped before finishing {job.attempts} times.")
        return
    begun = type(job).objects.unfinished().filter(pk=job.pk)
    if not begun.update(state=Job.State.RUNNING, attempts=F("attempts") + 1):
        return
    job.refresh_from_db()
    try:
        carry_out(job)
    except (OperationalError, InterfaceError):  # the database went away: another worker starts again
        raise
    except Exception as error:  # whatever the libraries below raise must not hold up the next job
        logger.exception("%s failed", job)
        fail(job, str(error) or type(error).__name__)
