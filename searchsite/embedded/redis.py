"""The embedded Redis server: used only for wake-ups, caches and throttles, so nothing is kept on disk."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from searchsite.embedded.account import Account
from searchsite.embedded.child import Child
from searchsite.embedded.data_dir import DataDir
from searchsite.embedded.errors import ServiceFailed
from searchsite.embedded.ports import LOOPBACK, free_port

_START_TIMEOUT_S, _STOP_TIMEOUT_S, _POLL_S = 10.0, 3.0, 0.02
_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
"""


class RedisServer:
    """A password-protected Redis server on the loopback address."""

    def __init__(self, data_dir: DataDir, *, program: Path, account: Account) -> None:
        self._data_dir, self._program, self._account = data_dir, program, account
        self._password = data_dir.secret("redis")
        self._log = data_dir.logs / "redis.log"
        self.process = Child(name="redis", records=data_dir.processes, stop_timeout_s=_STOP_TIMEOUT_S)
        self.port: int | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start the server and return once it answers. It keeps its previous port if that is free.

        Raises ServiceFailed.
        """
        self.port = free_port(self.port or self._data_dir.port("redis"))
        configuration = _CONFIGURATION.format(host=LOOPBACK, port=self.port, password=self._password)
        # Through standard input, so that the password does not appear in the process list.
        self.process.start(
            [str(self._program), "-"], log=self._log, account=self._account, standard_input=configuration.encode()
        )
        self._wait_until_ready()
        self._data_dir.keep_port("redis", self.port)

    def stop(self) -> None:
        self.process.stop()

    def _wait_until_ready(self) -> None:
        deadline, pause = time.monotonic() + _START_TIMEOUT_S, threading.Event()
        once = Retry(NoBackoff(), 0)
        with redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1, retry=once) as client:
            while time.monotonic() < deadline and self.process.running:
                try:
                    client.ping()
                except redis.ConnectionError:
                    pause.wait(_POLL_S)
                else:
                    return
        self.stop()
        raise ServiceFailed(f"Redis did not start. See {self._log}.")
