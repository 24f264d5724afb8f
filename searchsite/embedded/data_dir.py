"""The folder that holds one local site's database, secrets, logs and lock."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from searchsite.embedded.account import SHARED_ROOT, Account, make_passable
from searchsite.embedded.errors import DataDirInUse

# A little longer than a holder may take to stop.
_HOLDER_TIMEOUT_S, _POLL_S = 75.0, 0.1


class DataDir:
    """The paths in one data directory, its secrets, and the lock that only one running site can hold."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        # So that an unprivileged account can reach its database; files here are 0600.
        make_passable(self.root)
        self._lock_file: IO[str] | None = None

    @property
    def logs(self) -> Path:
        return self._folder("logs")

    @property
    def media(self) -> Path:
        return self._folder("media")

    @property
    def encoders(self) -> Path:
        return self._folder("encoders")

    @property
    def processes(self) -> Path:
        """Where every started process is recorded, so that the next start can stop those left by a killed one."""
        return self._folder("processes")

    def database(self, account: Account) -> Path:
        """The folder of the PostgreSQL cluster: inside the data directory if `account` can get there."""
        if account.can_enter(self.root):
            return self.root / "postgres"
        elsewhere = SHARED_ROOT / hashlib.sha256(str(self.root).encode()).hexdigest()[:16]
        if not self._secret_file("cluster").exists():
            # Left by an earlier data directory at this path that has since been deleted.
            shutil.rmtree(elsewhere, ignore_errors=True)
        return elsewhere / self.secret("cluster")[:16] / "postgres"

    def secret(self, name: str) -> str:
        """Return the secret with that name, created on first use."""
        path = self._secret_file(name)
        if not path.exists():
            write_private(path, secrets.token_hex(32))
        return path.read_text(encoding="utf-8")

    def port(self, name: str) -> int | None:
        """The port that a service last used, so that addresses stay valid across restarts."""
        path = self.root / f"{name}.port"
        return int(path.read_text(encoding="utf-8")) if path.exists() else None

    def keep_port(self, name: str, port: int) -> None:
        write_private(self.root / f"{name}.port", str(port))

    def publish(self, environment: Mapping[str, str]) -> None:
        """Write the running services' environment for `manage.py` in another terminal."""
        write_private(self._environment_file, json.dumps(dict(environment), indent=2))

    def unpublish(self) -> None:
        """Record that nothing is running here any more; does nothing if another process holds the directory."""
        if self._lock_file is not None:
            self._environment_file.unlink(missing_ok=True)

    def published(self) -> dict[str, str] | None:
        try:
            environment: dict[str, str] = json.loads(self._environment_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return environment

    def lock(self) -> None:
        """Hold the directory until `unlock`, or until this process ends for any reason.

        Waits for a holder that is starting or stopping, recognised by its having published nothing.
        Raises DataDirInUse when a running process holds it.
        """
        lock_file = (self.root / "lock").open("a+", encoding="utf-8")
        deadline, pause = time.monotonic() + _HOLDER_TIMEOUT_S, threading.Event()
        while not _locked(lock_file):
            if self.published() is not None or time.monotonic() > deadline:
                lock_file.seek(0)
                holder = lock_file.read().strip() or "unknown"
                lock_file.close()
                raise DataDirInUse(f"{self.root} is in use by process {holder}. Stop that one first.")
            pause.wait(_POLL_S)
        lock_file.truncate(0)
        lock_file.write(str(os.getpid()))
        lock_file.flush()
        self._lock_file = lock_file
        # Anything a killed holder published is stale.
        self.unpublish()

    def unlock(self) -> None:
        if self._lock_file:
            self._lock_file.close()
            self._lock_file = None

    @property
    def _environment_file(self) -> Path:
        return self.root / "environment.json"

    def _secret_file(self, name: str) -> Path:
        return self.root / f"{name}.secret"

    def _folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_private(path: Path, text: str) -> None:
    """Replace the file atomically with `text`, readable only by its owner."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
