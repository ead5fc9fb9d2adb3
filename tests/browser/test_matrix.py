"""Has 2.1 ever been in production? Asked on the page, by somebody who only has the page."""

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


def test_whether_a_version_has_ever_been_there_is_told_as_one_types(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + APP)
    page.get_by_role("link", name="Versions", exact=True).click()
    page.get_by_label("Filter", exact=True).press_sequentially("1.3")
    expect(page.locator(".answers")).to_contain_text("1.3 was in production from")
    page.get_by_label("Filter", exact=True).fill("1.0")
    expect(page.locator(".answers")).to_contain_text(re.compile("1.0 has never been in .*production"))


def test_pointers_can_be_chosen(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/matrix{APP}")
    page.locator("summary", has_text="Pointers").click()
    for name in ("latest", "nightly", "perftesting", "qatesting", "rollback"):
        page.get_by_label(name, exact=True).uncheck()
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".matrix thead th")).to_have_text([re.compile("Version"), "production", "Content"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_matrix_is_accessible_and_fits_a_telephone(quiet: Page, live_server: Any, scheme: Any) -> None:
    quiet.emulate_media(color_scheme=scheme)
    for width in (1280, 390):
        quiet.set_viewport_size({"width": width, "height": 800})
        for query in ("", "?rows=all", "?q=1.3", "?q=nothing", "?at=2020-01-01"):
            quiet.goto(f"{live_server.url}/matrix{APP}{query}")
            found = Axe().run(quiet)
            assert found.violations_count == 0, f"{query}: {found.generate_report()}"
            assert quiet.evaluate("document.documentElement.scrollWidth") <= width, query
    assert not quiet.said  # type: ignore[attr-defined]
