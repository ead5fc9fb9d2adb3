from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tags.timeline import Granularity, ticks
from tests.timeline.moving import BERLIN, DAY, HOUR, MINUTE, MONDAY, NOW


@pytest.mark.parametrize(
    ("start", "length", "granularity", "first", "count"),
    [
        ("2026-05-04T09:31+02:00", 8 * MINUTE, Granularity.MINUTE, "2026-05-04T09:31", 9),
        ("2026-05-04T09:31+02:00", HOUR, Granularity.MINUTE, "2026-05-04T09:40", 6),
        ("2026-05-04T09:31+02:00", DAY, Granularity.HOUR, "2026-05-04T12:00", 8),
        ("2026-05-04T09:31+02:00", 7 * DAY, Granularity.DAY, "2026-05-05T00:00", 7),
        ("2026-05-06T00:00+02:00", 60 * DAY, Granularity.WEEK, "2026-05-11T00:00", 8),
        ("2026-01-15T00:00+01:00", 250 * DAY, Granularity.MONTH, "2026-02-01T00:00", 8),
        ("2020-01-15T00:00+01:00", 3000 * DAY, Granularity.YEAR, "2021-01-01T00:00", 8),
    ],
)
def test_ticks_stand_at_round_local_times(start, length, granularity, first, count):
    start = dt.datetime.fromisoformat(start)
    found = ticks(start, start + length, BERLIN)
    assert {kind for _at, kind in found} == {granularity}
    assert found[0][0].replace(tzinfo=None) == dt.datetime.fromisoformat(first)
    assert len(found) == count


def test_weeks_begin_on_monday():
    assert {at.weekday() for at, _kind in ticks(MONDAY, MONDAY + 100 * DAY, BERLIN)} == {0}


def test_days_keep_their_midnight_when_the_clocks_change():
    march = dt.datetime(2026, 3, 27, tzinfo=BERLIN)
    found = ticks(march, march + 5 * DAY, BERLIN, most=5)
    assert [at.isoformat() for at, _kind in found[1:4]] == [
        "2026-03-28T00:00:00+01:00",
        "2026-03-29T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
    ]


def test_skipped_hour_has_no_tick_and_repeated_hour_two():
    spring = dt.datetime(2026, 3, 29, 0, tzinfo=BERLIN)
    assert [at.hour for at, _kind in ticks(spring, spring + 5 * HOUR, BERLIN, most=5)] == [0, 1, 3, 4, 5]
    autumn = dt.datetime(2026, 10, 24, 22, tzinfo=dt.UTC)
    assert [at.hour for at, _kind in ticks(autumn, autumn + 5 * HOUR, BERLIN, most=5)] == [0, 1, 2, 2, 3, 4]


def test_window_inside_the_repeated_hour_has_its_ticks():
    start = dt.datetime(2026, 10, 25, 0, 50, tzinfo=dt.UTC)
    assert [at.minute for at, _kind in ticks(start, start + 20 * MINUTE, BERLIN, most=3)] == [50, 0, 10]


def test_day_whose_midnight_is_skipped_begins_when_its_clock_does():
    start = dt.datetime(2018, 11, 2, 12, tzinfo=dt.UTC)
    found = [at for at, _kind in ticks(start, start + 4 * DAY, ZoneInfo("America/Sao_Paulo"), most=5)]
    assert [(at.day, at.hour) for at in found] == [(3, 0), (4, 1), (5, 0), (6, 0)]


def test_empty_window_has_at_most_one_tick_and_a_reversed_one_none():
    assert ticks(MONDAY, MONDAY, BERLIN) == [(MONDAY, Granularity.MINUTE)]
    assert ticks(NOW, MONDAY, BERLIN) == []


@given(
    st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    st.timedeltas(dt.timedelta(0), dt.timedelta(days=40_000)),
    st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana", "UTC"]),
    st.integers(2, 20),
)
def test_ticks_are_few_in_order_and_in_the_window(start, length, zone, most):
    found = [at for at, _kind in ticks(start, start + length, ZoneInfo(zone), most)]
    assert all(start <= at <= start + length for at in found)
    assert all(at.astimezone(dt.UTC) < later.astimezone(dt.UTC) for at, later in pairwise(found))
    assert len(found) <= 2 * most + 1
