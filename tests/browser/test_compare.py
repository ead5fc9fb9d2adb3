from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tags.models import Image
from tests.browser.conftest import APP
from tests.listings import digest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.real, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_past")]

SIDE = APP.strip("/")
COMPARE = f"/compare/?a={SIDE}:production&b={SIDE}:qatesting"


@pytest.mark.parametrize("address", ["/compare/", COMPARE, f"{COMPARE}&all=1", f"/{digest('1.3')}/"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_are_accessible_and_fit(quiet: Page, live_server: Any, address: str, scheme: str, width: int) -> None:
    Image.objects.update(labels={"org.opencontainers.image.description": "long " * 100, "<b>": "<script>"})
    quiet.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    quiet.set_viewport_size({"width": width, "height": 800})
    quiet.goto(f"{live_server.url}{address}")
    found = Axe().run(quiet, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
    assert found.violations_count == 0, found.generate_report()
    assert quiet.evaluate("document.documentElement.scrollWidth") <= width
    assert quiet.said == []  # type: ignore[attr-defined]


def test_two_tags_are_chosen_and_compared_without_javascript(browser: Any, live_server: Any) -> None:
    context = browser.new_context(java_script_enabled=False, timezone_id="Europe/Berlin")
    page = context.new_page()
    page.goto(f"{live_server.url}/compare/")
    page.get_by_label("Image and tag").first.fill(f"{SIDE}:production")
    page.get_by_label("Image and tag").last.fill(f"{SIDE}:qatesting")
    page.get_by_role("button", name="Compare").click()
    assert page.get_by_text("production is 1 version behind qatesting").is_visible()
    page.get_by_role("link", name="Swap sides").click()
    assert page.locator("#a").input_value() == f"{SIDE}:qatesting"
    page.get_by_role("link", name="qatesting: last Friday evening and now").click()
    assert page.locator("#a_at").input_value()
    context.close()
