"""Start, find and stop child processes that must not outlive the owner of their data directory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import psutil

from searchsite.embedded.account import Account
from searchsite.embedded.data_dir import write_private

_PR_SET_PDEATHSIG = 1
# psutil reads start times in clock ticks; two readings for one process differ by far less than this.
_SAME_START_S = 0.5


class Child:
    """A process recorded on disk, so that a later start can find and stop it.

    It runs in its own session, so Ctrl-C in the terminal reaches only the supervisor, which stops its children in
    order. On Linux the kernel also stops it when the supervisor is killed with SIGKILL.
    """

    def __init__(
        self,
        *,
        name: str,
        records: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_timeout_s: float = 5.0,
    ) -> None:
        self.name = name
        self.stop_signal = stop_signal
        self.stop_timeout_s = stop_timeout_s
        self._record = records / f"{name}.pid"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def start(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        account: Account | None = None,
        folder: Path = Path("/"),
        standard_input: bytes = b"",
    ) -> None:
        """Start the process with its output appended to `log`. Call it from the main thread: see `stop_with_parent`.

        Anything left by a killed predecessor is stopped first: a web server's processes keep serving without it.
        """
        if self._process is not None and not self.running:
            _kill_group(self.pid)
        switched = account is not None and account.switched
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
                start_new_session=True,
                user=account.uid if account and switched else None,
                group=account.gid if account and switched else None,
                extra_groups=[] if switched else None,
                preexec_fn=stop_with_parent(self.stop_signal, parent=os.getpid()),
            )
        started = psutil.Process(self.pid).create_time()
        write_private(self._record, f"{self.pid} {started} {int(self.stop_signal)}")
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(standard_input)
            self._process.stdin.close()

    def signal(self) -> None:
        """Ask the process to stop, without waiting."""
        if self.running:
            os.kill(self.pid, self.stop_signal)

    def stop(self, *, timeout_s: float | None = None) -> None:
        """Ask the process to stop; if it has not stopped in time, its own unless given, kill it and its descendants."""
        if self._process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            wait_s = self.stop_timeout_s if timeout_s is None else timeout_s
            _stop_tree(psutil.Process(self.pid), self.stop_signal, wait_s)
        self._process.wait()
        self._record.unlink(missing_ok=True)

    def kill(self) -> None:
        """Kill the process at once, as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()


def stop_leftovers(records: Path, *, timeout_s: float, slow: Mapping[str, float] = MappingProxyType({})) -> None:
    """Stop every process recorded in `records` that outlived its supervisor; `slow` ones may take longer."""
    for record in records.glob("*.pid"):
        with contextlib.suppress(ValueError, psutil.NoSuchProcess):
            pid, started, stop_signal = record.read_text(encoding="utf-8").split()
            process = psutil.Process(int(pid))
            # Process numbers are reused eventually: the start time shows whether this is still the same process.
            if abs(process.create_time() - float(started)) < _SAME_START_S:
                _stop_tree(process, signal.Signals(int(stop_signal)), slow.get(record.stem, timeout_s))
        record.unlink(missing_ok=True)


def _kill_group(leader: int) -> None:
    """Kill what is left of the session that a dead child led.

    While any of it is left, the leader's process number is not reused. If the number is in use, nothing is left.
    """
    if psutil.pid_exists(leader):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _stop_tree(process: psutil.Process, stop_signal: signal.Signals, timeout_s: float) -> None:
    family = [process, *process.children(recursive=True)]
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(stop_signal)
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(timeout_s)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()


def stop_with_parent(stop_signal: signal.Signals, *, parent: int) -> Callable[[], None] | None:
    """Return a function for a child of `parent` to call so that the kernel sends it `stop_signal` when the parent dies.

    Linux only; None elsewhere. "Parent" means the thread that started the child. The library is loaded here, before
    the fork, because little is safe after it.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:
            os._exit(1)

    return arrange
