from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from tags.pages.lanes import DrawnLane, Rebuild, Source, Window, axis, draw
from tags.timeline import Kind, Lane
from tests.factories import DAY, HOUR, MINUTE, NOW
from tests.listings import digest

START = NOW - 10 * DAY


@dataclass(frozen=True)
class Move:
    from_version: str | None
    to_version: str | None
    before: dt.datetime
    after: dt.datetime | None
    kind: str = Kind.FORWARD

    @property
    def from_digest(self) -> str | None:
        return self.from_version and digest(self.from_version)

    @property
    def to_digest(self) -> str | None:
        return self.to_version and digest(self.to_version)


@dataclass(frozen=True)
class Stretch:
    since: dt.datetime
    until: dt.datetime | None
    watched: bool = True
    reason: str = ""


def source(name: str = "production", *moves: Move, version: str = "2.0", stretches: tuple[Stretch, ...] = ()) -> Source:
    current = moves[-1].to_version if moves else version
    lane = Lane(name, current and digest(current), current, START, moves)
    return Source(lane, "app", "/registry.example.com/shop/app/", stretches or (Stretch(START, NOW),), 300)


def drawn(*sources: Source, **window: Any) -> list[DrawnLane]:
    return draw(sources, Window(window.get("start", START), window.get("end", NOW), NOW))


FORWARD = Move("1.3", "2.0", NOW - 5 * DAY, NOW - 5 * DAY - 5 * MINUTE)


def test_one_move_makes_two_bars_side_by_side() -> None:
    [lane] = drawn(source("production", FORWARD))
    assert [(piece.label, piece.strip.x, piece.strip.width) for piece in lane.pieces] == [
        ("1.3", "0.000%", "50.000%"),
        ("2.0", "50.000%", "50.000%"),
    ]


def test_a_bar_says_in_words_what_the_eye_sees() -> None:
    [lane] = drawn(source("production", FORWARD))
    assert [piece.name for piece in lane.pieces] == [
        "production on 1.3 from Tue 5 May 14:00 or earlier to Sun 10 May 14:00 (5 days)",
        "production on 2.0 since Sun 10 May between 13:55 and 14:00 (5 days), still current",
    ]


def test_the_time_in_which_a_move_happened_is_drawn() -> None:
    slow = Move("1.3", "2.0", NOW - 5 * DAY, NOW - 6 * DAY)
    [lane] = drawn(source("production", slow))
    assert lane.pieces[0].doubts == ()
    [doubt] = lane.pieces[1].doubts
    assert (doubt.x, doubt.width) == ("40.000%", "10.000%")


def test_the_same_version_looks_the_same_in_all_lanes() -> None:
    one, other = drawn(source("production", FORWARD), source("qatesting", version="2.0"))
    assert one.pieces[1].look == other.pieces[0].look
    assert one.pieces[0].look != one.pieces[1].look


def test_a_bar_leads_to_what_was_where_when_it_began() -> None:
    [lane] = drawn(source("production", FORWARD))
    assert lane.pieces[1].url == "/registry.example.com/shop/app/?at=2026-05-10T12:00:00.000000Z"


def test_a_bar_leads_to_a_moment_that_was_watched() -> None:
    first_look_ended = START + 2 * MINUTE
    [lane] = drawn(source("production", FORWARD, stretches=(Stretch(first_look_ended, NOW),)))
    assert lane.pieces[0].url == "/registry.example.com/shop/app/?at=2026-05-05T12:02:00.000000Z"


def test_what_the_window_cuts_off_is_not_taken_for_an_end() -> None:
    [lane] = drawn(source("production", FORWARD), start=NOW - 9 * DAY, end=NOW - 6 * DAY)
    [piece] = lane.pieces
    assert piece.name == "production on 1.3 from Wed 6 May 14:00 or earlier to Sat 9 May 14:00 or later (3 days)"


