"""The memory that processes take."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int:
    """The most that this process has held at once since it began.

    On Linux not `ru_maxrss`, which a new process takes over from the one that started it.
    """
    if STATUS.exists():
        (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def mib_of(pids: Iterable[int]) -> float:
    """What these processes and all that they started hold now, in MiB: what several share counts once in all."""
    roots = [psutil.Process(pid) for pid in pids]
    trees = {process for root in roots for process in (root, *root.children(recursive=True))}
    return sum(process.memory_full_info().pss for process in trees) / 2**20
