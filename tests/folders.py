"""Folders for embedded services in tests."""

from __future__ import annotations

import tempfile
from pathlib import Path


def reachable_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder that an unprivileged account can enter; pytest's own are closed to it when run as root."""
    folder = tempfile.TemporaryDirectory(prefix="searchsite-tests-")
    Path(folder.name).chmod(0o711)
    return folder
