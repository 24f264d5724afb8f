"""How the log records a visitor's searches, and what it suggests to the next visitor, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.stack import Stack
from tests.waiting import wait_until


def clicks(site: Stack, text: str) -> list[object]:
    """The best place clicked in each logged search for this text; None for a search without a click."""
    with site.connect() as connection:
        rows = connection.execute("SELECT best_click FROM catalog_searchintent WHERE text = %s", [text]).fetchall()
    return [place for (place,) in rows]


def wait_for_clicks(site: Stack, text: str, expected: list[object]) -> None:
    wait_until(lambda: clicks(site, text) == expected, timeout_s=10, what=f"{expected} of {text!r}")


def test_what_is_typed_is_one_search_and_the_result_opened_its_click(site: Stack, page: Page):
    page.goto("/search")
    box = page.get_by_role("combobox")
    for word in ("ghosts", " in a", " lonely", " hotel"):
        box.press_sequentially(word, delay=20)
        page.wait_for_url(f"**{word.split()[-1]}")  # each pause sends a separate request
    wait_for_clicks(site, "ghosts in a lonely hotel", [None])
    page.locator(".hit__title a").nth(1).click()
    page.wait_for_url("**/items/*/")
    wait_for_clicks(site, "ghosts in a lonely hotel", [2])
    assert clicks(site, "ghosts") == clicks(site, "ghosts in a") == []
    assert "?" not in page.url


def test_a_click_counts_without_javascript(site: Stack, browser: Browser):
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/search?q=a+train+robbery")
    page.locator(".hit__title a").first.click()
    page.wait_for_url("**/items/*/")
    wait_for_clicks(site, "a train robbery", [1])
    context.close()


def test_past_queries_are_suggested_above_titles_and_chosen_by_keyboard(site: Stack, page: Page):
    with site.connect() as connection:
        connection.execute("INSERT INTO catalog_popularquery VALUES ('matrix of machines', 'Matrix of machines', 9, 5)")
    page.goto("/")
    box = page.get_by_role("combobox")
    box.press_sequentially("matri", delay=30)
    options = page.get_by_role("option")
    expect(options.first).to_have_text("Matrix of machines")
    expect(options.nth(1)).to_contain_text("The Matrix")
    expect(page.get_by_role("group", name="Popular searches")).to_be_visible()
    box.press("ArrowDown")
    box.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    box.press("ArrowUp")
    box.press("Enter")
    page.wait_for_url("**/search?q=Matrix+of+machines")
