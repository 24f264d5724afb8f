"""Turns for decoding pictures: one may take some hundred megabytes and a second, so only a few run at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from catalog.pictures.errors import PicturesBusy

_changed = threading.Condition()
_running = 0


@contextmanager
def picture_turn(*, wait_s: float | None = None) -> Iterator[None]:
    """One of the PICTURE_CONCURRENCY turns of this process; waits for it without limit, or for `wait_s` seconds.

    Raises PicturesBusy if the time runs out. A turn within a turn may wait for itself.
    """
    global _running
    with _changed:
        if not _changed.wait_for(lambda: _running < settings.PICTURE_CONCURRENCY, timeout=wait_s):
            raise PicturesBusy
        _running += 1
    try:
        yield
    finally:
        with _changed:
            _running -= 1
            _changed.notify()
