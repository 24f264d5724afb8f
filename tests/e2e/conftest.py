"""One real site for all browser tests: PostgreSQL, Redis, web server and workers, with the demo catalogue."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.stack import Stack
from tests.waiting import wait_until

PATIENCE_MS = 20_000
#: Enough to miss one of two processes only once in 2,000 times.
CONNECTIONS = 12
#: The events with which htmx reports that a newer request replaced an older one.
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")


@pytest.fixture(scope="session")
def site() -> Iterator[Stack]:
    with Stack() as stack:
        stack.manage("load_demo")
        stack.wait_until_embedded(timeout_s=240)
        yield stack


@pytest.fixture
def page(site: Stack, browser: Browser) -> Iterator[Page]:
    """A new visitor's window; a script error or a blocked resource on any page fails the test."""
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
    """Searches use words alone until a web process has loaded its encoder: wait for all processes."""

    def is_found() -> bool:
        # Every call opens a new connection, and the kernel distributes those among the processes.
        answers = (httpx2.get(f"{site.url}/api/v1/search?q=love&limit=1").json() for _ in range(CONNECTIONS))
        return all(not answer["degraded"] for answer in answers)

    wait_until(is_found, timeout_s=60, what="films found by their meaning")


def sign_in(page: Page, username: str, password: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
