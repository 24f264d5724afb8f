"""How much memory this machine or container provides."""

from __future__ import annotations

from pathlib import Path

import psutil

_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  (where PostgreSQL puts shared memory, not a temporary file of ours)


def available_bytes() -> int:
    """The machine's memory, or the container's limit if that is lower."""
    limits = [psutil.virtual_memory().total]
    for file in _CGROUP_LIMITS:
        if file.exists() and (text := file.read_text(encoding="ascii").strip()).isdigit():
            limits.append(int(text))
    return min(limits)


def shared_memory_free_bytes() -> int:
    return psutil.disk_usage(str(SHARED_MEMORY)).free if SHARED_MEMORY.is_dir() else 0
