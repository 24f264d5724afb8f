"""What holds on every page: a phone, a keyboard, a theme, no JavaScript, no script errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE_MS, sign_in
from tests.stack import Stack

PUBLIC = [
    "/",
    "/search",
    "/search?q=stuck+in+a+time+loop",
    "/search?q=love&genres=Comedy&genres=Drama&year_from=1990",
    "/search?q=shark+attack&genres=Musical&year_from=1970",
    "/search?q=xq+zzyv+plorkish",
    f"/search?q={'x' * 300}&director={'y' * 300}",
    "/items/1/",
    "/for-you/",
    "/saved/",
    "/api-reference/",
    "/history/",
    "/sign-in/",
    "/sign-up/",
]
STAFF = [
    "/staff/",
    "/staff/encoders/",
    "/staff/imports/",
    "/staff/analytics/",
    "/staff/relevance/",
    "/staff/versions/compare/",
    "/staff/rules/new/",
    "/staff/synonyms/",
    "/staff/recommendations/",
    "/staff/recommendations/weights/",
    "/staff/recommendations/experiments/new/",
    "/staff/api-keys/",
    "/staff/audit/",
]


@pytest.fixture
def phone(site: Stack, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        base_url=site.url, viewport={"width": 360, "height": 760}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def overflowing(page: Page) -> list[str]:
    """Elements wider than the window, except those inside a box that scrolls."""
    found: list[str] = page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            const scrolls = (element) => {
                for (let outer = element; outer; outer = outer.parentElement) {
                    if (["auto", "scroll", "hidden"].includes(getComputedStyle(outer).overflowX)) return true;
                }
                return false;
            };
            return [...document.querySelectorAll("body *")]
                .filter((element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element))
                .map((element) => `${element.tagName}.${element.className}`);
        }"""
    )
    return found


def misread(page: Page) -> list[str]:
    """What a screen reader would get wrong: skipped levels of headings, landmarks with one name, odd lists."""
    found: list[str] = page.evaluate(
        """() => {
            const headings = [...document.querySelectorAll("main :is(h1, h2, h3, h4)")];
            const levels = headings.map((heading) => +heading.tagName[1]);
            const skipped = levels.filter((level, place) => level > (levels[place - 1] ?? 0) + 1);
            const names = [...document.querySelectorAll("nav, aside, [role=search]")].map(
                (landmark) => `${landmark.role ?? landmark.tagName} ${landmark.getAttribute("aria-label")}`);
            const twice = names.filter((name, place) => names.indexOf(name) !== place);
            const odd = [...document.querySelectorAll("dl > :not(dt, dd, div), dl > div > :not(dt, dd)")];
            return [...skipped.map((level) => `h${level}`), ...twice, ...odd.map((element) => element.outerHTML)];
        }"""
    )
    return found


@pytest.mark.parametrize("address", PUBLIC)
def test_headings_landmarks_and_lists_are_in_order(page: Page, address: str):
    page.goto(address)
    assert misread(page) == []


def test_headings_landmarks_and_lists_are_in_order_on_staff_pages(page: Page):
    sign_in(page, "staff", "demo")
    for address in STAFF:
        page.goto(address)
        assert misread(page) == [], address
        expect(page.get_by_role("navigation", name="Main").locator("[aria-current]")).to_have_text("Staff")


def test_headings_stay_in_order_once_a_taste_is_known(page: Page):
    page.goto("/items/1/")
    page.get_by_role("main").get_by_role("button", name="Like").first.click()
    expect(page.get_by_role("button", name="Liked").first).to_be_visible()
    for address in ("/for-you/", "/interests/"):
        page.goto(address)
        assert misread(page) == [], address


def test_reloading_the_page_with_a_new_key_creates_no_other(page: Page):
    sign_in(page, "staff", "demo")
    page.goto("/staff/api-keys/")
    page.get_by_label("Name").fill("reloaded")
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#new-key")).to_be_visible()
    page.reload()
    expect(page.locator("#new-key")).to_have_count(0)
    expect(page.get_by_role("cell", name="reloaded", exact=True)).to_have_count(1)


def test_why_a_reindex_is_refused_is_in_view_on_a_phone(phone: Page):
    sign_in(phone, "staff", "demo")
    phone.goto("/staff/")
    phone.locator("summary", has_text="Start a reindex").click()
    phone.get_by_label("Encoder", exact=True).fill("/nowhere/model")
    phone.get_by_role("button", name="Start the reindex").click()
    expect(phone.get_by_text("There is no folder with a model at /nowhere/model.")).to_be_in_viewport()
    expect(phone.get_by_label("Encoder", exact=True)).to_be_focused()


def test_a_link_in_a_notice_can_be_read(page: Page):
    page.goto("/interests/")
    page.get_by_role("button", name="Turn off").click()
    page.goto("/items/1/")
    page.get_by_role("main").get_by_role("button", name="Like").first.click()
    colours = page.locator("#said .toast").evaluate(
        "(toast) => [getComputedStyle(toast).color, getComputedStyle(toast.querySelector('a')).color]"
    )
    assert colours[0] == colours[1]


@pytest.mark.parametrize("address", PUBLIC)
def test_nothing_is_wider_than_a_phone(phone: Page, address: str):
    phone.goto(address)
    assert overflowing(phone) == []


def test_no_staff_page_is_wider_than_a_phone(phone: Page):
    sign_in(phone, "staff", "demo")
    for address in STAFF:
        phone.goto(address)
        assert overflowing(phone) == [], address


