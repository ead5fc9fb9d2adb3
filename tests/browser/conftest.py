"""The pages in Debian's Chromium, over a past that ends now: what a browser shows cannot be sent back in time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tags.models import Heartbeat
from tags.registry import TimedOut
from tests.factories import DAY, HOUR, MINUTE, look, watch
from tests.listings import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

SECONDS_TO_SHOW = 60  # on a machine that has much else to do
CHROMIUM = Path("/usr/bin/chromium")
APP = "/registry.example.com/shop/app/"

# Playwright's own event loop runs in the thread of the test, in which Django would then refuse its database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
expect.set_options(timeout=SECONDS_TO_SHOW * 1000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": str(CHROMIUM), "args": ["--no-sandbox", "--disable-gpu"]}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """In place of the plugin's own, whose session-wide `base_url` this version of pytest trips over."""
    context = browser.new_context(timezone_id="Europe/Berlin", reduced_motion="reduce")
    context.set_default_timeout(SECONDS_TO_SHOW * 1000)
    yield context.new_page()
    context.close()


@pytest.fixture
def _past(live_server: Any) -> None:
    """A month of an image whose production moved, one that does not answer, and one with long names."""
    now = timezone.now()
    app = watch(APP.strip("/"), interval=14 * 24 * 3600)
    look(app, {**EXAMPLE, "production": "1.3", "rollback": "1.2", "nightly": "first"}, now - 20 * DAY)
    look(app, {**EXAMPLE, "production": "1.3", "rollback": "1.2", "nightly": "first"}, now - 10 * DAY)
    look(app, {**EXAMPLE, "nightly": "second"}, now - 10 * DAY + 5 * MINUTE)
    look(app, {**EXAMPLE, "nightly": "second", "2.2": "made anew", "latest": "made anew"}, now - 2 * MINUTE)
    silent = watch("127.0.0.1:5000/legacy/billing")
    look(silent, {"6": "6", "production": "6"}, now - 9 * HOUR)
    look(
        silent,
        {},
        now - MINUTE,
        error=TimedOut("127.0.0.1:5000 timed out after 30 s (GET /v2/legacy/billing/tags/list)"),
    )
    long = watch(
        "registry.a-very-long-company-name.example.org:8443/platform/a-team-with-a-name/customer-relations-backend"
    )
    look(long, {"2026.11.23-build.4711-sha.deadbeef0123": "L", "production-europe-west-frankfurt-canary": "L"}, now)
    watch("127.0.0.1:5000/tools/fresh")
    Heartbeat.objects.create(part=Heartbeat.DISPATCH, beat_at=now - HOUR)


@pytest.fixture
def quiet(page: Page) -> Page:
    """A page whose console must stay empty: a refused style or script would show there."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.said = said  # type: ignore[attr-defined]
    return page
