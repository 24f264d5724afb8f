"""The whole cycle of a visitor's interests, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.waiting import wait_until


def cards(page: Page) -> list[str]:
    return page.locator("#lists .card__title").all_inner_texts()


def lists_follow(page: Page, before: list[str]) -> None:
    wait_until(lambda: cards(page) != before, timeout_s=15, what="the lists to follow in place")


def press(page: Page, name: str) -> str:
    """Press a button of the first card of a list, and return the card's title."""
    card: Locator = page.locator("#lists .card").first
    title = card.locator(".card__title").inner_text()
    before = cards(page)
    card.get_by_role("button", name=name).click()
    expect(page.locator("#said")).to_contain_text(title[:20])
    lists_follow(page, before)
    return title


def test_from_the_first_click_to_the_receipt(page: Page):
    page.goto("/for-you/")
    page.evaluate("window.stayed = true")
    liked = press(page, "More like")
    assert liked not in cards(page)
    expect(page.locator("#lists .reason", has_text=liked[:20]).first).to_be_visible()

    hidden = press(page, "Hide")
    assert hidden not in cards(page)
    before = cards(page)
    page.locator("#said").get_by_role("button", name="Undo").click()
    lists_follow(page, before)
    assert page.evaluate("window.stayed"), "the page was loaded anew"

    page.goto("/interests/")
    interest = page.locator(".interest").first
    expect(interest.get_by_role("heading")).not_to_be_empty()
    interest.get_by_role("button", name="Mute").click()
    expect(page.locator(".interest.is-muted")).to_have_count(1)

    page.goto("/sign-up/")
    page.get_by_label("Username").fill("loop")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Password confirmation").fill("correct horse battery")
    page.get_by_role("main").get_by_role("button", name="Create account").click()
    page.wait_for_url("**/")
    page.goto("/interests/")
    expect(page.locator(".interest.is-muted")).to_have_count(1)

    page.locator(".setting", has_text="Delete everything").locator("summary").click()
    page.get_by_role("button", name="Delete my whole history").click()
    page.wait_for_url("**/receipts/**")
    expect(page.locator("#receipt dd").nth(1)).to_have_text("1")
    receipt = page.url
    page.goto("/interests/")
    expect(page.locator(".interest")).to_have_count(0)
    page.goto(receipt)
    expect(page.locator("#receipt")).to_be_visible()
