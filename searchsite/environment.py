"""Strict readers of the process environment."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def read_secret(name: str) -> str:
    """Return the value of `name`, or the contents of the file named by `name`_FILE.

    Raises ImproperlyConfigured, with one line that says what to set, when neither is given.
    """
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={path} cannot be read: {error.strerror}.") from error
    raise ImproperlyConfigured(f"{name} is not set. Set {name} or {name}_FILE, or use `make run` for a local trial.")


def optional_secret(name: str) -> str:
    """The same; empty when neither is given."""
    return read_secret(name) if os.environ.get(name) or os.environ.get(f"{name}_FILE") else ""
