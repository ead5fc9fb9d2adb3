"""The board in a browser: what it answers in two clicks, its choices with and without script, its edges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser.conftest import CHROMIUM
from tests.factories import DAY

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_past"),
]


def then() -> str:
    """A moment at which production was still on 1.3."""
    return f"{timezone.now() - 15 * DAY:%Y-%m-%dT%H:%MZ}"


def production(page: Page) -> Locator:
    row = page.locator(".board tbody tr", has=page.get_by_role("link", name="shop/app", exact=True))
    return row.locator("td[data-label=production]")


def test_when_production_moved_and_from_what_is_one_click_away(page: Page, live_server: Any) -> None:
    page.goto(live_server.url)
    production(page).get_by_role("link", name="2.0").click()
    expect(page.locator("main")).to_contain_text(re.compile(r"moved forward\s+(from )?1\.3\s*(to|→)\s*2\.0"))


def test_what_was_there_a_week_ago_is_two_clicks_away(page: Page, live_server: Any) -> None:
    page.goto(live_server.url)
    page.locator("#when summary").click()
    page.get_by_role("link", name="1 week ago").click()
    expect(page.locator(".notice.then")).to_contain_text("You look at")
    expect(production(page)).to_contain_text("2.0")


def test_the_same_image_s_other_tags_are_one_click_away(page: Page, live_server: Any) -> None:
    page.goto(live_server.url)
    page.get_by_role("link", name="shop/app", exact=True).click()
    expect(page.locator("#results tr", has_text="2.1").first).to_contain_text("perftesting")
    expect(page.locator("#results tr", has_text="2.1").first).to_contain_text("qatesting")


def test_a_comparison_marks_what_changed_and_keeps_the_filter_typed_before(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/?than={then()}")
    expect(production(page)).to_contain_text("was 1.3")
    page.get_by_label("Filter").press_sequentially("shop")
    expect(page.locator("#count")).to_contain_text("1 of 4")
    page.get_by_role("link", name="Only images that changed").click()
    expect(page).to_have_url(re.compile("q=shop.*changed=1"))
    expect(production(page)).to_contain_text("was 1.3")


def test_columns_are_chosen_without_script(browser: Any, live_server: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/?q=shop")
    page.locator("summary", has_text="Columns").click()
    for name in ("latest", "nightly", "perftesting", "rollback"):
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    page.get_by_role("button", name="Show").click()
    assert page.locator(".board thead th").all_inner_texts() == ["Image", "production", "qatesting", "Others"]
    expect(page).to_have_url(re.compile("q=shop&columns=production&columns=qatesting$"))
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_comparison_and_its_forms_are_accessible(quiet: Page, live_server: Any, scheme: Any) -> None:
    quiet.emulate_media(color_scheme=scheme)
    quiet.goto(f"{live_server.url}/?than={then()}&columns=production&columns=rollback&columns=nowhere")
    for summary in quiet.locator("details.dropdown-form > summary").all():
        summary.click()
        found = Axe().run(quiet)
        assert found.violations_count == 0, found.generate_report()
    assert not [text for text in quiet.said if "Failed to load resource" not in text]  # type: ignore[attr-defined]


def test_the_head_and_the_images_stay_in_sight(page: Page, live_server: Any) -> None:
    page.set_viewport_size({"width": 800, "height": 480})
    page.goto(live_server.url)
    table = page.locator(".board-scroll")
    head, image = page.locator(".board thead th").nth(1), page.get_by_role("rowheader").last
    table.evaluate("box => box.scrollTo(box.scrollWidth, box.scrollHeight)")
    edges = table.bounding_box(), head.bounding_box(), image.bounding_box()
    assert all(edges)
    box, top, left = (edge for edge in edges if edge)
    assert abs(top["y"] - box["y"]) <= 2
    assert abs(left["x"] - box["x"]) <= 2


def test_a_comparison_is_no_wider_than_a_telephone(page: Page, live_server: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{live_server.url}/?than={then()}")
    for name in ("Compare with", "Columns"):
        page.locator("summary", has_text=name).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        assert page.locator("details[open] form").evaluate("form => form.getBoundingClientRect().left >= 0"), name


def test_a_digest_is_one_line_and_the_head_is_as_wide_as_its_table(page: Page, live_server: Any) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    for medium in ("screen", "print"):
        page.emulate_media(media=medium)  # type: ignore[arg-type]
        page.goto(live_server.url)
        lines = page.locator(".board .nameless code").evaluate_all("all => all.map(one => one.getClientRects().length)")
        assert lines
        assert set(lines) == {1}
    page.goto(f"{live_server.url}/?at=2020-01-01")
    head, table = page.locator(".board thead th").last.bounding_box(), page.locator(".board").bounding_box()
    assert head is not None
    assert table is not None
    assert head["x"] + head["width"] == pytest.approx(table["x"] + table["width"], abs=2)
