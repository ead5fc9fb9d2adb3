from __future__ import annotations

import datetime as dt

import pytest

from tags.moments import BEGINNING, END, InvalidMoment, parse_moment, stamp, utc


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-05-03T14:00+02:00", "2026-05-03T12:00"),
        ("2026-05-03T14:00 02:00", "2026-05-03T12:00"),  # a + that an address turned into a blank
        ("2026-05-03T14:00:30Z", "2026-05-03T14:00:30"),
        ("2026-05-03T14:00", "2026-05-03T12:00"),  # Europe/Berlin, see tests/settings.py
        ("2026-05-03 14:00", "2026-05-03T12:00"),
        ("2026-05-03", "2026-05-02T22:00"),
        ("2026-01-03", "2026-01-02T23:00"),
    ],
)
def test_iso_8601_is_read_in_the_current_zone(text: str, utc: str) -> None:
    assert parse_moment(text) == dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-05-03T25:00", "14:00", "9" * 500])
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidMoment, match="is no date and time"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("text", "edge"),
    [("0001-01-01T00:00+14:00", BEGINNING), ("0001-01-01", BEGINNING), ("9999-12-31T23:59-14:00", END)],
)
def test_what_lies_beyond_the_calendar_in_utc_is_put_at_its_edge(text: str, edge: dt.datetime) -> None:
    assert parse_moment(text) == edge


@pytest.mark.parametrize("microsecond", [0, 250_000])
def test_a_moment_that_was_told_or_stands_in_an_address_is_read_as_the_same(microsecond: int) -> None:
    moment = dt.datetime(2026, 5, 3, 14, 0, 30, microsecond, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert utc(moment).startswith("2026-05-03T12:00:30")
    assert parse_moment(utc(moment)) == parse_moment(stamp(moment)) == moment
