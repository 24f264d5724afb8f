"""Waking a worker. A wake-up may get lost; the sweep then finds the work anyway."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from celery import Task
from celery.signals import task_prerun
from django.core.cache import cache

logger = logging.getLogger(__name__)
REST_AFTER_FAILURE_S = 5.0
# A lost message holds back the next one like it for no longer than this.
UNDERWAY_S = 10
_resting_until = 0.0


def wake(task: Task, **arguments: Any) -> bool:
    """Send a task's message, unless one like it is already under way; return whether one is under way.

    Never raises, and never waits longer than the broker's socket timeout: the work in question is already committed.
    After a failure the broker is left alone for a few seconds. A task under way has not looked at the database yet, so
    one message is as good as ten.
    """
    global _resting_until
    if time.monotonic() < _resting_until:
        return False
    if not cache.add(_key(task, arguments), True, timeout=UNDERWAY_S):
        return True
    try:
        task.apply_async(kwargs=arguments, retry=False, ignore_result=True)
    except Exception as error:  # the broker's libraries raise many kinds; none may reach a request
        _resting_until = time.monotonic() + REST_AFTER_FAILURE_S
        logger.warning("Could not send a wake-up for %s; the sweep will find the work: %s", task.name, error)
        return False
    return True


@task_prerun.connect
def arrived(sender: Task, kwargs: Mapping[str, Any], **_: Any) -> None:
    """From here on the task may have read the database, so a later change is worth another message."""
    cache.delete(_key(sender, kwargs))


def _key(task: Task, arguments: Mapping[str, Any]) -> str:
    return f"underway:{task.name}:{json.dumps(arguments, sort_keys=True, separators=(',', ':'))}"
