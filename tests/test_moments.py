from __future__ import annotations

import datetime as dt

import pytest

from tags.moments import InvalidMoment, parse_moment


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
