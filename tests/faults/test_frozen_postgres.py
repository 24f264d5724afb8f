"""PostgreSQL is suspended, not ended: connections stay, new ones are accepted, and nothing answers."""

from __future__ import annotations

import contextlib
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from psycopg.conninfo import conninfo_to_dict

from searchsite.postgresql.connection import Connection, ServerSilent
from searchsite.postgresql.pulse import Pulse
from tests.faults.site import Answer, Site
from tests.waiting import wait_until

ANSWERED_WITHIN_S, REFUSED_WITHIN_S = 5.0, 2.0
VISITORS = 24  # more than the web server has threads


@contextlib.contextmanager
def frozen(site: Site) -> Iterator[None]:
    server = psutil.Process(site.services.postgres.process.pid)
    server.suspend()  # first, so that it starts no more children
    stopped = [server, *server.children(recursive=True)]
    for process in stopped[1:]:
        process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):  # one that was about to end
                process.resume()


def page(site: Site, path: str) -> tuple[int, str, float]:
    started = time.monotonic()
    try:
        with urllib.request.urlopen(f"{site.url}/{path}", timeout=30) as response:  # noqa: S310
            return response.status, response.read().decode(), time.monotonic() - started
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), time.monotonic() - started


def under_load(site: Site, look: Callable[[], None]) -> list[Answer]:
    """The answers that visitors get who keep coming back, while `look` runs."""
    over, answers = threading.Event(), []

    def visit(number: int) -> None:
        while not over.is_set():
            answers.append(site.save(f"frozen-{number}", "Ice") if number % 3 == 0 else site.search(f"ice {number}"))
            over.wait(0.1)

    with ThreadPoolExecutor(VISITORS) as visitors:
        visits = [visitors.submit(visit, number) for number in range(VISITORS)]
        try:
            look()
        finally:
            over.set()
        for visit_made in visits:
            visit_made.result()
    return answers


def everybody_answers(site: Site) -> bool:
    """Each web server process finds out for itself, so enough requests are sent to reach all of them."""
    return all(site.search("ice").status == 200 for _ in range(VISITORS))


def test_while_postgresql_is_frozen_every_request_is_refused_in_time_and_then_all_is_as_before(site: Site):
    def look() -> None:
        time.sleep(1)  # until everybody has a connection
        with frozen(site):
            froze_at = time.monotonic()
            while time.monotonic() - froze_at < 15:
                status, _, took_s = page(site, "livez")
                assert status == 200
                assert took_s < ANSWERED_WITHIN_S
            ready = site.ask("readyz")
            assert (ready.status, ready.body["database"]) == (503, "unavailable")
            refused = site.search("ice")
            assert (refused.status, refused.body["code"], refused.headers["Retry-After"]) == (503, "unavailable", "5")
            assert refused.took_s < REFUSED_WITHIN_S
            status, text, took_s = page(site, "?q=ice")
            assert status == 503
            assert "Temporarily unavailable" in text
            assert took_s < REFUSED_WITHIN_S
        wait_until(lambda: everybody_answers(site), timeout_s=15, what="every process to answer again")

    answers = under_load(site, look)
    assert {answer.status for answer in answers} == {200, 503}
    assert max(answer.took_s for answer in answers) < ANSWERED_WITHIN_S
    assert everybody_answers(site)
    site.wait_until_embedded(timeout_s=60)


def test_workers_go_on_when_postgresql_thaws(site: Site):
    workers = (site.events_worker, site.jobs_worker, site.embedding_worker)
    before = [worker.pid for worker in workers]
    site.insert_unannounced("thawed-", 400)
    wait_until(lambda: site.unfinished() < 400, timeout_s=60, what="the load to begin")
    with frozen(site):
        time.sleep(12)  # longer than anybody waits
    site.wait_until_embedded(timeout_s=60)
    assert [worker.pid for worker in workers if worker.running] == before
    assert site.save("after-frost", "Spring on the island").status == 200
    site.wait_until_embedded(timeout_s=20)


def connect_to(site: Site, pulse: Pulse) -> Connection:
    return Connection.to_living(pulse, **conninfo_to_dict(site.services.postgres.url), autocommit=True)


def test_a_connection_that_was_given_up_is_closed_so_that_nobody_gets_its_late_answer(site: Site):
    pulse = Pulse(conninfo_to_dict(site.services.postgres.url))
    connection = connect_to(site, pulse)
    with frozen(site):
        with pytest.raises(ServerSilent):
            connection.execute("SELECT 'late'")
        assert connection.closed
        with pytest.raises(ServerSilent):
            connect_to(site, pulse)  # refused without an attempt
    wait_until(lambda: pulse.silence_s is None, timeout_s=15, what="the server to be heard again")
    with connect_to(site, pulse) as other:
        assert other.execute("SELECT 'mine'").fetchone() == ("mine",)


def test_a_slow_statement_is_waited_for_and_one_that_bears_silence_outlives_a_frost(site: Site):
    pulse = Pulse(conninfo_to_dict(site.services.postgres.url))
    with connect_to(site, pulse) as connection, connection.bearing_silence(60), ThreadPoolExecutor(1) as thread:
        slow = thread.submit(connection.execute, "SELECT 'done' FROM pg_sleep(4)")
        time.sleep(3)
        assert pulse.silence_s is None
        with frozen(site):
            wait_until(lambda: pulse.silence_s is not None, timeout_s=10, what="the silence to be noticed")
            time.sleep(2)
        assert slow.result().fetchone() == ("done",)
