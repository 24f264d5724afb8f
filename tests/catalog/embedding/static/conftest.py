from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where converted files go, away from those of this machine."""
    monkeypatch.setenv("ENCODER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "word-vectors"
