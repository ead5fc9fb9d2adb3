"""What all pages share: keys, languages, a layout that stays where it is, and use without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import APP, CHROMIUM, SECONDS_TO_SHOW
from tests.browser.test_pages import PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_past"),
]

SHIFTS = """
window.shifted = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted.push(entry.value);
}).observe({type: "layout-shift", buffered: true});
"""
# A busy browser may paint a menu or a line before it has read all of it, which then moves what follows. Good pages have
# up to 0.1; what comes late and pushes a page down moves more than a hundredth of it.
UNSEEN = 0.01
FOCUSABLE = (
    'a[href], button:not([disabled]), input:not([type="hidden"]):not([disabled]), select, summary, [tabindex="0"]'
)
FOCUSED = """() => {
  const at = document.activeElement;
  const rim = at.querySelector(":scope > .focus");  // of a bar in a timeline
  const style = getComputedStyle(at);
  const isRimmed = rim && !["none", "rgba(0, 0, 0, 0)", "transparent"].includes(getComputedStyle(rim).stroke);
  return {
    place: [...document.querySelectorAll("*")].indexOf(at),
    name: at.outerHTML.slice(0, 120),
    seen: style.outlineStyle !== "none" || style.boxShadow !== "none" || isRimmed,
  };
}"""


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(SECONDS_TO_SHOW * 1000)
    yield context.new_page()
    context.close()


def test_nothing_moves_while_a_page_loads(page: Page, live_server: Any) -> None:
    page.goto(live_server.url)  # tells the time zone, which loads the first page twice
    page.add_init_script(SHIFTS)
    for name, address in PAGES.items():
        page.goto(live_server.url + address, wait_until="load")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("window.shifted.reduce((sum, value) => sum + value, 0)") < UNSEEN, name


def test_every_page_is_accessible_on_a_telephone(page: Page, live_server: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for name, address in PAGES.items():
        page.goto(live_server.url + address)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def test_no_page_is_wider_than_the_window_at_twice_the_size(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    page = context.new_page()
    for name, address in PAGES.items():
        page.goto(live_server.url + address)
        for fold in page.locator("details.dropdown-form > summary").all():
            fold.click()
            assert page.evaluate("document.documentElement.scrollWidth") <= 640, name
            page.keyboard.press("Escape")
    context.close()


@pytest.mark.parametrize("address", ["/", APP, f"{APP[:-1]}:production/", "/registries/", "/search/?q=2.1"])
def test_tab_reaches_everything_and_shows_where_it_is(page: Page, live_server: Any, address: str) -> None:
    page.goto(live_server.url + address)
    there = page.locator(FOCUSABLE)
    wanted = sum(one.is_visible() and one.get_attribute("tabindex") != "-1" for one in there.all())
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _press in range(wanted + 5):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at["name"].startswith("<body"):
            break
        assert at["seen"], at["name"]
        reached.add(at["place"])
    assert len(reached) >= wanted


def test_the_first_tab_offers_to_skip_to_the_content(page: Page, live_server: Any) -> None:
    page.goto(live_server.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_escape_closes_what_was_folded_out(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + APP)
    fold = page.locator("details.dropdown-form", has_text="Show how it was at")
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(fold).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(fold).not_to_have_attribute("open", "")
    expect(fold.locator("summary")).to_be_focused()


def test_filter_date_language_and_search_work_without_scripts(plain: Page, live_server: Any) -> None:
    plain.goto(f"{live_server.url}{APP}?by=pointer")
    plain.get_by_label("Filter", exact=True).fill("2.1")
    plain.get_by_role("button", name="Filter", exact=True).click()
    expect(plain).to_have_url(re.compile(r"by=pointer.*q=2\.1|q=2\.1.*by=pointer"))
    plain.locator("summary", has_text="Now").click()
    plain.get_by_role("link", name="1 week ago").click()
    expect(plain.locator(".notice.then")).to_contain_text("You look at")
    expect(plain).to_have_url(re.compile(r"q=2\.1"))
    plain.get_by_label("Search everywhere").fill("shop")
    plain.get_by_label("Search everywhere").press("Enter")
    expect(plain).to_have_url(re.compile(r"/search/\?at=.*&q=shop"))
    plain.get_by_label("Language").select_option("de")
    plain.locator("footer button").click()
    expect(plain).to_have_url(re.compile(r"/search/\?at=.*&q=shop"))
    expect(plain.locator("html")).to_have_attribute("lang", "de")


def test_every_answer_carries_the_headers_that_protect_its_reader(page: Page, live_server: Any) -> None:
    for name, address in {**PAGES, "feed": "/atom/", "badge": f"/badge{APP[:-1]}:production/"}.items():
        headers = page.request.get(live_server.url + address).headers
        assert "default-src 'self'" in headers["content-security-policy"], name
        assert "unsafe" not in headers["content-security-policy"], name
        assert headers["x-content-type-options"] == "nosniff", name
        assert headers["x-frame-options"] == "DENY", name
        assert {"Cookie", "Accept-Language"} <= {field.strip() for field in headers["vary"].split(",")}, name
