"""Let `manage.py` find the embedded services, or start them for the duration of one command."""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path

from searchsite.embedded import programs
from searchsite.embedded.data_dir import DataDir
from searchsite.embedded.disk import full_disk_explained
from searchsite.embedded.errors import DataDirInUse, EmbeddedError
from searchsite.embedded.location import current_data_dir
from searchsite.embedded.services import EmbeddedServices

_CONFIGURED_BY = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")


def attach_if_needed() -> None:
    """Point this process's environment at the embedded services, unless a deployment has configured it already.

    Uses the services of the running site; if none is running, starts them until this process ends. Does nothing when
    the embedded services are not installed, so that the settings can report what is missing. Exits with a one-line
    message on failure.
    """
    configured = any(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in _CONFIGURED_BY)
    if configured or not programs.installed():
        return
    try:
        data_dir = current_data_dir()
        with full_disk_explained(data_dir):
            environment = _environment(data_dir)
    except EmbeddedError as error:
        raise SystemExit(str(error)) from error
    for name, value in environment.items():
        os.environ.setdefault(name, value)


def _environment(path: Path) -> dict[str, str]:
    services = EmbeddedServices(data_dir=path, report=lambda line: print(line, file=sys.stderr))  # noqa: T201
    try:
        services.start()
    except DataDirInUse:
        if environment := DataDir(path).published():
            return environment
        raise
    atexit.register(services.stop)
    return services.environment
