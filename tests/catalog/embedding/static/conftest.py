from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache for converted files, separate from this machine's."""
    monkeypatch.setenv("ENCODER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "word-vectors"
