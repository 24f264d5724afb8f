"""Waiting for something that another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psutil
from django.db import connection


def wait_until(condition: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Check repeatedly until the condition holds. Raises AssertionError, naming `what`, when time runs out."""
    give_up_at = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up_at, f"Waited {timeout_s:.0f} s in vain for {what}."
        time.sleep(0.1)  # between checks of another process


def waiting_for_this(work: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Run `work` in a thread on its own connection; return once it waits for a lock of this connection.

    Ask for its result once the lock is released.
    """

    def done() -> Any:
        try:
            return work(*arguments)
        finally:
            connection.close()

    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            return bool(cursor.fetchone()[0])

    threads = ThreadPoolExecutor(1)
    future = threads.submit(done)
    threads.shutdown(wait=False)
    wait_until(lambda: waits() or future.done(), timeout_s=10, what="the other connection to wait for this one")
    assert not future.done(), "It has waited for nobody."
    return future


def has_ended(process: psutil.Process) -> bool:
    """Whether it is dead; an orphan stays listed until the machine's first process reaps it."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
