"""A whole site for end-to-end and fault tests: its own services, a real web server and real workers."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg

from searchsite import processes
from searchsite.embedded.ports import free_port
from searchsite.local_site import PROJECT, LocalSite
from tests.embedded_session import FAST_SETTINGS
from tests.folders import reachable_folder
from tests.waiting import wait_until

UNFINISHED = """
    SELECT count(*) FROM catalog_item item WHERE published AND NOT EXISTS (
        SELECT FROM catalog_embeddingstate state JOIN catalog_indexversion version ON version.id = state.version_id
        WHERE version.state = 'active' AND state.item_id = item.id AND state.state IN ('done', 'failed')
    )
"""


class Stack(LocalSite):
    """A site in a temporary folder that shares nothing with the services of the test session.

    with Stack() as stack:                       # or Stack().start(workers=False) ... stop()
        stack.manage("load_demo")
        requests to stack.url
        stack.embedding_worker.kill()            # also web, events_worker, jobs_worker, services.redis.process, ...
        stack.start_embedding_worker()
    """

    def __init__(self, *, environment: Mapping[str, str] | None = None) -> None:
        self._folder = reachable_folder()
        super().__init__(
            data_dir=Path(self._folder.name) / "site",
            port=free_port(),
            environment=environment,
            postgres_settings=FAST_SETTINGS,
        )

    def start(self, *, web: bool = True, workers: bool = True) -> None:
        super().start()
        if web:
            self.start_web()
        if workers:
            self.start_events_worker()
            self.start_jobs_worker()
            self.start_embedding_worker()

    def stop(self) -> None:
        super().stop()
        self._folder.cleanup()

    def manage(self, *arguments: str) -> str:
        """Run a management command to completion and return its output. Raises CalledProcessError."""
        finished = subprocess.run(
            processes.manage(*arguments),
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        return finished.stdout

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection to the site's database, for what a test reads or changes behind the site's back."""
        return psycopg.connect(self.services.postgres.url, autocommit=True)

    def count(self, query: str, *values: object) -> int:
        with self.connect() as connection:
            row = connection.execute(query, values).fetchone()
        assert row is not None
        return int(str(row[0]))

    def unfinished(self) -> int:
        """Published items that the active version has neither embedded nor given up on."""
        return self.count(UNFINISHED)

    def wait_until_embedded(self, *, timeout_s: float = 40) -> None:
        wait_until(lambda: self.unfinished() == 0, timeout_s=timeout_s, what="all items to be embedded")
