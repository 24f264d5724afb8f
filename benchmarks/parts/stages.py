"""What each stage of a search costs: time, and CPU in the database's process and in this one."""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection

#: Statements are filed under the function that runs them; these modules only pass them on.
PASSING_ON = ("catalog.models.", "catalog.database.")


@dataclass(slots=True)
class Stages:
    """Milliseconds of every statement, by the product's function that ran it."""

    time_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    database_cpu_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        stage, pid = _stage(), connection.connection.info.backend_pid
        cpu_ms, started = cpu_time_ms(pid), time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.time_ms[stage].append((time.perf_counter() - started) * 1000)
            self.database_cpu_ms[stage].append(cpu_time_ms(pid) - cpu_ms)


@contextmanager
def staged() -> Iterator[Stages]:
    stages = Stages()
    connection.ensure_connection()
    with connection.execute_wrapper(stages):
        yield stages


def cpu_time_ms(pid: int) -> float:
    """CPU time a process has used so far, from the scheduler's accounting, which is exact to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def own_cpu_time_ms() -> float:
    return time.thread_time() * 1000


def backend_pid() -> int:
    connection.ensure_connection()
    pid: int = connection.connection.info.backend_pid
    return pid


def _stage() -> str:
    """The innermost function of the product's own code on the stack."""
    frame = sys._current_frames()[threading.get_ident()].f_back
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(("catalog.", "recommender.")) and not module.startswith(PASSING_ON):
            return f"{module.removeprefix('catalog.search.')}.{frame.f_code.co_name}"
        frame = frame.f_back
    return "other"
