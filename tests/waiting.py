"""Waiting for something that another process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Ask again and again until it is so. Raises AssertionError, saying what was waited for, when time runs out."""
    give_up_at = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up_at, f"Waited {timeout_s:.0f} s in vain for {what}."
        time.sleep(0.1)  # between two looks at another process
