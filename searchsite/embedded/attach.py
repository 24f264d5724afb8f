"""Let `manage.py` find the embedded services, or start them for as long as one command runs."""

from __future__ import annotations

import atexit
import os
import threading
import time
from pathlib import Path

from searchsite.embedded import programs
from searchsite.embedded.data_dir import DataDir
from searchsite.embedded.errors import DataDirInUse
from searchsite.embedded.location import current_data_dir
from searchsite.embedded.services import EmbeddedServices

_CONFIGURED_BY = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
_STARTING_TIMEOUT_S, _POLL_S = 60.0, 0.1


def attach_if_needed() -> None:
    """Set this process's environment to the embedded services, unless a deployment's environment is already there.

    Uses the services of the running site; when none runs, starts them until this process ends. Does nothing where the
    embedded services are not installed, so that the settings can say what is missing.
    """
    configured = any(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in _CONFIGURED_BY)
    if configured or not programs.installed():
        return
    for name, value in _environment(current_data_dir()).items():
        os.environ.setdefault(name, value)


def _environment(path: Path) -> dict[str, str]:
    data_dir, deadline, pause = DataDir(path), time.monotonic() + _STARTING_TIMEOUT_S, threading.Event()
    while True:
        services = EmbeddedServices(data_dir=path)
        try:
            services.start()
        except DataDirInUse:
            # Its holder publishes the environment as soon as its services answer.
            if environment := data_dir.published():
                return environment
            if time.monotonic() > deadline:
                raise
            pause.wait(_POLL_S)
        else:
            atexit.register(services.stop)
            return services.environment
