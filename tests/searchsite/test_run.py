"""`make run` as a person uses it: a real process with everything it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from searchsite.embedded.location import data_dir_for
from searchsite.embedded.ports import free_port
from searchsite.healthcheck import is_live
from searchsite.local_site import PROJECT
from tests.folders import reachable_folder
from tests.waiting import has_ended, wait_until

ITEMS = [
    {"external_id": "hedgehog", "title": "Hedgehog in the Fog", "body": "On his way to a friend a hedgehog gets lost."},
    {"external_id": "stalker", "title": "Stalker", "body": "A guide leads two men through a forbidden zone."},
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    process: subprocess.Popen[str]
    output: Path
    environment: dict[str, str]
    port: int

    def said(self) -> str:
        return self.output.read_text()

    def pid_of(self, name: str) -> int:
        (record,) = self.output.parent.glob(f"home/*/processes/{name}.pid")
        return int(record.read_text().split()[0])

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def started(folder: Path, **variables: str) -> Iterator[Running]:
    """A site with its data below `folder`, stopped afterwards if it still runs."""
    port = free_port()
    own = {"PORT": str(port), "SEARCHSITE_HOME": str(folder / "home"), "CATALOG": str(catalogue_in(folder))}
    environment = {name: value for name, value in os.environ.items() if not name.endswith(("_URL", "SECRET_KEY"))}
    environment |= own | variables
    output = folder / "output"
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "searchsite.run"], cwd=PROJECT, env=environment, stdout=file, stderr=file, text=True
        )
    try:
        yield Running(process=process, output=output, environment=environment, port=port)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def catalogue_in(folder: Path) -> Path:
    catalogue = folder / "films"
    catalogue.mkdir(exist_ok=True)
    (catalogue / "items.jsonl").write_text("\n".join(map(json.dumps, ITEMS)))
    return catalogue


def until(condition: Callable[[], object], *, site: Running, timeout_s: float = 60) -> None:
    deadline, pause = time.monotonic() + timeout_s, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain; it said: {site.said()}"
        assert site.process.poll() is None, f"it ended; it said: {site.said()}"
        pause.wait(0.1)


def manage(environment: dict[str, str], *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def count_items(environment: dict[str, str]) -> int:
    shown = manage(
        environment, "shell", "--no-imports", "-c", "from catalog.models import Item as I; print(I.objects.count())"
    )
    return int(shown)


@pytest.fixture(scope="module")
def site() -> Iterator[Running]:
    """A site that has loaded and embedded its catalogue."""
    with reachable_folder() as name, started(Path(name)) as running:
        until(lambda: "can be found by meaning" in running.said(), site=running, timeout_s=120)
        yield running


def test_it_serves_and_says_where_and_who_may_sign_in(site: Running) -> None:
    assert is_live(host="127.0.0.1", port=site.port)
    assert f"http://127.0.0.1:{site.port}" in site.said()
    assert "staff" in site.said()
    assert "exist only in this mode" in site.said()


def test_it_loads_the_catalogue_that_was_named_and_embeds_all_of_it(site: Running) -> None:
    assert f"All {len(ITEMS)} items can be found by meaning." in site.said()


def test_another_catalogue_is_not_spoken_of_as_films(site: Running) -> None:
    with urlopen(f"http://127.0.0.1:{site.port}/") as response:
        page = response.read().decode()
    assert "Find items by what they are about" in page
    assert "Picture House" not in page
    assert "a lonely robot" not in page


def test_it_says_how_many_rows_were_loaded(site: Running) -> None:
    assert f"items.jsonl: {len(ITEMS)} created, 0 updated, 0 unchanged, 0 rejected." in site.said()


def test_it_says_why_a_catalogue_could_not_be_loaded() -> None:
    with reachable_folder() as name:
        items = Path(name) / "products.csv"
        items.write_text("Number;Title\n1;Chair\n")
        with started(Path(name), CATALOG=str(items)) as site:
            until(lambda: "Loading failed" in site.said(), site=site)
            until(lambda: "The file has Number, Title." in site.said(), site=site, timeout_s=5)


def test_manage_py_in_another_terminal_reaches_its_database(site: Running) -> None:
    assert count_items(site.environment) == len(ITEMS)


def test_manage_py_in_another_terminal_knows_its_address(site: Running) -> None:
    asked = "from django.conf import settings; print(settings.SITE_URL)"
    assert manage(site.environment, "shell", "--no-imports", "-c", asked).strip() == f"http://127.0.0.1:{site.port}"


def test_a_second_one_on_the_same_data_is_refused_in_one_line(site: Running) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "searchsite.run"],
        cwd=PROJECT,
        env=site.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert len(second.stderr.splitlines()) == 1
    assert f"in use by process {site.process.pid}" in second.stderr
    assert site.pid_of("web"), "the one that runs has lost the records of its processes"
    assert count_items(site.environment) == len(ITEMS), "the one that runs can no longer be found"


@pytest.mark.parametrize("name", ["embedding-worker", "redis"])
def test_a_process_that_dies_is_started_again(site: Running, name: str) -> None:
    before = site.pid_of(name)
    os.kill(before, signal.SIGKILL)
    until(lambda: site.pid_of(name) != before, site=site)
    assert f"{name} stopped" in site.said()


def test_ctrl_c_stops_all_it_started_and_the_next_start_has_the_data() -> None:
    with reachable_folder() as name:
        with started(Path(name)) as first:
            until(lambda: "can be found by meaning" in first.said(), site=first, timeout_s=120)
            everything = first.descendants()
            first.process.send_signal(signal.SIGINT)
            assert first.process.wait(timeout=15) == 0
            wait_until(lambda: all(map(has_ended, everything)), timeout_s=10, what="all of its processes to end")
        assert count_items(first.environment) == len(ITEMS)


def test_a_killed_one_does_not_block_the_next() -> None:
    with reachable_folder() as name:
        with started(Path(name)) as first:
            until(lambda: is_live(host="127.0.0.1", port=first.port), site=first)
            first.process.kill()
        with started(Path(name), PORT=str(first.port)) as second:
            until(lambda: is_live(host="127.0.0.1", port=first.port), site=second)


def test_a_full_disk_is_named_in_one_line_and_the_next_start_works() -> None:
    with reachable_folder() as name:
        data = Path(name) / "home" / data_dir_for(catalogue_in(Path(name))).name
        (data / "logs").mkdir(parents=True)
        (data.parent / "current").write_text(data.name)
        full = data / "logs" / "postgres.log"
        full.symlink_to("/dev/full")
        with started(Path(name)) as first:
            assert first.process.wait(timeout=60) == 1
            assert first.said().splitlines()[1:] == [f"The disk is full: no room for files in {data.parent}."]
        with pytest.raises(subprocess.CalledProcessError) as failed:
            manage(first.environment, "check")
        assert failed.value.stderr == f"The disk is full: no room for files in {data}.\n"
        full.unlink()
        with started(Path(name)) as second:
            until(lambda: is_live(host="127.0.0.1", port=second.port), site=second)


def test_it_starts_for_visitors_who_use_another_name() -> None:
    variables = {"ALLOWED_HOSTS": "search.example.org", "HOST": "0.0.0.0"}  # noqa: S104
    with reachable_folder() as name, started(Path(name), **variables) as site:
        until(lambda: f"http://127.0.0.1:{site.port}" in site.said(), site=site)
        assert is_live(host="127.0.0.1", port=site.port, host_header="search.example.org")
        assert not is_live(host="127.0.0.1", port=site.port, host_header="elsewhere.example.org")


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"PORT": "eighty"}, "PORT=eighty is not a port number."),
        ({"CATALOG": "/nowhere"}, "CATALOG=/nowhere: no such file"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_in_one_line(variables: dict[str, str], complaint: str) -> None:
    with reachable_folder() as name, started(Path(name), **variables) as site:
        assert site.process.wait(timeout=20) == 1
        assert len(site.said().splitlines()) == 1
        assert complaint in site.said()
