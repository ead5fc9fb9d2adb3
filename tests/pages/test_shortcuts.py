from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tags.pages.shortcuts import shortcuts
from tests.factories import NOW

BERLIN = ZoneInfo("Europe/Berlin")


def told(now: dt.datetime) -> dict[str, str]:
    with timezone.override(BERLIN):
        return {shortcut.label: f"{timezone.localtime(shortcut.moment):%a %d %b %H:%M}" for shortcut in shortcuts(now)}


def test_moments_are_in_the_zone_of_who_asks() -> None:
    assert told(NOW) == {
        "1 hour ago": "Fri 15 May 13:00",
        "Yesterday evening": "Thu 14 May 18:00",
        "Last Friday evening": "Fri 08 May 18:00",
        "1 week ago": "Fri 08 May 14:00",
        "30 days ago": "Wed 15 Apr 14:00",
    }


@pytest.mark.parametrize("day", range(1, 15))
@pytest.mark.parametrize("hour", [0, 12, 17, 18, 23])
def test_whatever_the_day_they_are_past_and_the_friday_is_one(day: int, hour: int) -> None:
    now = dt.datetime(2026, 5, day, hour, tzinfo=BERLIN)
    with timezone.override(BERLIN):
        offered = shortcuts(now)
        assert all(shortcut.moment < now for shortcut in offered)
        assert timezone.localtime(offered[2].moment).strftime("%a") == "Fri"


def test_an_address_can_hold_them() -> None:
    with timezone.override(BERLIN):
        assert shortcuts(NOW)[1].stamp == "2026-05-14T16:00:00.000000Z"


def test_an_evening_stays_an_evening_when_the_clocks_change() -> None:
    assert told(dt.datetime(2026, 3, 29, 12, tzinfo=BERLIN))["Yesterday evening"] == "Sat 28 Mar 18:00"
