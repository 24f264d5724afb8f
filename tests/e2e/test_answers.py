"""The answer above the results, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

#: Few questions share words with their answers.
pytestmark = pytest.mark.usefixtures("found_by_meaning")

QUESTION = "/search?q=Who+repeats+the+same+day+again+and+again%3F"


def top_of_results(page: Page) -> float:
    box = page.locator(".hits").first.bounding_box()
    assert box is not None
    return box["y"]


def test_a_question_is_answered_above_the_results_and_nothing_moves(page: Page):
    page.goto(QUESTION)
    before = top_of_results(page)
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_contain_text("Quoted word for word from the catalogue.")
    expect(answer.locator(".answer__sources")).to_contain_text("Groundhog Day")
    assert top_of_results(page) == before
    answer.locator("a.answer__ref").first.click()
    expect(page).to_have_title("Groundhog Day · Picture House")


def test_other_searches_are_answered_on_request(page: Page):
    page.goto("/search?q=shark+terrorises+a+beach+town")
    answer = page.get_by_role("region", name="Answer")
    expect(answer.locator(".answer__text")).to_have_count(0)
    answer.get_by_role("link", name="Answer from the passages").click()
    expect(answer.locator(".answer__sources")).to_contain_text("Jaws")


def test_typing_on_replaces_the_answer(page: Page):
    page.goto(QUESTION)
    answer = page.get_by_role("region", name="Answer")
    expect(answer.locator(".answer__sources")).to_contain_text("Groundhog Day")
    box = page.get_by_role("combobox")
    box.fill("")
    box.press_sequentially("Which story has a shark in it?", delay=20)
    expect(answer.locator(".answer__sources")).to_contain_text("Jaws")
    expect(answer).not_to_contain_text("Groundhog Day")


def test_an_answer_is_read_without_javascript(site, browser):
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(QUESTION)
    page.get_by_role("link", name="Answer from the passages").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who repeats the same day again and again?")
    expect(page.locator(".answer__text")).to_contain_text("the same day repeats")
    expect(page.locator(".answer-page__passages").first).to_contain_text("Groundhog Day")
    page.get_by_role("link", name="All results").click()
    expect(page.locator(".hit__title").first).to_contain_text("Groundhog Day")
    context.close()
