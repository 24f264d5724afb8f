"""The embedded PostgreSQL server: one cluster, started and stopped with its own programs."""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

import psycopg
from psycopg.pq import PGconn, Ping

from searchsite.embedded import memory
from searchsite.embedded.account import Account, make_passable
from searchsite.embedded.child import Child, stop_with_parent
from searchsite.embedded.data_dir import DataDir
from searchsite.embedded.disk import check_room_for_database, shortage
from searchsite.embedded.errors import ServiceFailed
from searchsite.embedded.ports import LOOPBACK, free_port

_USER, _DATABASE = "searchsite", "searchsite"
# It stops after a checkpoint, which writes all that is changed in shared memory to a disk that may be slow.
_START_TIMEOUT_S, _STOP_TIMEOUT_S, _POLL_S = 60.0, 60.0, 0.02
#: An ordinary start is over by then.
_RECOVERY_SAID_AFTER_S = 5.0
_MIB = 1024**2


class PostgresServer:
    """A PostgreSQL cluster in a data directory, reached over TCP on the loopback address with a password."""

    def __init__(
        self,
        data_dir: DataDir,
        *,
        bin_path: Path,
        account: Account,
        settings: Mapping[str, str] | None = None,
        report: Callable[[str], None],
    ) -> None:
        self._data_dir, self._bin, self._account, self._report = data_dir, bin_path, account, report
        self._cluster = data_dir.database(account)
        self._settings = tuned_settings() | dict(settings or {})
        self._password = data_dir.secret("postgres")
        self._log = data_dir.logs / "postgres.log"
        # SIGINT is a fast shutdown: clients are disconnected and a checkpoint is written.
        self.process = Child(
            name="postgres", records=data_dir.processes, stop_signal=signal.SIGINT, stop_timeout_s=_STOP_TIMEOUT_S
        )
        self.port: int | None = None

    @property
    def url(self) -> str:
        return self._url(_DATABASE)

    def start(self) -> None:
        """Start the server and return once it answers. It keeps its previous port if that is free.

        Raises ServiceFailed.
        """
        if not (self._cluster / "PG_VERSION").exists():
            self._initialise()
        self._forget_dead_postmaster()
        self.port = free_port(self.port or self._data_dir.port("postgres"))
        settings = self._settings | {"port": str(self.port), "listen_addresses": LOOPBACK}
        argv = [str(self._bin / "postgres"), "-D", str(self._cluster)]
        argv += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process.start(argv, log=self._log, account=self._account)
        self._wait_until_ready()
        self._data_dir.keep_port("postgres", self.port)

    def stop(self) -> None:
        self.process.stop()

    def _url(self, database: str) -> str:
        return f"postgres://{_USER}:{self._password}@{LOOPBACK}:{self.port}/{database}"

    def _initialise(self) -> None:
        """Create the cluster beside its final place and move it there when complete, so no crash leaves half of one."""
        unfinished = self._cluster.with_name("postgres.unfinished")
        make_passable(self._cluster.parent)
        shutil.rmtree(unfinished, ignore_errors=True)
        check_room_for_database(self._cluster.parent)
        self._account.give(unfinished)
        with NamedTemporaryFile("w", prefix="searchsite-") as password_file:
            password_file.write(self._password)
            password_file.flush()
            if self._account.switched:
                os.chown(password_file.name, self._account.uid, self._account.gid)
            argv = [str(self._bin / "initdb"), "-D", str(unfinished), "-U", _USER, "--encoding=UTF8"]
            argv += ["--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256"]
            argv += [f"--pwfile={password_file.name}"]
            self._run(argv)
        unfinished.rename(self._cluster)

    def _run(self, argv: list[str]) -> None:
        switched = self._account.switched
        finished = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            user=self._account.uid if switched else None,
            group=self._account.gid if switched else None,
            extra_groups=[] if switched else None,
            # An initdb that outlives a killed start would clear up after itself in the folder of the next one.
            preexec_fn=stop_with_parent(signal.SIGKILL, parent=os.getpid()),
        )
        with self._log.open("a", encoding="utf-8") as log:
            log.write(finished.stdout + finished.stderr)
        if finished.returncode:
            raise ServiceFailed(f"{Path(argv[0]).name} failed: {_reason(finished)}. See {self._log}.")

    def _forget_dead_postmaster(self) -> None:
        """Remove a postmaster.pid whose process number now belongs to something other than PostgreSQL.

        PostgreSQL handles the other cases itself, and keeps its guard against orphaned backends.
        """
        pid_file = self._cluster / "postmaster.pid"
        try:
            pid = int(pid_file.read_text(encoding="ascii").splitlines()[0])
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
        except (OSError, ValueError, IndexError):
            return
        if name != "postgres":
            pid_file.unlink()

    def _wait_until_ready(self) -> None:
        """Wait until it answers, for as long as it says that it is starting: recovery from a crash takes its time."""
        deadline, pause = time.monotonic() + _START_TIMEOUT_S, threading.Event()
        say_at = time.monotonic() + _RECOVERY_SAID_AFTER_S
        while time.monotonic() < deadline:
            if not self.process.running:
                raise ServiceFailed(f"PostgreSQL did not start. See {self._log}.{shortage(self._cluster)}")
            try:
                self._create_database()
            except psycopg.OperationalError:
                if self._is_starting():
                    deadline = time.monotonic() + _START_TIMEOUT_S
                    if time.monotonic() > say_at:
                        self._report("The database is recovering from a crash, which can take minutes ...")
                        say_at = math.inf
                pause.wait(_POLL_S)
            else:
                return
        self.stop()
        raise ServiceFailed(f"PostgreSQL was not ready after {_START_TIMEOUT_S:.0f} s. See {self._log}.")

    def _is_starting(self) -> bool:
        """Whether it answers that it accepts no connections yet."""
        return PGconn.ping(f"{self._url('postgres')}?connect_timeout=3".encode()) == Ping.REJECT

    def _create_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=3) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [_DATABASE]).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {_DATABASE}")


def _reason(finished: subprocess.CompletedProcess[str]) -> str:
    """The first line that names an error, because what is cleared up is listed after it; else the last line."""
    lines = finished.stderr.strip().splitlines() or [f"exit status {finished.returncode}"]
    return next((line for line in lines if "FATAL:" in line or "error:" in line), lines[-1])


def tuned_settings() -> dict[str, str]:
    """Settings for a machine where the database runs beside the site and its workers."""
    total = memory.available_bytes() // _MIB
    maintenance = max(64, min(total // 12, 2048))
    # Parallel index builds share this much memory; a container's /dev/shm is often too small for it.
    roomy = memory.shared_memory_free_bytes() // _MIB > 2 * maintenance
    return {
        "unix_socket_directories": "",
        "max_connections": "100",
        "shared_buffers": f"{max(64, min(total // 8, 4096))}MB",
        "effective_cache_size": f"{total // 2}MB",
        "maintenance_work_mem": f"{maintenance}MB",
        "work_mem": "16MB",
        "dynamic_shared_memory_type": "posix" if roomy else "mmap",
        "max_wal_size": "2GB",
        "wal_compression": "on",
        "random_page_cost": "1.1",
        "jit": "off",
        "log_timezone": "UTC",
        "timezone": "UTC",
    }
