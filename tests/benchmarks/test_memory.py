"""Memory peaks belong to the process that is asked."""

from __future__ import annotations

import subprocess
import sys

from searchsite.local_site import PROJECT

ASK = "from benchmarks.parts.memory import peak_memory_bytes; {first}; print(peak_memory_bytes() // 2**20)"


def peak_megabytes(first: str) -> int:
    argv = [sys.executable, "-c", ASK.format(first=first)]
    return int(subprocess.run(argv, capture_output=True, text=True, check=True, cwd=PROJECT).stdout)


def test_memory_that_is_given_back_counts_and_that_of_the_parent_does_not():
    held = bytearray(300 * 2**20)
    held[:: 2**12] = b"x" * len(held[:: 2**12])
    assert peak_megabytes("pass") < 150
    assert 200 < peak_megabytes("bytes(200 * 2**20 // 2) * 2") < 450
