"""Which data directory belongs to which catalogue.

Data directories are in the project's `.data` folder, or in the folder that SEARCHSITE_HOME names.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent.parent
DATA_ROOT = Path(os.environ.get("SEARCHSITE_HOME") or _PROJECT / ".data").resolve()


def data_dir_for(catalogue: Path | None) -> Path:
    """The data directory of a catalogue, one for each; None is the bundled demo."""
    if catalogue is None:
        return DATA_ROOT / "demo"
    path = catalogue.resolve()
    return DATA_ROOT / f"{path.stem}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def make_current(data_dir: Path) -> None:
    """Record the data directory that commands in another terminal should use."""
    (DATA_ROOT / "current").write_text(data_dir.name, encoding="utf-8")


def current_data_dir() -> Path:
    """The data directory of the site that ran last, or the demo's if none has run."""
    try:
        return DATA_ROOT / (DATA_ROOT / "current").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return data_dir_for(None)
