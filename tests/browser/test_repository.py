"""What is where, as a browser shows it: groupings, filter, copies, width."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tags.models import Image
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

GROUPINGS = ("", "?by=pointer", "?by=tag", "?q=team=checkout", "?by=tag&q=nothing")


@pytest.fixture(autouse=True)
def _described(_past: None) -> None:
    facts = {"size": 48_200_000, "platforms": ["linux/amd64", "linux/arm64"], "labels": {"team": "checkout"}}
    Image.objects.update_or_create(digest=digest("2.1"), defaults=facts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_grouping_is_accessible_and_keeps_to_the_policy(quiet: Page, live_server: Any, scheme: Any) -> None:
    quiet.emulate_media(color_scheme=scheme)
    for query in GROUPINGS:
        quiet.goto(f"{live_server.url}{APP}{query}")
        for fold in quiet.locator("details.unpointed:not([open]) > summary").all():
            fold.click()
        found = Axe().run(quiet)
        assert found.violations_count == 0, f"{query}: {found.generate_report()}"
    refused = [text for text in quiet.said if "Failed to load resource" not in text]  # type: ignore[attr-defined]
    assert not refused


def test_no_grouping_is_wider_than_a_telephone(page: Page, live_server: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for query in GROUPINGS:
        page.goto(f"{live_server.url}{APP}{query}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, query


def test_what_one_clicks_is_large_enough(page: Page, live_server: Any) -> None:
    small = """[...document.querySelectorAll('table.where a, table.where button, .drifts a, .choices a')].filter(
        element => element.checkVisibility()
    ).map(element => [element.textContent, element.getBoundingClientRect()]).filter(
        ([text, box]) => box.width < 24 || box.height < 24
    ).map(([text]) => text)"""
    for query in GROUPINGS:
        page.goto(f"{live_server.url}{APP}{query}")
        assert page.evaluate(small) == [], query


def test_the_groupings_and_exports_follow_the_filter_as_one_types(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + APP)
    page.get_by_label("Filter").press_sequentially("qatest")
    expect(page.locator("#count")).to_contain_text("1 of 8 images")
    expect(page.get_by_role("link", name="CSV")).to_have_attribute("href", re.compile("q=qatest&format=csv"))
    page.get_by_role("link", name="All tags").click()
    expect(page).to_have_url(re.compile(r"q=qatest&by=tag$"))
    expect(page.locator("#results tbody tr")).to_have_count(3)
    expect(page.get_by_label("Filter")).to_have_value("qatest")


def test_a_label_finds_its_image(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + APP)
    page.get_by_label("Filter").press_sequentially("team=checkout")
    expect(page.locator("#results tbody")).to_have_count(1)
    expect(page.locator("#results")).to_contain_text("label team=checkout")
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("#count")).to_contain_text("8 images")


def test_the_whole_digest_is_copied(browser: Any, live_server: Any) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{live_server.url}{APP}?q=qatesting")
    page.get_by_role("button", name="Copy digest").click()
    assert page.evaluate("navigator.clipboard.readText()") == digest("2.1")
    context.close()


def test_arrows_lead_both_ways_by_keyboard(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}{APP}?by=tag")
    row = page.locator("tbody tr", has=page.get_by_role("rowheader", name="2.1"))
    aliases = row.get_by_role("listitem").get_by_role("link")
    expect(aliases).to_have_text(["perftesting", "qatesting"])
    aliases.first.focus()
    page.keyboard.press("Tab")
    expect(aliases.last).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(":qatesting/$"))
