"""A reindex from the dashboard while search keeps answering, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.conftest import sign_in

LONG_MS = 180_000


def test_a_reindex_runs_while_search_answers_and_switches_at_the_end(page: Page):
    sign_in(page, "staff", "demo")
    page.goto("/staff/")
    expect(page.locator("tr.is-on .ver b")).to_have_text("v1")
    page.get_by_text("Start a reindex").click()
    page.get_by_label("Passage window").fill("96")
    page.get_by_role("button", name="Start the reindex").click()
    expect(page.get_by_role("heading", name="Reindex to v2")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    answers = [search(page) for _ in range(10)]
    assert all(answer["hits"] and not answer["degraded"] for answer in answers)
    # The page updates itself: no reload here.
    expect(page.locator("tr.is-on .ver b")).to_have_text("v2", timeout=LONG_MS)
    assert search(page)["hits"][0]["title"] == "Jaws"
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator("tr.is-on .ver b")).to_have_text("v1")


def search(page: Page) -> dict:
    response = page.request.get("/api/v1/search", params={"q": "shark terrorises a beach town"})
    assert response.ok, response.text()
    return response.json()
