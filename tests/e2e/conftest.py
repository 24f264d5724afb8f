"""One real site for all browser tests: PostgreSQL, Redis, web server and workers, with the demo catalogue."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.stack import Stack
from tests.waiting import wait_until

PATIENCE_MS = 20_000
#: Enough of them to miss one of two processes once in 2,000 times.
CONNECTIONS = 12
#: How htmx tells that a request was given up because a newer one took its place.
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")


@pytest.fixture(scope="session")
def site() -> Iterator[Stack]:
    with Stack() as stack:
        stack.manage("load_demo")
        wait_until(lambda: unfinished_items(stack) == 0, timeout_s=240, what="the demo catalogue to be embedded")
        yield stack


def unfinished_items(stack: Stack) -> int:
    """Items of live versions that have no vectors yet; all of them while there is no version."""
    with stack.connect() as connection:
        row = connection.execute(
            """
            SELECT CASE WHEN EXISTS (SELECT FROM catalog_indexversion WHERE state = 'active')
                THEN (SELECT count(*) FROM catalog_embeddingstate WHERE state IN ('pending', 'leased'))
                ELSE -1 END
            """
        ).fetchone()
    assert row is not None
    return int(str(row[0]))


@pytest.fixture
def page(site: Stack, browser: Browser) -> Iterator[Page]:
    """A new visitor's window; a script error or a refused resource on any page fails the test."""
    context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def read_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(GIVEN_UP):
            faults.append(message.text)

    page.on("console", read_console)
    yield page
    context.close()
    assert not faults, faults


@pytest.fixture
def found_by_meaning(site: Stack) -> None:
    """Until a web process has loaded its encoder, what it is asked goes by words: wait for all of them."""

    def is_found() -> bool:
        # Every call is a new connection, and the kernel deals those out among the processes.
        return all(not ask(f"{site.url}/api/v1/search?q=love&limit=1")["degraded"] for _ in range(CONNECTIONS))

    wait_until(is_found, timeout_s=60, what="films found by their meaning")


def ask(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=PATIENCE_MS / 1000) as response:
        return json.load(response)


def sign_in(page: Page, username: str, password: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
