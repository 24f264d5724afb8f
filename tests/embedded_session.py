"""A pytest plugin: one PostgreSQL and one Redis for the whole session, started before the settings are read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from searchsite.embedded import EmbeddedServices
from tests.folders import reachable_folder

# Test data must survive the end of a process, but not a power cut.
FAST_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "256MB",
}
_SERVICES = pytest.StashKey[EmbeddedServices]()
_FOLDER = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    folder = early_config.stash[_FOLDER] = reachable_folder()
    services = EmbeddedServices(data_dir=Path(folder.name) / "session", postgres_settings=FAST_SETTINGS)
    services.start()
    early_config.stash[_SERVICES] = services
    for name in [name for name in os.environ if name.startswith(("DATABASE_URL", "REDIS_URL", "SECRET_KEY"))]:
        del os.environ[name]
    os.environ.update(services.environment)
    os.environ["ALLOWED_HOSTS"] += ",testserver"
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SERVICES in config.stash:
        config.stash[_SERVICES].stop()
        config.stash[_FOLDER].cleanup()
