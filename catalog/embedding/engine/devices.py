"""What this machine computes on, and in which precision."""

from __future__ import annotations

import os


def asked_device() -> str | None:
    """The device that SEARCHSITE_DEVICE names, such as `cuda:1`; None leaves the choice to the machine."""
    return os.environ.get("SEARCHSITE_DEVICE") or None


def computes_bfloat16(device: str) -> bool:
    """Whether bfloat16 is native here; emulated, it would only be slower."""
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device == "cpu" and any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16"))
