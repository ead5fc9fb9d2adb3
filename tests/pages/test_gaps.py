from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest

from tags.pages.gaps import gap_words, unwatched
from tags.pages.lanes import Window
from tags.timeline import Gap
from tests.factories import DAY, HOUR, MINUTE, NOW

WINDOW = Window(NOW - 10 * DAY, NOW, NOW)


@dataclass(frozen=True)
class Stretch:
    since: dt.datetime
    until: dt.datetime | None
    watched: bool = True
    reason: str = ""


def test_that_the_next_look_lies_ahead_is_no_gap_until_two_intervals_are_over() -> None:
    watched = [Stretch(WINDOW.start, NOW - 10 * MINUTE)]
    assert unwatched(watched, WINDOW, 300) == []
    assert unwatched(watched, WINDOW, 299) == [Gap(NOW - 10 * MINUTE, NOW, "")]


def test_a_failure_is_a_gap_however_short_it_was() -> None:
    failed = Stretch(NOW - HOUR, NOW - HOUR + MINUTE, watched=False, reason="paused")
    stretches = [Stretch(WINDOW.start, failed.since), failed, Stretch(NOW - HOUR + MINUTE, NOW)]
    assert unwatched(stretches, WINDOW, 300) == [Gap(failed.since, failed.until, "paused")]


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (Gap(NOW - 2 * HOUR, NOW - HOUR, "paused"), "not watched today between 12:00 and 13:00: paused"),
        (Gap(NOW - 2 * HOUR, NOW - HOUR, ""), "not watched today between 12:00 and 13:00: nobody looked"),
        (Gap(NOW - 2 * HOUR, NOW, "paused"), "not watched since today 12:00: paused"),
        (Gap(NOW - 10 * DAY, NOW - HOUR, None), "not watched before today 13:00"),
        (Gap(NOW - 10 * DAY, NOW, None), "not watched yet"),
    ],
)
def test_a_gap_is_told_with_its_reason(gap: Gap, words: str) -> None:
    assert gap_words(gap, NOW, WINDOW.end) == words
