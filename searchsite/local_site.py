"""The whole product in one data directory on one machine: services, web server and workers."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from searchsite import processes
from searchsite.embedded import EmbeddedServices, ServiceFailed
from searchsite.embedded.child import Child
from searchsite.embedded.disk import shortage
from searchsite.environment import DEFAULT_WEB_THREADS
from searchsite.healthcheck import is_live
from searchsite.hosts import in_url, reachable

PROJECT = Path(__file__).resolve().parent.parent
_READY_TIMEOUT_S, _STOP_TIMEOUT_S, _POLL_S = 60.0, 5.0, 0.05


class LocalSite:
    """Starts and stops every process of the product. Children die with it; data stays."""

    def __init__(
        self,
        *,
        data_dir: Path,
        port: int = 0,
        host: str = "127.0.0.1",
        environment: Mapping[str, str] | None = None,
        postgres_settings: Mapping[str, str] | None = None,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.services = EmbeddedServices(data_dir=data_dir, postgres_settings=postgres_settings, report=report)
        self.host = host
        self.port = port
        """Where `start_web` listens; set it before calling that."""
        self._own_environment = dict(environment or {})
        self.web, self.embedding_worker, self.events_worker, self.jobs_worker, self.loader = (
            Child(name=name, records=self.services.data_dir.processes)
            for name in ("web", "embedding-worker", "events-worker", "jobs-worker", "loader")
        )

    @property
    def url(self) -> str:
        return f"http://{in_url(reachable(self.host))}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of all the site's processes."""
        inherited = {"SITE_URL": self.url} | os.environ
        return inherited | {"PYTHONUNBUFFERED": "1"} | self.services.environment | self._own_environment

    def start(self) -> None:
        """Start the services and migrate the database. Raises EmbeddedError."""
        self.services.start()
        self.run(processes.migrate(), name="migrate")

    def start_web(self) -> None:
        """Start the web server and return once it answers. Raises ServiceFailed."""
        threads = int(self.environment.get("WEB_THREADS", DEFAULT_WEB_THREADS))
        argv = processes.web(host=self.host, port=self.port, workers=min(os.cpu_count() or 1, 2), threads=threads)
        self.launch(self.web, argv)
        self._wait_until_live()
        # The port is known only now.
        self.services.data_dir.publish(self.services.environment | {"SITE_URL": self.environment["SITE_URL"]})

    def start_embedding_worker(self) -> None:
        self.launch(self.embedding_worker, processes.embedding_worker())

    def start_events_worker(self) -> None:
        self.launch(self.events_worker, processes.events_worker())

    def start_jobs_worker(self) -> None:
        schedule = self.services.data_dir.root / "beat-schedule"
        self.launch(self.jobs_worker, processes.jobs_worker(beat_schedule=schedule))

    def launch(self, child: Child, argv: Sequence[str]) -> None:
        """Start `child`, logging its output under its own name."""
        child.start(argv, log=self.log_of(child.name), environment=self.environment, folder=PROJECT)

    def run(self, argv: Sequence[str], *, name: str) -> None:
        """Run a command to completion, with its output in a log. Raises ServiceFailed."""
        with self.log_of(name).open("ab") as log:
            finished = subprocess.run(
                argv, cwd=PROJECT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if finished.returncode:
            hint = shortage(self.services.data_dir.root)
            raise ServiceFailed(f"{name} failed. See {self.log_of(name)}.{hint}")

    def log_of(self, name: str) -> Path:
        return self.services.data_dir.logs / f"{name}.log"

    def stop(self) -> None:
        """Stop everything: first all processes at once, then the services they use."""
        # So that manage.py in another terminal, or the next start, sees at once that this site is stopping.
        self.services.data_dir.unpublish()
        children = (self.loader, self.web, self.embedding_worker, self.events_worker, self.jobs_worker)
        for child in children:
            child.signal()
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        for child in children:
            child.stop(timeout_s=max(0.0, deadline - time.monotonic()))
        self.services.stop()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_live(self) -> None:
        deadline, pause = time.monotonic() + _READY_TIMEOUT_S, threading.Event()
        while time.monotonic() < deadline and self.web.running:
            if is_live(host=self.host, port=self.port):
                return
            pause.wait(_POLL_S)
        raise ServiceFailed(f"The web server did not start. See {self.log_of('web')}.")