def test_the_open_tab_is_in_view_on_a_phone(phone: Page):
    sign_in(phone, "staff", "demo")
    for address, row, name in (
        ("/staff/", "Staff", "Index"),
        ("/staff/audit/", "Staff", "Audit log"),
        ("/staff/recommendations/models/", "Recommendations", "Models"),
    ):
        phone.goto(address)
        tab = phone.get_by_role("navigation", name=row, exact=True).get_by_role("link", name=name)
        expect(tab).to_have_attribute("aria-current", "page")
        expect(tab).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("address", PUBLIC)
def test_every_page_loads_without_a_script_error_or_a_refused_resource(page: Page, address: str):
    page.goto(address)
    expect(page.locator("main")).to_be_visible()
    page.wait_for_load_state("networkidle")


def test_filters_on_a_phone_stay_open_while_they_are_chosen(phone: Page):
    phone.goto("/search?q=love")
    phone.get_by_role("link", name="Filters").click()
    done = phone.locator(".side__done a")
    before = done.inner_text()
    phone.locator(".facet", has_text="Genres").get_by_role("checkbox").first.check()
    expect(done).not_to_have_text(before)
    expect(done).to_be_visible()
    done.click()
    expect(phone.locator("#filters")).to_be_hidden()
    expect(phone.locator(".chip--x")).to_be_visible()


def test_suggestions_are_chosen_by_keyboard(page: Page):
    page.goto("/for-you/")
    page.keyboard.press("/")
    box = page.get_by_role("combobox")
    box.press_sequentially("groundh", delay=30)
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    chosen = page.get_by_role("option", selected=True)
    expect(chosen).to_contain_text("Groundhog Day")
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "none")
    box.press("ArrowUp")
    expect(page.get_by_role("option", selected=True)).to_have_count(0)
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/items/*/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Groundhog Day")


def test_escape_closes_the_suggestions_and_keeps_what_was_typed(page: Page):
    page.goto("/")
    box = page.get_by_role("combobox")
    box.press_sequentially("groundh", delay=30)
    expect(page.get_by_role("listbox")).to_be_visible()
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("groundh")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press("Enter")
    page.wait_for_url("**/search?q=groundh")


def test_another_order_is_chosen_and_kept_by_the_url(page: Page):
    page.goto("/search?q=love")
    page.locator("#sort > summary").click()
    page.get_by_label("Year, high to low").check()
    expect(page.locator("#sort > summary")).to_contain_text("Year, high to low")
    page.wait_for_url("**sort=-year*")
    years = [int(year) for year in page.locator(".hits").first.locator(".yr").all_inner_texts()]
    assert years == sorted(years, reverse=True)


def test_orders_are_gone_through_by_keyboard(page: Page):
    page.goto("/search?q=love")
    page.locator("#sort > summary").press("Enter")
    page.get_by_label("Best match").focus()
    for order in ("newest", "title"):
        page.keyboard.press("ArrowDown")
        page.wait_for_url(f"**sort={order}")
        expect(page.locator(f"#sort-{order}")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#sort > summary")).to_be_focused()
    expect(page.get_by_label("Title, A to Z")).to_be_hidden()


def test_the_balance_stays_open_while_it_is_moved(page: Page):
    page.goto("/search?q=love")
    page.locator("#balance > summary").click()
    page.get_by_label("Words or meaning").fill("0")
    page.wait_for_url("**semantic_ratio=0*")
    expect(page.locator("#balance output")).to_have_text("0.00")
    expect(page.locator("#balance output")).to_be_visible()


def test_the_first_stop_of_the_keyboard_skips_to_the_content(page: Page):
    page.goto("/search?q=love")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_chosen_theme_is_remembered(page: Page):
    page.goto("/")
    light = background(page)
    page.locator("label", has=page.locator("#theme-dark")).click()
    dark = background(page)
    assert dark != light
    page.goto("/search?q=love")
    assert background(page) == dark
    expect(page.locator("#theme-dark")).to_be_checked()
    page.locator("label", has=page.locator("#theme-system")).click()
    page.reload()
    assert background(page) == light


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_without_javascript_one_can_like_filter_and_look_back(site: Stack, browser: Browser):
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto("/search?q=love")
    count = page.locator(".toolbar__count").inner_text()
    page.locator(".facet", has_text="Genres").get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Apply").first.click()
    expect(page.locator(".toolbar__count")).not_to_have_text(count)
    first = page.locator(".hit").first
    title = first.locator(".hit__title a").inner_text()
    first.get_by_role("button", name="Like").click()
    expect(page.locator(".hit").first.get_by_role("button", name="Like")).to_have_attribute("aria-pressed", "true")
    assert "genres=" in page.url
    page.goto("/history/")
    expect(page.locator(".entry").first).to_contain_text(title[:12])
    context.close()


def test_opening_an_item_is_noted_in_the_history(page: Page):
    page.goto("/search?q=groundhog+day")
    with page.expect_response("**/seen") as seen:
        page.locator(".hit__title a").first.click()
    assert seen.value.status == 204
    page.goto("/history/")
    expect(page.locator(".entry").first).to_contain_text("Groundhog Day")


def test_what_a_visitor_liked_comes_along_at_sign_up(page: Page):
    page.goto("/search?q=groundhog+day")
    page.locator(".hit").first.get_by_role("button", name="Save").click()
    expect(page.locator(".hit").first.get_by_role("button", name="Save")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Create one").click()
    page.get_by_label("Username").fill("newcomer")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Password confirmation").fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/search?q=groundhog*")
    page.get_by_role("link", name="Saved").click()
    expect(page.locator(".card__title")).to_have_text(["Groundhog Day"])
