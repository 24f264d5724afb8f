"""Only a few pictures are decoded at a time, and nobody waits for a turn indefinitely."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from catalog.pictures.errors import PicturesBusy
from catalog.pictures.turns import picture_turn


def test_no_more_are_at_it_than_there_are_turns(settings):
    settings.PICTURE_CONCURRENCY = 3
    running, seen, lock = 0, [], threading.Lock()

    def work() -> None:
        nonlocal running
        with picture_turn():
            with lock:
                running += 1
                seen.append(running)
            time.sleep(0.01)
            with lock:
                running -= 1

    with ThreadPoolExecutor(12) as threads:
        for done in [threads.submit(work) for _ in range(24)]:
            done.result(timeout=20)
    assert (len(seen), max(seen)) == (24, 3)


def test_whoever_gets_no_turn_in_time_is_told(settings):
    settings.PICTURE_CONCURRENCY = 1
    with picture_turn(), ThreadPoolExecutor(1) as other:
        started = time.monotonic()
        with pytest.raises(PicturesBusy, match="Too many pictures"):
            other.submit(lambda: picture_turn(wait_s=0.05).__enter__()).result(timeout=20)
        assert time.monotonic() - started < 5
    with picture_turn(wait_s=0):
        pass


def test_a_turn_ends_with_an_error_too(settings):
    settings.PICTURE_CONCURRENCY = 1
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), picture_turn(wait_s=0):
            raise ValueError("broken")
