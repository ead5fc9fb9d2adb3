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
    page.get_by_role("link", name="Zoom in").click()
    assert "from=" in page.url
    assert "tag=production" in page.url
    context.close()


def test_a_link_to_a_movement_shows_it(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}{MOVEMENTS}")
    link = page.locator(".move.forward .of-move").get_by_role("link", name="to this movement").first
    page.goto(f"{live_server.url}{link.get_attribute('href')}")
    assert page.locator(".move.sought").is_visible()


CUT_OFF = """[...document.querySelectorAll("svg.label text")]
    .filter((text) => text.getClientRects().length)
    .filter((text) => text.getBBox().x + text.getBBox().width > text.ownerSVGElement.width.baseVal.value)
    .map((text) => text.textContent)"""


@pytest.mark.parametrize("width", [1280, 800, 390])
def test_no_version_is_cut_off_without_a_sign(page: Page, live_server: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for span in ("day", "week", "month", "all"):
        page.goto(f"{live_server.url}/movements/?span={span}")
        assert page.locator("svg.label text").count() > 3
        assert page.evaluate(CUT_OFF) == []


def test_a_time_that_ends_before_it_begins_is_told_where_the_picture_was(quiet: Page, live_server: Any) -> None:
    quiet.goto(f"{live_server.url}{MOVEMENTS}")
    quiet.locator("#from").fill("2026-05-10T12:00")
    quiet.wait_for_url("**from=2026-05-10T10*")
    quiet.locator("#to").fill("2026-05-01T12:00")
    quiet.get_by_text("The time ends before it begins").wait_for()
    assert quiet.locator("a.bar").count() == 0
    assert quiet.locator("#from").input_value() == "2026-05-10T12:00"
    assert quiet.locator("#to").input_value() == "2026-05-01T12:00"
    assert not quiet.said  # type: ignore[attr-defined]


def test_the_address_that_a_filter_leaves_names_its_moments_exactly(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}{MOVEMENTS}")
    page.locator("#from").fill("2026-05-10T12:00")
    page.wait_for_url("**from=2026-05-10T10%3A00%3A00.000000Z*")
    page.goto(f"{live_server.url}{MOVEMENTS}?at=2026-05-10")
    page.wait_for_url("**at=2026-05-09T22%3A00%3A00.000000Z")


NARROWER_THAN_WHAT_IT_HOLDS = """[...document.querySelectorAll("#narrow [type=datetime-local]")].filter(field => {
    const width = field.offsetWidth;
    field.style.width = "max-content";
    const needed = field.offsetWidth;
    field.style.width = "";
    return width < needed;
}).map(field => field.name)"""


def test_the_fields_for_a_time_show_all_of_it(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        for query in ("", "?from=2026-11-10T22:00:05Z&to=2026-11-20T22:10:22Z"):
            page.goto(f"{live_server.url}{MOVEMENTS}{query}")
            assert page.evaluate(NARROWER_THAN_WHAT_IT_HOLDS) == [], (width, query)
    first, second = (page.locator(f"#narrow #{name}").bounding_box() for name in ("from", "to"))
    assert first is not None
    assert second is not None
    assert first["y"] + first["height"] <= second["y"]
    context.close()
