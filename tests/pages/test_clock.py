from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator

import pytest
from django.utils import timezone

from tags.pages import clock

NOW = dt.datetime(2026, 5, 15, 12, 0, tzinfo=dt.UTC)  # a Friday, 14:00 in Berlin
DASH = "\N{EN DASH}"


@pytest.fixture(autouse=True)
def _berlin() -> Iterator[None]:
    with timezone.override("Europe/Berlin"):
        yield


def before(**length: float) -> dt.datetime:
    return NOW - dt.timedelta(**length)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        ({"seconds": 42}, "42 s"),
        ({"minutes": 2, "seconds": 59}, "2 min"),
        ({"hours": 3}, "3 h"),
        ({"days": 1, "hours": 20}, "44 h"),
        ({"days": 31}, "31 days"),
        ({"days": 200}, "6 months"),
        ({"days": 800}, "2 years"),
        ({"seconds": -5}, "0 s"),
    ],
)
def test_a_length_of_time_is_told_in_one_unit(length: dict[str, float], words: str) -> None:
    assert clock.duration(dt.timedelta(**length)) == words


def test_moments_are_told_from_now_in_both_directions() -> None:
    assert clock.relative(before(minutes=2), NOW) == "2 min ago"
    assert clock.relative(before(minutes=-3), NOW) == "in 3 min"
    assert clock.relative(before(seconds=1), NOW) == "just now"


def test_what_is_to_come_is_never_just_now() -> None:
    assert clock.relative(before(seconds=-0.4), NOW) == "in a moment"
    assert clock.relative(before(seconds=-20), NOW) == "in 20 s"


def test_days_are_named_as_the_viewer_lives_them() -> None:
    late_in_utc = dt.datetime(2026, 5, 14, 23, 30, tzinfo=dt.UTC)  # 01:30 of the 15th in Berlin
    assert clock.point(late_in_utc, NOW) == "today 01:30"
    assert clock.day(before(days=1), NOW) == "yesterday"
    assert clock.day(before(days=6), NOW) == "Sat 9 May"
    assert clock.day(before(days=365), NOW) == "15 May 2025"


def test_an_interval_is_told_with_both_its_ends() -> None:
    after, seen = dt.datetime(2026, 5, 9, 12, 2, tzinfo=dt.UTC), dt.datetime(2026, 5, 9, 12, 7, tzinfo=dt.UTC)
    assert clock.between(after, seen) == "between 14:02 and 14:07"
    assert clock.between(after, seen, NOW) == "Sat 9 May between 14:02 and 14:07"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "between 14:07:40 and 14:07:41"),
        (6, "between 14:07:34 and 14:07:40"),
        (100, "between 14:06:00 and 14:07:40"),
        (120, "between 14:05 and 14:07"),
    ],
)
def test_a_short_interval_is_told_to_the_second(seconds: float, words: str) -> None:
    seen = dt.datetime(2026, 5, 9, 12, 7, 40, 500_000, tzinfo=dt.UTC)
    assert clock.between(seen - dt.timedelta(seconds=seconds), seen) == words


def test_only_a_known_moment_is_told_as_one() -> None:
    seen = dt.datetime(2026, 5, 9, 12, 7, 40, tzinfo=dt.UTC)
    assert clock.between(seen, seen) == "at 14:07"
    assert clock.between(seen, seen, NOW) == "Sat 9 May at 14:07"


def test_a_short_interval_across_midnight_names_days_and_seconds() -> None:
    seen = dt.datetime(2026, 5, 8, 22, 0, 10, tzinfo=dt.UTC)
    told = clock.between(seen - dt.timedelta(seconds=20), seen, NOW)
    assert told == "between Fri 8 May 23:59:50 and Sat 9 May 00:00:10"


def test_an_interval_across_midnight_names_both_days() -> None:
    after, seen = dt.datetime(2026, 5, 8, 21, 58, tzinfo=dt.UTC), dt.datetime(2026, 5, 8, 22, 3, tzinfo=dt.UTC)
    assert clock.between(after, seen, NOW) == "between Fri 8 May 23:58 and Sat 9 May 00:03"
    assert clock.between(after, seen) == "between Fri 8 May 23:58 and Sat 9 May 00:03"


def test_what_was_so_at_the_first_look_came_before_it() -> None:
    assert clock.between(None, before(days=6), NOW) == "before Sat 9 May 14:00"


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("UTC", "UTC"),
        ("Asia/Kolkata", "Asia/Kolkata (UTC+5:30)"),
        ("America/Caracas", "America/Caracas (UTC\N{MINUS SIGN}4)"),
    ],
)
def test_the_zone_is_told_with_its_distance_from_utc(zone: str, words: str) -> None:
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        assert clock.zone(NOW) == words


