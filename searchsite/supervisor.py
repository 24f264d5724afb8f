"""Restarts processes that die, with longer and longer pauses if they keep dying."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from searchsite.embedded import ServiceFailed
from searchsite.embedded.child import Child

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_STABLE_AFTER_S = 60.0


@dataclass(slots=True, kw_only=True)
class _Watched:
    child: Child
    start: Callable[[], None]
    started_at: float
    deaths: int = 0
    retry_at: float | None = None
    """When to start it again; None while it runs."""


class Supervisor:
    """Watches children. Call `check` a few times a second."""

    def __init__(self, *, report: Callable[[str], None]) -> None:
        self._report = report
        self._watched: list[_Watched] = []

    def watch(self, child: Child, start: Callable[[], None]) -> None:
        """Watch `child`, which is already running; `start` restarts it."""
        self._watched.append(_Watched(child=child, start=start, started_at=time.monotonic()))

    def check(self) -> None:
        now = time.monotonic()
        for watched in self._watched:
            if watched.retry_at is not None:
                if now >= watched.retry_at:
                    self._restart(watched)
            elif not watched.child.running:
                self._plan_restart(watched, f"exit status {watched.child.exit_status}")

    def _plan_restart(self, watched: _Watched, reason: str) -> None:
        now = time.monotonic()
        watched.deaths = 1 if now - watched.started_at > _STABLE_AFTER_S else watched.deaths + 1
        pause_s = min(_FIRST_PAUSE_S * 2 ** (watched.deaths - 1), _LONGEST_PAUSE_S)
        watched.retry_at = now + pause_s
        self._report(f"{watched.child.name} stopped ({reason}); starting it again in {pause_s:.0f} s")

    def _restart(self, watched: _Watched) -> None:
        watched.started_at, watched.retry_at = time.monotonic(), None
        try:
            watched.start()
        except (ServiceFailed, OSError) as error:
            # It may run without being ready, or without its record on a full disk.
            watched.child.stop()
            self._plan_restart(watched, str(error))
