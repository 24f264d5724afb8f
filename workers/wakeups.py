"""Waking a worker. A wake-up may get lost: the sweep finds the work all the same."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import Task

logger = logging.getLogger(__name__)
REST_AFTER_FAILURE_S = 5.0
_resting_until = 0.0


def wake(task: Task, **arguments: Any) -> bool:
    """Send a task's message; return whether the broker took it.

    Never raises, and never waits longer than the broker's socket timeout: what the message is about is committed
    already. After a failure the broker is left alone for a few seconds.
    """
    global _resting_until
    if time.monotonic() < _resting_until:
        return False
    try:
        task.apply_async(kwargs=arguments, retry=False, ignore_result=True)
    except Exception as error:  # the broker's libraries raise many kinds; none may reach a request
        _resting_until = time.monotonic() + REST_AFTER_FAILURE_S
        logger.warning("No wake-up sent for %s, the sweep will find the work: %s", task.name, error)
        return False
    return True
