"""The most ordinary repository: watched for a month, and nothing ever moved."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.factories import DAY, NOW, look, moved, watch
from tests.listings import EXAMPLE, digest
from tests.views.reading import read

APP = "registry.example.com/shop/app"
PAGES = [
    "/",
    "/registries/",
    "/search/?q=2.1",
    "/movements/",
    f"/movements/{APP}/",
    f"/movements/{APP}/?span=all",
    f"/movements/{APP}/?tag=production",
    f"/{APP}/",
    f"/{APP}/?by=pointer",
    f"/{APP}/?by=tag",
    f"/{APP}:production/",
    f"/{APP}:latest/?span=day",
    f"/{APP}:2.1/",
    f"/{digest('2.1')}/",
    f"/matrix/{APP}/",
    f"/matrix/{APP}/?q=2.1",
    f"/compare/?a={APP}:production&b={APP}:qatesting",
]
MOMENTS = ["", "2026-04-01T12:00Z", "2026-04-15T12:00:01Z", "2026-04-20", "2026-05-15T11:59", "2026-06-01"]


@pytest.fixture
def _month() -> None:
    repository = watch(APP, interval=24 * 3600)
    for days in range(30, -1, -1):
        look(repository, EXAMPLE, NOW - days * DAY)


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.usefixtures("_month")
def test_every_page_can_be_read_now_and_at_any_moment(client: Client, address: str) -> None:
    for moment in MOMENTS:
        query = f"{'&' if '?' in address else '?'}at={moment}" if moment else ""
        assert read(client, f"{address}{query}"), moment


@pytest.mark.usefixtures("_month")
def test_what_never_moved_is_compared_with_last_friday_alone(client: Client) -> None:
    page = read(client, f"/{APP}:production/")
    assert "Compare: today with last Friday" in page
    assert "last move" not in page


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("moment", ["", "2026-05-15T11:59Z"])
def test_behind_every_time_stands_its_day_second_and_zone(client: Client, address: str, moment: str) -> None:
    moved(APP)
    at = f"{'&' if '?' in address else '?'}at={moment}" if moment else ""
    for attributes in re.findall(r"<time ([^>]*)>", client.get(f"{address}{at}").text):
        assert re.search(r'title="[^"]*2026 \d\d:\d\d:\d\d[^"]* \(UTC\+2\)"', attributes), attributes
