"""What only a browser can tell: scripts, keys, contrast, width, and that the policy refuses nothing of ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import APP, CHROMIUM
from tests.listings import digest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_past"),
]

PAGES = {
    "board": "/",
    "board filtered": "/?q=2.1",
    "what is where": APP,
    "by pointer": f"{APP}?by=pointer",
    "nothing found": f"{APP}?q=nothing",
    "not known": f"{APP}?at=2020-01-01",
    "not answering": "/127.0.0.1:5000/legacy/billing/",
    "tag": f"{APP[:-1]}:production/",
    "movements": "/movements/",
    "movements of one": f"/movements{APP}?span=all",
    "movements in the past": f"/movements{APP}?at=2020-01-01",
    "versions": f"/matrix{APP}",
    "image": f"/{digest('2.0')}/",
    "compare": f"/compare/?a={APP[1:-1]}:production&b={APP[1:-1]}:qatesting",
    "nothing to compare": "/compare/",
    "search": "/search/?q=2.1",
    "search misses": "/search/?q=prodction",
    "read API": "/api/docs",
    "registries": "/registries/",
    "not watched": "/nowhere/",
    "bad request": "/?at=yesterday",
    "sign in": "/accounts/login/",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_keeps_to_the_policy(quiet: Page, live_server: Any, scheme: Any) -> None:
    quiet.emulate_media(color_scheme=scheme)
    for name, address in PAGES.items():
        quiet.goto(live_server.url + address)
        for fold in quiet.locator("details:not(.dropdown-form) > summary").all():
            fold.click()
        found = Axe().run(quiet)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    refused = [text for text in quiet.said if "Failed to load resource" not in text]  # type: ignore[attr-defined]
    assert not refused


def test_no_page_is_wider_than_a_telephone(page: Page, live_server: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for name, address in PAGES.items():
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name


def test_a_label_of_two_lines_makes_room_for_itself_on_a_telephone(page: Page, live_server: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{live_server.url}/registries/")
    cells = "[...document.querySelectorAll('table.cards td')]"
    page.evaluate(f"{cells}.forEach(cell => cell.dataset.label = 'a label that takes two lines')")
    assert page.evaluate(f"{cells}.every(cell => cell.scrollHeight <= cell.clientHeight + 1)")


def test_the_filter_narrows_as_one_types(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + APP)
    page.get_by_label("Filter").press_sequentially("qatest")
    expect(page.locator("#count")).to_contain_text("1 of 8")
    expect(page.locator("#results")).to_contain_text("perftesting")
    expect(page.locator("#results")).not_to_contain_text("production")
    expect(page).to_have_url(re.compile(r"\?q=qatest$"))
    expect(page.get_by_label("Filter")).to_be_focused()
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("#results")).to_contain_text("production")


def test_the_filter_works_without_script(browser: Any, live_server: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}{APP}?by=pointer")
    page.get_by_label("Filter").fill("2.1")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#count")).to_contain_text("2 of 6")
    context.close()


def test_arrow_keys_walk_along_the_bars(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/movements{APP}?span=all")
    production = page.get_by_role("link", name=re.compile("^production on"))
    production.nth(0).focus()
    page.keyboard.press("ArrowRight")
    expect(production.nth(1)).to_be_focused()
    expect(production.nth(1)).to_have_attribute("aria-label", re.compile(r"on 2\.0 since .* still current"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name=re.compile("^qatesting on"))).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    expect(production.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#results tbody", has_text="1.3").first).to_contain_text("production")
    expect(page.locator(".notice.then")).to_contain_text("You look at")


def test_tab_passes_the_bars_in_one_step(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/movements{APP}?span=all")
    expect(page.locator('a.bar[tabindex="0"]')).to_have_count(1)


def test_a_moment_can_be_chosen_and_left(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + APP)
    page.locator("summary", has_text="Now").click()
    field = page.get_by_label("Show how it was at")
    field.fill(page.evaluate("new Date(Date.now() - 15 * 864e5).toISOString().slice(0, 16)"))
    page.get_by_role("button", name="Look").click()
    expect(page.locator(".notice.then")).to_contain_text("You look at")
    expect(page.locator("#results tbody", has_text="1.3").first).to_contain_text("production")
    page.get_by_role("link", name="Back to now").click()
    expect(page.locator("#results tbody", has_text="2.0").first).to_contain_text("production")


def test_times_are_in_the_zone_of_the_browser(browser: Any, live_server: Any) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(live_server.url)
    expect(page.locator(".zone")).to_contain_text("Asia/Tokyo (UTC+9)")
    context.close()