def test_bars_too_narrow_to_see_are_counted() -> None:
    there_and_back = [
        Move(str(step), str(step + 1), NOW - 5 * DAY + step * MINUTE, NOW - 5 * DAY + (step - 1) * MINUTE)
        for step in range(1, 100)
    ]
    [lane] = drawn(source("latest", *there_and_back))
    assert len(lane.pieces) == 3
    assert lane.pieces[1].look is None
    assert "zoom in" in lane.pieces[1].name


def test_gaps_are_hatched_with_their_reason() -> None:
    stretches = (
        Stretch(START, NOW - 3 * DAY),
        Stretch(NOW - 3 * DAY, NOW - 2 * DAY, watched=False, reason="registry timed out"),
        Stretch(NOW - 2 * DAY, NOW),
    )
    [lane] = drawn(source(stretches=stretches))
    assert [(hatch.strip.x, hatch.words) for hatch in lane.hatches] == [
        ("70.000%", "not watched between Tue 12 May 14:00 and Wed 13 May 14:00: registry timed out")
    ]


def test_the_time_before_the_first_look_is_hatched() -> None:
    [lane] = drawn(source(stretches=(Stretch(NOW - 5 * DAY, NOW),)))
    assert [hatch.words for hatch in lane.hatches] == ["not watched before Sun 10 May 14:00"]


def test_that_the_next_look_lies_ahead_is_no_gap() -> None:
    [fresh] = drawn(source(stretches=(Stretch(START, NOW - 9 * MINUTE),)))
    [late] = drawn(source(stretches=(Stretch(START, NOW - 11 * MINUTE),)))
    assert not fresh.hatches
    assert [hatch.words for hatch in late.hatches] == ["not watched since today 13:49: nobody looked"]


def test_the_axis_leaves_room_for_its_last_label() -> None:
    marks = axis(Window(START, NOW, NOW), dt.UTC)
    assert 2 <= len(marks) <= 9
    assert all(float(mark.x.rstrip("%")) <= 95 for mark in marks)
    assert axis(Window(NOW - HOUR, NOW, NOW), dt.UTC)[0].label == "11:00"


def test_what_a_name_meant_before_and_after_it_was_rebuilt_looks_different() -> None:
    rebuilds = {digest("2.0"): Rebuild("2.0", 0), digest("made anew"): Rebuild("2.0", 1)}
    old, new = source("production", version="2.0"), source("qatesting", version="2.0")
    new = replace(new, lane=replace(new.lane, digest=digest("made anew")))
    one, other = drawn(*(replace(each, rebuilds=rebuilds) for each in (old, new)))
    assert [lane.pieces[0].label for lane in (one, other)] == ["2.0", "2.0 (rebuilt)"]
    assert one.pieces[0].look != other.pieces[0].look


def test_the_third_content_of_a_name_is_told_apart_from_the_second() -> None:
    again = replace(source("production", version="2.0"), rebuilds={digest("2.0"): Rebuild("2.0", 2)})
    assert drawn(again)[0].pieces[0].label == "2.0 (rebuilt 2 times)"


def test_at_a_moment_in_the_past_a_bar_is_current_then() -> None:
    then = NOW - 6 * DAY
    [lane] = draw([source("production", FORWARD)], Window(START, then, NOW, then))
    assert [piece.name for piece in lane.pieces] == [
        "production on 1.3 since Tue 5 May 14:00 or earlier (4 days), current then"
    ]


def test_zooming_into_a_cluster_keeps_to_the_moment() -> None:
    steps = [Move(str(n), str(n + 1), NOW - 5 * DAY + n * MINUTE, None) for n in range(1, 50)]
    [lane] = draw([source("latest", *steps)], Window(START, NOW - DAY, NOW, NOW - DAY))
    assert lane.pieces[1].url.endswith("&at=2026-05-14T12:00:00.000000Z")


def test_a_version_keeps_its_look_from_picture_to_picture() -> None:
    moves = [Move(f"1.{n}", f"1.{n + 1}", NOW - (9 - n) * DAY, NOW - (9 - n) * DAY) for n in range(3)]
    [all_of_it] = drawn(source("production", *moves))
    [last] = drawn(source("production", moves[-1]))
    assert last.pieces[-1].look == all_of_it.pieces[-1].look
