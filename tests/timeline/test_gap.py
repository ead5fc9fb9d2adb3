from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tags.timeline import Gap, gaps
from tests.timeline.moving import DAY, HOUR, MINUTE, MONDAY, NOW


@dataclass(frozen=True)
class Covered:
    since: dt.datetime
    until: dt.datetime | None
    reason: str = ""

    @property
    def watched(self) -> bool:
        return not self.reason


def test_time_before_the_first_look_and_failures_are_gaps_with_their_reason():
    stretches = [
        Covered(MONDAY + DAY, MONDAY + 2 * DAY),
        Covered(MONDAY + 2 * DAY, MONDAY + 3 * DAY, "registry timed out"),
        Covered(MONDAY + 3 * DAY, MONDAY + 4 * DAY, "registry timed out"),
        Covered(MONDAY + 4 * DAY, MONDAY + 5 * DAY, "paused"),
        Covered(MONDAY + 5 * DAY, None),
    ]
    assert gaps(stretches, MONDAY, NOW + DAY, NOW) == [
        Gap(MONDAY, MONDAY + DAY, None),
        Gap(MONDAY + 2 * DAY, MONDAY + 4 * DAY, "registry timed out"),
        Gap(MONDAY + 4 * DAY, MONDAY + 5 * DAY, "paused"),
    ]


def test_a_good_look_in_between_parts_two_gaps():
    look = MONDAY + 2 * DAY
    stretches = [
        Covered(MONDAY, MONDAY + DAY),
        Covered(MONDAY + DAY, look, "registry timed out"),
        Covered(look, look),
        Covered(look, MONDAY + 3 * DAY, "registry timed out"),
        Covered(MONDAY + 3 * DAY, None),
    ]
    assert gaps(stretches, MONDAY, NOW, NOW) == [
        Gap(MONDAY + DAY, look, "registry timed out"),
        Gap(look, MONDAY + 3 * DAY, "registry timed out"),
    ]


def test_gaps_are_cut_to_the_window():
    stretches = [Covered(MONDAY, MONDAY + 8 * DAY, "paused"), Covered(MONDAY + 8 * DAY, None)]
    assert gaps(stretches, MONDAY + DAY, MONDAY + 2 * DAY, NOW) == [Gap(MONDAY + DAY, MONDAY + 2 * DAY, "paused")]
    assert gaps(stretches, MONDAY + 8 * DAY, NOW, NOW) == []


def test_never_watched_repository_is_one_gap_up_to_now():
    assert gaps([], MONDAY, NOW + DAY, NOW) == [Gap(MONDAY, NOW, None)]
    assert gaps([], NOW + DAY, NOW + 2 * DAY, NOW) == []


def test_short_gaps_are_not_shown_but_parts_of_long_ones_are():
    stretches = [
        Covered(MONDAY - HOUR, MONDAY),
        Covered(MONDAY, MONDAY + HOUR, "timed out"),
        Covered(MONDAY + HOUR, MONDAY + 2 * HOUR),
        Covered(MONDAY + 2 * HOUR, MONDAY + 2 * HOUR + MINUTE, "timed out"),
        Covered(MONDAY + 2 * HOUR + MINUTE, NOW - MINUTE),
    ]
    shown = gaps(stretches, MONDAY + 59 * MINUTE, NOW, NOW, longer_than=10 * MINUTE)
    assert shown == [Gap(MONDAY + 59 * MINUTE, MONDAY + HOUR, "timed out")]


def test_silence_after_the_last_look_is_a_gap_with_the_last_failure_as_its_reason():
    assert gaps([Covered(MONDAY, NOW - DAY)], MONDAY, NOW, NOW, longer_than=HOUR) == [Gap(NOW - DAY, NOW, "")]
    failing = [Covered(MONDAY, NOW - DAY), Covered(NOW - DAY, NOW - HOUR, "refused")]
    assert gaps(failing, MONDAY, NOW, NOW, longer_than=2 * HOUR) == [Gap(NOW - DAY, NOW, "refused")]
