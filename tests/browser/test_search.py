"""The search by keyboard: / brings to it from anywhere, Escape leaves it, results come as one types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import APP, CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_past"),
]


def test_slash_brings_to_the_search_and_escape_leaves_it(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/registries/")
    field = page.get_by_label("Search everywhere")
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("shop/app")
    expect(field).to_have_value("shop/app")
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("production")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/search/\?q=production$"))
    page.locator("#results").get_by_role("link", name="production", exact=True).first.click()
    expect(page).to_have_url(re.compile(":production/$"))


def test_slash_is_a_letter_where_one_writes(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + APP)
    page.get_by_label("Filter").press_sequentially("a/b")
    expect(page.get_by_label("Filter")).to_have_value("a/b")


def test_results_come_as_one_types(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/search/")
    page.get_by_label("Search for").press_sequentially("qatest")
    expect(page.locator("#results")).to_contain_text("qatesting")
    expect(page).to_have_url(re.compile(r"\?q=qatest$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_results_are_accessible_and_fit_a_telephone(quiet: Page, live_server: Any, scheme: Any) -> None:
    quiet.emulate_media(color_scheme=scheme)
    quiet.set_viewport_size({"width": 390, "height": 800})
    for query in ("", "?q=production", "?q=2.", "?q=a", "?q=prodction", "?q=1&kind=versions"):
        quiet.goto(f"{live_server.url}/search/{query}")
        found = Axe().run(quiet)
        assert found.violations_count == 0, f"{query}: {found.generate_report()}"
        assert quiet.evaluate("document.documentElement.scrollWidth") <= 390, query
    assert not quiet.said  # type: ignore[attr-defined]
