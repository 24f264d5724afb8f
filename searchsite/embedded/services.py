"""PostgreSQL and Redis together, in one data directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from searchsite.embedded.account import Account
from searchsite.embedded.child import stop_leftovers
from searchsite.embedded.data_dir import DataDir
from searchsite.embedded.postgres import PostgresServer
from searchsite.embedded.programs import programs_for
from searchsite.embedded.redis import RedisServer
from searchsite.hosts import LOCAL_HOSTS

_LEFTOVER_TIMEOUT_S = 6.0


class EmbeddedServices:
    """The services of one data directory, from `start` to `stop`.

        with EmbeddedServices(data_dir=path) as services:
            os.environ.update(services.environment)

    Only one process at a time may hold a data directory (DataDirInUse). The data outlives the services. Anything that a
    killed holder left running is stopped first. `report` is told, in one line, why a start takes long.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        postgres_settings: Mapping[str, str] | None = None,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.data_dir = DataDir(data_dir)
        account = Account.for_services()
        programs = programs_for(account)
        self.postgres = PostgresServer(
            self.data_dir, bin_path=programs.postgres_bin, account=account, settings=postgres_settings, report=report
        )
        self.redis = RedisServer(self.data_dir, program=programs.redis_server, account=account)

    @property
    def environment(self) -> dict[str, str]:
        """What the settings need to use these services."""
        return {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "SECRET_KEY": self.data_dir.secret("django"),
            "ALLOWED_HOSTS": ",".join(LOCAL_HOSTS),
            "MEDIA_ROOT": str(self.data_dir.media),
            "ENCODERS_DIR": str(self.data_dir.encoders),
            "SEARCHSITE_EMBEDDED": "1",
        }

    def start(self) -> None:
        """Start both services and publish their addresses. Raises DataDirInUse or ServiceFailed."""
        self.data_dir.lock()
        try:
            slow = {self.postgres.process.name: self.postgres.process.stop_timeout_s}
            stop_leftovers(self.data_dir.processes, timeout_s=_LEFTOVER_TIMEOUT_S, slow=slow)
            self.postgres.start()
            self.redis.start()
            self.data_dir.publish(self.environment)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both services and release the data directory. The data is kept."""
        self.data_dir.unpublish()
        self.redis.stop()
        self.postgres.stop()
        self.data_dir.unlock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
