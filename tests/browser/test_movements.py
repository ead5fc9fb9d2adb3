"""The page of movements in Chromium: filters that work as one chooses, and without script too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_past")]
MOVEMENTS = "/movements/registry.example.com/shop/app/"


def test_a_pointer_that_is_chosen_becomes_a_filter_that_can_be_taken_away(quiet: Page, live_server: Any) -> None:
    quiet.goto(f"{live_server.url}{MOVEMENTS}")
    quiet.get_by_label("Tag").select_option("rollback")
    chip = quiet.locator(".filters").get_by_role("link", name="rollback")
    chip.wait_for()
    assert quiet.locator(".journal .move").count() == 1
    quiet.get_by_label("Kind").select_option("forward")
    quiet.locator(".filters").get_by_role("link", name="moved forward").wait_for()
    assert quiet.locator(".filters .chip").count() == 2
    chip.click()
    quiet.wait_for_url("**?*kind=forward*")
    assert quiet.locator(".filters .chip").count() == 1
    assert quiet.locator(".journal .move").count() > 1
    assert not quiet.said  # type: ignore[attr-defined]


def test_images_are_found_as_one_types(quiet: Page, live_server: Any) -> None:
    quiet.goto(f"{live_server.url}/movements/?span=all")
    assert quiet.locator(".lane-group").count() > 1
    quiet.get_by_label("Image").press_sequentially("shop/a")
    quiet.locator(".filters").get_by_role("link", name="image: shop/a").wait_for()
    assert quiet.locator(".lane-group").all_inner_texts() == ["shop/app"]
    assert "q=shop%2Fa" in quiet.url
    assert not quiet.said  # type: ignore[attr-defined]


def test_the_bars_that_a_filter_leaves_are_walked_by_keys(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}{MOVEMENTS}")
    page.get_by_label("Tag").select_option("production")
    page.locator(".filters .chip").wait_for()
    page.wait_for_function("document.querySelectorAll('a.bar[tabindex=\"0\"]').length === 1")
    bars = page.locator("a.bar")
    bars.last.focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == bars.nth(-2).get_attribute(
        "aria-label"
    )


def test_filters_and_zoom_work_without_script(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}{MOVEMENTS}")
    page.get_by_label("Tag").select_option("production")
    page.get_by_role("button", name="Show").click()
    assert page.locator(".lane-name a").all_inner_texts() == ["production"]
    page.get_by_role("link", name="Zoom out").click()
    assert "from=" in page.url
    assert "tag=production" in page.url
    context.close()


def test_a_link_to_a_movement_shows_it(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}{MOVEMENTS}")
    link = page.locator(".move.forward .of-move").get_by_role("link", name="to this movement").first
    page.goto(f"{live_server.url}{link.get_attribute('href')}")
    assert page.locator(".move.sought").is_visible()
