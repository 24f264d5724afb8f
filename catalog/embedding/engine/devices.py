"""The device this machine computes on, its precision, and the environment variables that control them."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

from catalog.embedding.base import EncoderUnavailable

MOST_THREADS = 1_024
# Where accelerator drivers appear, so that torch is not loaded only to find that there are none.
ACCELERATOR_FILES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")


def asked_device() -> str | None:
    """The device that SEARCHSITE_DEVICE names, such as `cuda:1`; None leaves the choice to the machine."""
    return os.environ.get("SEARCHSITE_DEVICE") or None


def is_cpu_only() -> bool:
    """Whether models run on the CPU here, because the environment says so or there is nothing else."""
    if (asked := asked_device()) is not None:
        return asked == "cpu"
    return platform.system() != "Darwin" and not any(Path(file).exists() for file in ACCELERATOR_FILES)


def threads_to_use() -> int:
    """Threads for encoding documents: ENCODER_THREADS, or as many as this process has cores.

    Raises EncoderUnavailable if ENCODER_THREADS is not a valid number.
    """
    asked = os.environ.get("ENCODER_THREADS") or "0"
    if not (asked.isascii() and asked.isdigit() and int(asked) <= MOST_THREADS):
        raise EncoderUnavailable(f"ENCODER_THREADS is {asked!r}; use a number up to {MOST_THREADS:,}.")
    if int(asked):
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def computes_bfloat16(device: str) -> bool:
    """Whether bfloat16 is native here; emulated, it would only be slower."""
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device == "cpu" and any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16"))


def cpu_name() -> str:
    """A short name for this kind of CPU: equal names mean the same runtime is fastest."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = [platform.machine(), platform.processor()]
    kind = sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))}) or lines
    return hashlib.sha256(f"{kind} {os.cpu_count()}".encode()).hexdigest()[:12]
