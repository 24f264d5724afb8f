"""Recommendations that follow what a visitor likes, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.waiting import wait_until


def cards(page: Page) -> list[str]:
    return page.locator(".card__title").all_inner_texts()


def like(page: Page, query: str) -> str:
    """Like the first film that a search finds, and return its title."""
    page.goto(f"/search?q={query}")
    hit = page.locator(".hit").first
    title = hit.locator(".hit__title a").inner_text()
    button = hit.get_by_role("button", name="Like")
    button.click()
    expect(hit.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
    return title


def test_liking_three_films_changes_for_you_within_seconds(page: Page):
    page.goto("/for-you/")
    before = cards(page)
    liked = [
        like(page, query) for query in ("alien+spaceship+horror", "astronaut+stranded+in+space", "robot+war+future")
    ]

    def changed() -> bool:
        page.goto("/for-you/")
        return cards(page) != before

    wait_until(changed, timeout_s=5, what="For you to follow three likes")
    shown = page.locator(".card", has=page.locator(".reason")).first
    expect(shown.locator(".reason")).to_be_visible()
    names = " ".join(page.locator(".reason").all_inner_texts())
    assert any(title.split("\n")[0][:8] in names for title in liked), names


def test_history_can_be_deleted_one_by_one_and_whole(page: Page):
    like(page, "jazz+musician")
    like(page, "courtroom+drama")
    page.goto("/history/")
    entries = page.get_by_role("main").locator("li, tr").filter(has=page.get_by_role("button", name="Delete"))
    count = entries.count()
    assert count >= 2
    entries.first.get_by_role("button", name="Delete").click()
    expect(entries).to_have_count(count - 1)
