"""Strict access to the process environment."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

#: Threads of each web server process, unless WEB_THREADS says otherwise.
DEFAULT_WEB_THREADS = 8


def read_secret(name: str) -> str:
    """Return the value of `name`, or the contents of the file that `name`_FILE points to.

    Raises ImproperlyConfigured, with one line saying what to set, when neither is given.
    """
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={path} cannot be read: {error.strerror}.") from error
    raise ImproperlyConfigured(f"{name} is not set. Set {name} or {name}_FILE, or use `make run` to try it locally.")


def optional_secret(name: str) -> str:
    """Like `read_secret`, but empty when neither is given."""
    return read_secret(name) if os.environ.get(name) or os.environ.get(f"{name}_FILE") else ""
