"""Searching the catalogue in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.conftest import sign_in
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("found_by_meaning")

# Sums how far elements that stayed on the page moved, as Chromium reports it.
WATCH_SHIFTS = """
    window.shifts = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shifts += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
"""


def titles(page: Page) -> list[str]:
    return page.locator(".hit__title").all_inner_texts()


def test_a_search_by_meaning_finds_what_shares_no_words(page: Page):
    page.goto("/")
    box = page.get_by_role("combobox")
    box.fill("a lonely robot learns to love")
    box.press("Enter")
    page.wait_for_url("**/search?*")
    expect(
        page.locator(".hit__title", has_text="WALL·E").or_(page.locator(".hit__title", has_text="WALL-E"))
    ).to_be_visible()
    assert "robot" in page.url


def test_results_come_while_typing_and_the_url_keeps_the_search(page: Page):
    page.goto("/search")
    page.get_by_role("combobox").press_sequentially("shark beach", delay=40)
    expect(page.locator(".hit__title").first).to_contain_text("Jaws")
    page.wait_for_url("**q=shark*")
    page.reload()
    expect(page.get_by_role("combobox")).to_have_value("shark beach")
    expect(page.locator(".hit__title").first).to_contain_text("Jaws")


def test_a_facet_narrows_the_results_and_back_undoes_it(page: Page):
    page.goto("/search?q=love")
    facet = page.locator(".facet", has=page.locator("summary", has_text="Genres"))
    expect(facet).to_be_visible()
    before = page.locator(".toolbar__count").inner_text()
    facet.get_by_role("checkbox").first.check()
    expect(page.locator(".toolbar__count")).not_to_have_text(before)
    assert "genres=" in page.url
    page.go_back()
    expect(page.locator(".toolbar__count")).to_have_text(before)


def test_why_this_result_is_told_on_demand(page: Page):
    def is_compared() -> bool:  # each process of the web server loads its own encoder
        page.goto("/search?q=stuck+in+a+time+loop")
        return "Closest passage at" in (page.locator(".why__panel").first.text_content() or "")

    wait_until(is_compared, timeout_s=60, what="meaning to be compared")
    first = page.locator(".hit").first
    expect(first.locator(".why__panel")).to_be_hidden()
    first.locator(".why > summary").click()
    panel = first.locator(".why__panel")
    expect(panel).to_contain_text("loop")
    expect(panel).to_contain_text("Closest passage at")
    assert {"e-words", "e-meaning"} <= drawn(panel)
    parts = [float(part) for part in panel.locator(".val").all_inner_texts()]
    assert abs(sum(parts) - float(first.locator(".score").inner_text())) < 0.02


def drawn(panel: Locator) -> set[str | None]:
    """The kinds of evidence with non-empty bars."""
    return {
        bar.get_attribute("class")
        for bar in panel.locator("rect:not(.e-track):not([width='0']):not([width='0.0'])").all()
    }


def test_nothing_moves_while_results_come_in(page: Page):
    page.add_init_script(WATCH_SHIFTS)
    page.goto("/search")
    toolbar = page.locator(".toolbar")
    before = toolbar.bounding_box()
    box = page.get_by_role("combobox")
    for word in ("robbot", " in", " love"):
        box.press_sequentially(word, delay=20)
        page.wait_for_url(f"**{word.split()[-1]}")
    expect(page.locator(".note", has_text="Results for robot in love")).to_be_visible()
    assert toolbar.bounding_box() == before
    assert page.evaluate("window.shifts") == 0


def test_a_slow_answer_is_waited_for_in_sight_of_the_last(page: Page):
    page.goto("/search?q=shark")
    held: list[Route] = []
    page.route("**/search?**", lambda route: held.append(route))
    page.get_by_role("combobox").fill("shark beach")
    expect(page.locator("#results")).to_have_css("opacity", "0.5")
    expect(page.locator(".hit__title").first).to_be_visible()
    for route in held:
        route.continue_()
    expect(page.locator("#results")).to_have_css("opacity", "1")
    expect(page.locator(".hit__title").first).to_contain_text("Jaws")


def test_a_mistyped_query_is_corrected_and_that_can_be_refused(page: Page):
    page.goto("/search?q=robbot+love")
    note = page.locator(".note", has_text="Results for robot love")
    expect(note).to_contain_text("Nothing here contains “robbot”")
    expect(page.locator("#announce")).to_contain_text("for robot love, because nothing contains robbot")
    note.get_by_role("link", name="Search as typed").click()
    expect(note).to_have_count(0)
    expect(page.get_by_role("combobox")).to_have_value("robbot love")
    expect(page.locator("main")).to_be_focused()

    page.locator(".facet", has_text="Genres").get_by_role("checkbox").first.check()
    expect(page.locator(".chip--x")).to_have_count(1)
    assert "correct=0" in page.url
    expect(note).to_have_count(0)
    page.go_back()
    expect(page.locator(".chip--x")).to_have_count(0)
    page.wait_for_load_state()
    expect(note).to_have_count(0)
    page.go_back()
    expect(note).to_be_visible()


def test_another_mistyped_query_is_corrected_after_one_was_not(page: Page):
    page.goto("/search?q=robbot&correct=0")
    expect(page.locator(".toolbar")).to_be_visible()
    page.get_by_role("combobox").fill("sharkk")
    expect(page.locator(".note", has_text="Results for shark")).to_be_visible()
    assert page.url.endswith("/search?q=sharkk")


def test_the_taste_of_a_member_counts_where_they_ask_for_it(page: Page):
    sign_in(page, "mira", "demo")
    page.goto("/search?q=love")
    taste = page.get_by_role("button", name="My taste")
    expect(taste).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".legend")).not_to_contain_text("taste")
    taste.press("Space")
    expect(taste).to_have_attribute("aria-pressed", "true")
    expect(taste).to_be_focused()
    expect(page.locator(".legend")).to_contain_text("taste")
    page.wait_for_url("**/search?q=love&personalize=1")
    page.locator(".why > summary").first.click()
    assert "e-taste" in drawn(page.locator(".why__panel").first)


def test_the_box_is_emptied_in_place(page: Page):
    page.goto("/search")
    clear = page.get_by_role("link", name="Clear the search")
    expect(clear).to_be_hidden()
    page.get_by_role("combobox").press_sequentially("shark", delay=20)
    page.wait_for_url("**q=shark")
    clear.click()
    expect(page.locator(".toolbar__count")).to_contain_text("newest first")
    expect(page.get_by_role("combobox")).to_be_focused()
    expect(clear).to_be_hidden()


def test_new_results_are_seen_from_the_top(page: Page):
    page.goto("/search?q=love")
    page.locator(".hit").last.scroll_into_view_if_needed()
    assert page.evaluate("window.scrollY") > 0
    page.get_by_role("combobox").fill("shark")
    page.wait_for_url("**q=shark")
    wait_until(lambda: page.evaluate("window.scrollY") == 0, timeout_s=5, what="the top of the page")


def test_search_works_without_javascript(site, browser):
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    page.locator("input[name=q]").fill("shark terrorises a beach town")
    page.locator("input[name=q]").press("Enter")
    expect(page.locator(".hit__title").first).to_contain_text("Jaws")
    context.close()


def test_a_live_search_that_fails_says_so_and_the_next_one_takes_it_back(site, browser):
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/search?q=shark")
    expect(page.get_by_role("alert")).to_be_hidden()
    page.route("**/search?**", lambda route: route.fulfill(status=503, body="away"))
    page.get_by_role("combobox").press_sequentially(" beach", delay=40)
    expect(page.get_by_role("alert")).to_contain_text("is not responding")
    page.unroute("**/search?**")
    page.get_by_role("combobox").press_sequentially(" town", delay=40)
    expect(page.get_by_role("alert")).to_be_hidden()
    context.close()


def test_slash_focuses_the_box(page: Page):
    page.goto("/for-you/")
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
