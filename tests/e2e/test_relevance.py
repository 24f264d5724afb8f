"""The relevance lab in a real browser: judging with a click, and a measurement made by a worker."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import sign_in
from tests.stack import Stack


@pytest.mark.usefixtures("found_by_meaning")
def test_a_set_is_judged_and_search_is_measured_on_it(page: Page):
    sign_in(page, "staff", "demo")
    page.goto("/staff/relevance/")
    page.get_by_label("Name").fill("Asked in the browser")
    page.get_by_label("Queries").fill("shark at the beach\ntime loop")
    page.get_by_role("button", name="Create set").click()
    expect(page.get_by_text("2 queries added")).to_be_visible()

    page.get_by_role("link", name="Judge", exact=True).click()
    jaws = page.locator(".judge__item").filter(has=page.get_by_role("link", name="Jaws", exact=True))
    expect(jaws.get_by_text("Not judged")).to_be_visible()
    jaws.get_by_role("button", name="3 Perfect").click()
    expect(jaws.get_by_role("button", name="3 Perfect")).to_have_attribute("aria-pressed", "true")
    expect(jaws.get_by_role("button", name="3 Perfect")).to_be_focused()
    expect(jaws.get_by_text("Not judged")).to_be_hidden()
    expect(page.locator("#judged")).to_have_text("1")
    # An item graded a moment ago keeps its grade when the rest is marked.
    page.get_by_role("button", name="Mark all ungraded as not relevant").click()
    expect(page.get_by_text("Not judged").locator("visible=true")).to_have_count(0)
    expect(jaws.get_by_role("button", name="3 Perfect")).to_have_attribute("aria-pressed", "true")

    page.get_by_role("link", name="Next unjudged").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("time loop")
    page.get_by_placeholder("Its title").fill("Groundhog Day")
    page.get_by_role("button", name="Find").click()
    groundhog = page.locator(".judge__item").filter(has=page.get_by_role("link", name="Groundhog Day", exact=True))
    groundhog.last.get_by_role("button", name="2 Relevant").click()
    expect(page.locator("#judged")).to_have_text("1")

    page.get_by_role("link", name="Asked in the browser").click()
    page.get_by_label("Kind", exact=True).select_option(label="Ratio sweep")
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_role("heading", name="nDCG@10 by ratio")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(11)
    expect(page.get_by_role("img", name=re.compile("nDCG@10 by ratio of meaning"))).to_be_visible()
    page.get_by_role("link", name="Asked in the browser").click()
    expect(page.locator(".kpi").filter(has_text="MRR@10").locator("dd").first).to_have_text(re.compile(r"[01]\.\d{3}"))

    # Deleting something along with its judgements asks for confirmation first.
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="time loop"))
    row.locator("summary").click()
    row.get_by_role("button", name="Remove permanently").click()
    expect(page.get_by_text("“time loop” is removed from the set.")).to_be_visible()
    page.get_by_text("Edit", exact=True).click()
    permanently = page.get_by_role("button", name="Delete the set permanently")
    expect(permanently).to_be_hidden()
    page.locator("summary", has_text="Delete the set").click()
    permanently.click()
    expect(page.get_by_text("“Asked in the browser” is deleted")).to_be_visible()


def test_hits_are_judged_without_javascript(site: Stack, browser: Browser):
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, "staff", "demo")
    page.goto("/staff/relevance/")
    page.get_by_label("Name").fill("Without scripts")
    page.get_by_label("Queries").fill("ghost story")
    page.get_by_role("button", name="Create set").click()
    page.get_by_role("link", name="Judge", exact=True).click()
    first = page.locator(".judge__item").first
    first.get_by_role("button", name="2 Relevant").click()
    expect(first.get_by_role("button", name="2 Relevant")).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile(r"/staff/relevance/queries/\d+/#item-\d+$"))
    first.get_by_role("button", name="2 Relevant").click()
    expect(first.get_by_role("button", name="2 Relevant")).to_have_attribute("aria-pressed", "false")
    context.close()
