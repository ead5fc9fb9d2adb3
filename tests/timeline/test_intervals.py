from __future__ import annotations

import datetime as dt

from tags.timeline import Interval, interval
from tests.timeline.moving import BERLIN, MINUTE, MONDAY


def test_an_interval_without_length_is_a_moment():
    at = interval(MONDAY + MINUTE / 2, MONDAY + MINUTE / 2, BERLIN)
    assert at.is_moment
    assert at.before.isoformat() == "2026-05-04T02:00:30+02:00"


def test_an_interval_within_a_minute_is_none():
    between = interval(MONDAY + MINUTE / 6, MONDAY + MINUTE / 2, BERLIN)
    assert not between.is_moment
    assert between == Interval(MONDAY + MINUTE / 6, MONDAY + MINUTE / 2)


def test_nothing_known_before_is_no_moment():
    assert interval(None, MONDAY, BERLIN) == Interval(None, MONDAY)
    assert not interval(None, MONDAY, BERLIN).is_moment
    assert not interval(None, MONDAY, BERLIN).spans_days


def test_day_of_an_interval_is_the_readers():
    after, before = dt.datetime(2026, 5, 9, 21, 59, tzinfo=dt.UTC), dt.datetime(2026, 5, 9, 22, 1, tzinfo=dt.UTC)
    assert interval(after, before, BERLIN).spans_days
    assert not interval(after, before, dt.UTC).spans_days
