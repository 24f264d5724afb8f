"""PostgreSQL is shut down abruptly in the middle of work: 503 meanwhile, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

from tests.faults.site import Site
from tests.waiting import wait_until


def test_a_restart_under_load_loses_nothing_acknowledged_and_everybody_reconnects(site: Site):
    postgres = site.services.postgres
    site.insert_unannounced("restart-", 800)
    wait_until(lambda: site.unfinished() < 700, timeout_s=60, what="the load to begin")
    with ThreadPoolExecutor(2) as visitors:
        saves = [visitors.submit(site.save, f"acknowledged-{number}", "Night train") for number in range(100)]
        os.kill(postgres.process.pid, signal.SIGQUIT)
        wait_until(lambda: not postgres.process.running, timeout_s=20, what="the server to stop")
        meanwhile = [site.search("train"), site.save("refused", "Nobody is there"), site.ask("readyz")]
        postgres.start()
        answers = [save.result() for save in saves]
    assert [answer.status for answer in meanwhile] == [503] * 3
    assert {answer.status for answer in answers} <= {200, 503}
    wait_until(lambda: site.ask("readyz").status == 200, timeout_s=20, what="the site to be ready again")
    with site.connect() as connection:
        there = {str(row[0]) for row in connection.execute("SELECT external_id FROM catalog_item").fetchall()}
    assert {f"acknowledged-{number}" for number, answer in enumerate(answers) if answer.status == 200} <= there
    assert "refused" not in there
    assert site.search("train").status == 200
    site.wait_until_embedded(timeout_s=90)
