"""The memory that processes use."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int:
    """The peak memory of this process since it started.

    On Linux this is not `ru_maxrss`, which a new process inherits from the one that started it.
    """
    if STATUS.exists():
        (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def mib_of(pids: Iterable[int]) -> float:
    """What these processes and their descendants hold now, in MiB; memory that several share counts once."""
    roots = [psutil.Process(pid) for pid in pids]
    trees = {process for root in roots for process in (root, *root.children(recursive=True))}
    return sum(process.memory_full_info().pss for process in trees) / 2**20
