"""What was typed or chosen a moment ago goes along with every other form and link of the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
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

PAGES = {
    "/": r"[?&]q=2\.1",
    APP: r"[?&]q=2\.1",
    f"/matrix{APP}": r"[?&]q=2\.1",
    f"/movements{APP}": r"[?&]tag=rollback",
}


def _filter(page: Page, address: str) -> None:
    page.goto(address)
    if "/movements/" in address:
        page.get_by_label("Tag").select_option("rollback")
    else:
        page.get_by_label("Filter", exact=True).press_sequentially("2.1")
    expect(page).to_have_url(re.compile(r"[?&](q=2\.1|tag=rollback)"))


@pytest.mark.parametrize("path", PAGES)
def test_another_moment_keeps_the_filter(page: Page, live_server: Any, path: str) -> None:
    _filter(page, f"{live_server.url}{path}")
    page.locator("#when summary").click()
    page.get_by_role("button", name="Look").click()
    expect(page).to_have_url(re.compile(r"[?&]at="))
    expect(page).to_have_url(re.compile(PAGES[path]))


@pytest.mark.parametrize("path", PAGES)
def test_another_language_keeps_the_filter(page: Page, live_server: Any, path: str) -> None:
    _filter(page, f"{live_server.url}{path}")
    page.get_by_label("Language").select_option("de")
    page.get_by_role("button", name="Change").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page).to_have_url(re.compile(PAGES[path]))


def test_all_versions_of_the_matrix_keep_the_filter(page: Page, live_server: Any) -> None:
    _filter(page, f"{live_server.url}/matrix{APP}")
    page.get_by_role("link", name="All versions").click()
    expect(page).to_have_url(re.compile(r"rows=all"))
    expect(page).to_have_url(re.compile(r"q=2\.1"))
    page.get_by_role("link", name="Clear").click()
    expect(page).not_to_have_url(re.compile(r"q="))


def test_the_choices_of_the_movements_say_what_is_set(page: Page, live_server: Any) -> None:
    _filter(page, f"{live_server.url}/movements{APP}")
    expect(page.get_by_label("Tag").locator("option").first).to_have_text("another tag")
    page.get_by_role("link", name="Week").click()
    expect(page).to_have_url(re.compile(r"span=week"))
    expect(page.get_by_label("Tag").locator("option").first).to_have_text("another tag")
    page.get_by_label("Kind").select_option("forward")
    expect(page).to_have_url(re.compile(r"kind=forward"))
    expect(page).to_have_url(re.compile(r"tag=rollback"))
    expect(page.get_by_label("Kind").locator("option").first).to_have_text("another kind")
    expect(page.get_by_label("Kind").locator("option[value=forward]")).to_have_count(0)
