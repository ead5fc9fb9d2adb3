from __future__ import annotations

import pytest
from django.test import Client

from tags.middleware import viewer_zone

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe", "a\0b", "x" * 5000]
)
def test_what_is_no_zone_is_ignored(name: str) -> None:
    assert viewer_zone(name) is None


def test_times_are_in_the_zone_of_the_cookie(client: Client) -> None:
    client.cookies["tz"] = "Asia/Tokyo"
    assert "Asia/Tokyo (UTC+9)" in client.get("/").text


def test_without_a_cookie_times_are_in_the_configured_zone(client: Client) -> None:
    response = client.get("/")
    assert "Europe/Berlin" in response.text
    assert "Cookie" in response["Vary"]


def test_the_zone_of_one_viewer_is_not_that_of_the_next(client: Client) -> None:
    client.cookies["tz"] = "Asia/Tokyo"
    client.get("/")
    client.cookies.clear()
    assert "Europe/Berlin" in client.get("/").text
