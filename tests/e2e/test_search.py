"""Searching the catalogue in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect


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
    page.goto("/search?q=stuck+in+a+time+loop")
    first = page.locator(".hit").first
    expect(first.locator(".why__panel")).to_be_hidden()
    first.locator(".why > summary").click()
    expect(first.locator(".why__panel")).to_contain_text("Words")
    expect(first.locator(".why__panel")).to_contain_text("Meaning")


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
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    page.unroute("**/search?**")
    page.get_by_role("combobox").press_sequentially(" town", delay=40)
    expect(page.get_by_role("alert")).to_be_hidden()
    context.close()


def test_slash_focuses_the_box(page: Page):
    page.goto("/for-you/")
    page.keyboard.press("/")
    expect(page.get_by_role("combobox")).to_be_focused()
