from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from searchsite.embedded import ServiceFailed
from searchsite.embedded.child import Child, _kill_group
from searchsite.supervisor import Supervisor


def until(condition: Callable[[], bool], *, check: Callable[[], None], timeout_s: float = 10) -> None:
    deadline, pause = time.monotonic() + timeout_s, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        check()
        pause.wait(0.02)


def has_ended(process: psutil.Process) -> bool:
    """Whether it is dead; it stays listed until the machine's first process reaps it."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def child(tmp_path: Path) -> Child:
    return Child(name="sleeper", records=tmp_path)


def test_a_child_that_dies_is_started_again_and_a_line_says_so(child: Child, tmp_path: Path) -> None:
    lines: list[str] = []
    supervisor = Supervisor(report=lines.append)

    def start() -> None:
        child.start(["sleep", "60"], log=tmp_path / "log")

    start()
    supervisor.watch(child, start)
    first = child.pid
    supervisor.check()
    assert lines == []
    child.kill()
    until(lambda: child.running, check=supervisor.check)
    try:
        assert child.pid != first
        assert lines == ["sleeper stopped (exit status -9); starting it again in 1 s"]
    finally:
        child.stop(timeout_s=5)


def test_what_a_killed_child_left_running_does_not_run_beside_the_next(child: Child, tmp_path: Path) -> None:
    written = tmp_path / "grandchild"
    child.start(["sh", "-c", f"sleep 60 & echo $! > {written}; wait"], log=tmp_path / "log")
    until(lambda: written.exists() and written.read_text().strip() != "", check=lambda: None)
    grandchild = psutil.Process(int(written.read_text()))
    child.kill()
    assert grandchild.is_running()
    child.start(["sleep", "60"], log=tmp_path / "log")
    try:
        until(lambda: has_ended(grandchild), check=lambda: None)
        assert child.running
    finally:
        child.stop(timeout_s=5)


def test_whoever_was_given_the_number_of_a_dead_child_is_left_alone(tmp_path: Path) -> None:
    other = Child(name="other", records=tmp_path)
    other.start(["sleep", "60"], log=tmp_path / "log")
    try:
        _kill_group(other.pid)
        assert other.running
    finally:
        other.stop(timeout_s=5)


def test_a_child_that_keeps_failing_is_tried_less_and_less_often(child: Child, tmp_path: Path) -> None:
    lines: list[str] = []
    supervisor = Supervisor(report=lines.append)

    def refuse() -> None:
        raise ServiceFailed("no luck")

    child.start(["true"], log=tmp_path / "log")
    supervisor.watch(child, refuse)
    until(lambda: len(lines) == 3, check=supervisor.check)
    assert [line.rsplit(maxsplit=2)[1] for line in lines] == ["1", "2", "4"]
    assert "no luck" in lines[-1]


def test_a_child_whose_start_the_disk_prevents_is_stopped_and_started_again_later(tmp_path: Path) -> None:
    records = tmp_path / "records"
    lines: list[str] = []
    begun: list[psutil.Process] = []
    child = Child(name="sleeper", records=records)
    supervisor = Supervisor(report=lines.append)

    def start() -> None:
        try:
            child.start(["sleep", "60"], log=tmp_path / "log")
        finally:
            begun.append(psutil.Process(child.pid))

    records.mkdir()
    start()
    supervisor.watch(child, start)
    child.kill()
    shutil.rmtree(records)  # nothing can be written there, as on a full disk
    until(lambda: len(lines) == 2, check=supervisor.check)
    assert "No such file or directory" in lines[-1]
    assert has_ended(begun[-1])
    records.mkdir()
    until(lambda: child.running, check=supervisor.check)
    try:
        assert [process.is_running() for process in begun] == [False, False, True]
    finally:
        child.stop(timeout_s=5)