def test_an_age_is_told_from_the_moment_that_a_page_is_about() -> None:
    assert clock.age(before(days=3), None, NOW) == "3 days ago"
    assert clock.age(before(days=3), before(days=1), NOW) == "2 days earlier"
    assert clock.age(NOW, before(days=3), NOW) == "3 days later"


def test_a_day_over_a_list_is_told_in_full() -> None:
    assert clock.heading(dt.date(2026, 5, 9), NOW) == "Saturday 9 May 2026"
    assert clock.heading(dt.date(2026, 5, 15), NOW) == "Today, Friday 15 May 2026"


@pytest.mark.parametrize(
    ("after", "before_", "words"),
    [
        ({"days": 2, "minutes": 60}, {"days": 2}, "2 days"),
        ({"days": 8}, {"days": 2}, "2 to 8 days"),
        ({"days": 299}, {"days": 290}, "9 months"),
        ({"days": 300}, {"days": 90}, "90 days to 10 months"),
        ({"hours": 30}, {"hours": 3}, "3 h to 30 h"),
        (None, {"hours": 3}, "at least 3 h"),
    ],
)
def test_how_long_it_lasts_is_told_as_well_as_it_is_known(
    after: dict[str, float] | None, before_: dict[str, float], words: str
) -> None:
    assert clock.lasting(after and before(**after), before(**before_), NOW) == words


def in_utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("after", "seen", "words"),
    [
        ("2026-10-25T00:30", "2026-10-25T01:30", "between 02:30 (UTC+2) and 02:30 (UTC+1)"),
        ("2026-10-25T00:50", "2026-10-25T01:10", "between 02:50 (UTC+2) and 02:10 (UTC+1)"),
        ("2026-10-25T01:10:00", "2026-10-25T01:10:30", "between 02:10:00 (UTC+1) and 02:10:30 (UTC+1)"),
        ("2026-03-29T00:30", "2026-03-29T01:30", "between 01:30 and 03:30"),
        ("2026-03-29T00:50", "2026-03-29T01:10", "between 01:50 and 03:10"),
        ("2026-03-29T00:59:30", "2026-03-29T01:00:30", "between 01:59:30 and 03:00:30"),
    ],
)
def test_when_clocks_change_both_ends_are_told_apart(after: str, seen: str, words: str) -> None:
    for zone in (dt.UTC, zoneinfo.ZoneInfo("Europe/Berlin")):
        assert clock.between(in_utc(after).astimezone(zone), in_utc(seen).astimezone(zone)) == words


def test_an_hour_that_clocks_repeat_says_which_one_it_is() -> None:
    assert clock.full(in_utc("2026-10-25T00:30")) == "25 October 2026 02:30 (UTC+2)"
    assert clock.full(in_utc("2026-10-25T01:30")) == "25 October 2026 02:30 (UTC+1)"
    assert clock.full(in_utc("2026-10-25T02:30")) == "25 October 2026 03:30"


def test_a_moment_that_was_asked_about_is_told_with_its_seconds_when_it_has_some() -> None:
    assert clock.asked(NOW) == "15 May 2026 14:00"
    assert clock.asked(NOW + dt.timedelta(seconds=5)) == "15 May 2026 14:00:05"
    assert clock.asked(NOW + dt.timedelta(milliseconds=5)) == "15 May 2026 14:00:00"


def test_an_exact_time_leaves_nothing_open() -> None:
    seen = in_utc("2026-05-09T12:07:40.5")
    assert clock.exact(seen) == "9 May 2026 14:07:40 (UTC+2)"
    for seconds, words in {
        0: "9 May 2026 14:07:40 (UTC+2)",
        0.2: "9 May 2026 14:07:40 (UTC+2)",
        70: f"9 May 2026 14:06:30 {DASH} 14:07:40 (UTC+2)",
        24 * 3600: f"8 May 2026 14:07:40 (UTC+2) {DASH} 9 May 2026 14:07:40 (UTC+2)",
    }.items():
        assert clock.exactly_between(seen - dt.timedelta(seconds=seconds), seen) == words
    told = clock.exactly_between(in_utc("2026-10-25T00:30"), in_utc("2026-10-25T01:30"))
    assert told == f"25 Oct 2026 02:30:00 (UTC+2) {DASH} 25 Oct 2026 02:30:00 (UTC+1)"


def test_the_zone_is_told_as_it_is_at_the_moment_of_the_page() -> None:
    assert clock.zone(in_utc("2026-01-15T12:00")) == "Europe/Berlin (UTC+1)"
    assert clock.zone(NOW) == "Europe/Berlin (UTC+2)"
