"""Editing a rule in a real browser, with and without JavaScript."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import sign_in
from tests.stack import Stack


def test_a_rule_is_made_while_watching_what_it_changes(page: Page):
    sign_in(page, "staff", "demo")
    page.goto("/search?q=shark+beach")
    page.get_by_role("link", name="New rule for this search").click()
    without, with_it = page.locator(".rule__hits").nth(0), page.locator(".rule__hits").nth(1)
    expect(without.locator("a").first).to_have_text("Jaws 1975")
    expect(with_it.locator("a").first).to_have_text("Jaws 1975")

    second = without.locator("a").nth(1).inner_text()
    with_it.get_by_role("button", name="Hide Jaws", exact=True).click()
    expect(page.locator(".rule__hits").nth(1).locator("a").first).to_have_text(second)
    expect(page.locator(".rule__hits").nth(0).locator("li").first).to_contain_text("Hidden")

    # The preview follows what is typed, and the cursor stays where it is.
    page.get_by_placeholder("year >= 2015").fill("year < 1990")
    page.get_by_label("Amount of another boost").fill("0.4")
    expect(page.locator(".rule__hits").nth(1)).to_contain_text("+0.")
    expect(page.get_by_label("Amount of another boost")).to_be_focused()

    page.get_by_label("Name").fill("No Jaws")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("“No Jaws” is saved")).to_be_visible()
    page.goto("/search?q=shark+beach")
    expect(page.locator(".hit__title").first).not_to_contain_text("Jaws")
    page.get_by_role("link", name="No Jaws").first.click()
    delete = page.get_by_role("button", name="Delete the rule permanently")
    expect(delete).to_be_hidden()
    page.locator("summary", has_text="Delete the rule").click()
    delete.click()
    expect(page.get_by_text("“No Jaws” is deleted")).to_be_visible()
    page.goto("/search?q=shark+beach")
    expect(page.locator(".hit__title").first).to_contain_text("Jaws")


def test_a_rule_is_previewed_without_javascript(site: Stack, browser: Browser):
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "staff", "demo")
    page.goto("/staff/rules/new/?q=shark+beach")
    page.locator(".rule__hits").nth(1).get_by_role("button", name="Pin").nth(2).click()
    expect(page.locator(".rule__hits").nth(1).locator("li").first).to_contain_text("Pinned")
    page.get_by_label("Search for").fill("time loop")
    page.get_by_label("Search for").press("Enter")
    expect(page.get_by_text("The rule does not apply to this search.")).to_be_visible()
    context.close()
