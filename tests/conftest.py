"""Fixtures for every test. PostgreSQL and Redis come from the plugin `tests.embedded_session`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from django.test import override_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, BrowserType, sync_playwright

from tests.stack import Stack

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A quiet browser: no sandbox (the tests may run as root), no graphics, no background traffic.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# On a busy machine an example may take any time.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")

# Models are not exported implicitly; tests of the other runtimes request exports.
os.environ.setdefault("ENCODER_RUNTIME", "torch")


@pytest.fixture(autouse=True)
def no_logs() -> Iterator[None]:
    """Nothing is logged in the background by a separate thread; tests of the logs switch them on."""
    with override_settings(QUERY_LOG=False, RECOMMENDATION_LOG=False):
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserType]:
    # Playwright leaves an event loop running in this thread, which Django would mistake for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="module")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    """The machine's own Chromium, or the one that playwright installed. One per module, so that a crash does not affect
    the tests of other modules."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    browser = chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def live_stack() -> Iterator[Stack]:
    """A running site with the demo catalogue, shared by tests that leave it intact."""
    with Stack() as stack:
        stack.manage("load_demo")
        yield stack
