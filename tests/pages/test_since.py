from __future__ import annotations

import datetime as dt

import pytest

from tags.pages import clock
from tags.pages.since import Since, Sinces
from tests.factories import DAY, HOUR, MINUTE, NOW, SECOND


def test_an_interval_is_told_with_its_day_and_how_long_it_lasts() -> None:
    told = Sinces(NOW, NOW).of(NOW - 6 * DAY - 5 * MINUTE, NOW - 6 * DAY)
    assert told == Since("Sat 9 May", "6 days", "9 May 2026 13:55:00 \N{EN DASH} 14:00:00 (UTC+2)")


def test_what_was_so_at_the_first_look_is_told_as_at_least() -> None:
    assert Sinces(NOW, NOW).of(None, NOW - HOUR) == Since(
        "today", "at least 60 min", "it was so at the first look, 15 May 2026 13:00:00 (UTC+2)"
    )


@pytest.mark.parametrize("width", [dt.timedelta(), SECOND / 2, SECOND, MINUTE, 3 * MINUTE, 20 * HOUR, 3 * DAY])
@pytest.mark.parametrize("age", [SECOND, HOUR, DAY, 9 * DAY, 47 * DAY, 500 * DAY])
def test_every_interval_is_told_as_anywhere_else(width: dt.timedelta, age: dt.timedelta) -> None:
    sinces = Sinces(NOW, NOW)
    for before in (NOW - age, NOW - age - HOUR):
        told = sinces.of(before - width, before)
        assert told.interval == clock.exactly_between(before - width, before)
        assert told.lasting == clock.lasting(before - width, before, NOW)
        assert told.day == clock.day(before, NOW)


def test_of_what_came_lately_the_time_in_which_it_may_have_come_is_told() -> None:
    sinces = Sinces(NOW, NOW)
    assert sinces.told(NOW - 100 * SECOND, NOW - 14 * SECOND) == "today 13:59 or earlier"
    assert sinces.of(NOW - 100 * SECOND, NOW - 14 * SECOND).lasting == "14 s to 1 min"
    assert sinces.of(NOW - 20 * SECOND, NOW - 14 * SECOND).lasting == "14 s"


def test_across_a_wide_interval_the_later_end_is_no_fact() -> None:
    sinces = Sinces(NOW, NOW)
    after, before = NOW - 8 * DAY, NOW - 2 * DAY
    assert sinces.told(after, before) == "Wed 13 May 14:00 or earlier"
    assert sinces.of(after, before) == Since(
        "Wed 13 May", "2 to 8 days", "7 May 2026 14:00:00 (UTC+2) \N{EN DASH} 13 May 2026 14:00:00 (UTC+2)"
    )
    assert sinces.told(before - HOUR, before) == "Wed 13 May 14:00"
    assert sinces.of(before - HOUR, before).lasting == "2 days"
