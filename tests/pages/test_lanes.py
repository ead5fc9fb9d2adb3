from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.template.loader import render_to_string

from tags.pages.knowledge import Silence
from tags.pages.lanes import DrawnLane, Rebuild, Source, Window, axis, draw
from tags.timeline import Kind, Lane
from tests.factories import DAY, HOUR, MINUTE, NOW
from tests.listings import digest

START = NOW - 10 * DAY
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


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
        "production on 1.3 from Tue 5 May 14:00 or earlier to Sun 10 May 14:00 (at least 5 days)",
        "production on 2.0 since Sun 10 May between 13:55 and 14:00 (5 days), still current",
    ]


def test_a_bar_that_began_in_one_of_two_days_says_so() -> None:
    night = Move("1.3", "2.0", NOW - 5 * DAY, NOW - 6 * DAY)
    [lane] = drawn(source("production", night))
    assert lane.pieces[1].name.startswith(
        "production on 2.0 since some time between Sat 9 May 14:00 and Sun 10 May 14:00 ("
    )


def test_the_time_in_which_a_move_happened_is_drawn() -> None:
    slow = Move("1.3", "2.0", NOW - 5 * DAY, NOW - 6 * DAY)
    [lane] = drawn(source("production", slow))
    assert lane.pieces[0].doubts == ()
    [doubt] = lane.pieces[1].doubts
    assert (doubt.x, doubt.width) == ("40.000%", "10.000%")


def test_the_time_in_which_a_tag_was_removed_is_drawn() -> None:
    removed = Move("2.0", None, NOW - 5 * DAY, NOW - 6 * DAY, Kind.REMOVED)
    returned = Move(None, "2.0", NOW - 2 * DAY, NOW - 3 * DAY, Kind.RETURNED)
    [lane] = drawn(source("production", removed, returned))
    assert [[(doubt.x, doubt.width) for doubt in piece.doubts] for piece in lane.pieces] == [
        [("40.000%", "10.000%")],
        [("70.000%", "10.000%")],
    ]


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
    assert (
        piece.name == "production on 1.3 from Tue 5 May 14:00 or earlier to Sat 9 May 14:00 or later (at least 4 days)"
    )


@pytest.mark.parametrize("start", [NOW - 9 * DAY, NOW - 5 * DAY])
def test_a_bar_that_is_cut_while_it_moved_is_sure_up_to_the_last_look_alone(start: dt.datetime) -> None:
    slow = Move("1.3", "2.0", NOW - 3 * DAY, NOW - 6 * DAY)
    [lane] = drawn(source("production", slow), start=start, end=NOW - 4 * DAY)
    assert [piece.name for piece in lane.pieces] == [
        "production on 1.3 from Tue 5 May 14:00 or earlier to Sat 9 May 14:00 or later (at least 4 days)"
    ]


def test_a_bar_that_the_window_cuts_tells_when_it_really_began() -> None:
    [lane] = drawn(source("production", FORWARD), start=NOW - DAY)
    assert [piece.name for piece in lane.pieces] == [
        "production on 2.0 since Sun 10 May between 13:55 and 14:00 (5 days), still current"
    ]


def test_a_move_that_began_before_the_window_is_told_as_a_whole() -> None:
    slow = Move("1.3", "2.0", NOW - 5 * DAY, NOW - 6 * DAY)
    [lane] = drawn(source("production", slow), start=NOW - 5 * DAY - HOUR)
    assert "between Sat 9 May 14:00 and Sun 10 May 14:00" in lane.pieces[-1].name


def test_bars_too_narrow_to_see_are_counted() -> None:
    there_and_back = [
        Move(str(step), str(step + 1), NOW - 5 * DAY + step * MINUTE, NOW - 5 * DAY + (step - 1) * MINUTE)
        for step in range(1, 100)
    ]
    [lane] = drawn(source("latest", *there_and_back))
    assert len(lane.pieces) == 3
    cluster = lane.pieces[1]
    assert (cluster.look, cluster.count) == (None, 98)
    assert cluster.name == (
        "latest on 98 images from Sun 10 May 14:01 to Sun 10 May 15:39, then on 100: zoom in to see them"
    )


def test_a_cluster_names_what_followed_where_there_is_room() -> None:
    for name, labels in (("1.{}", ["1.25", "1.49"]), ("2026.11.23-build.{}", ["", ""])):
        moves = [Move(name.format(n), name.format(n + 1), START + n * HOUR, None) for n in range(1, 240)]
        [lane] = drawn(source("latest", *moves))
        clusters = [piece for piece in lane.pieces if piece.count > 1]
        assert [(piece.count, piece.caption) for piece in clusters[:2]] == [(24, label) for label in labels]
        assert f"then on {name.format(25)}: zoom in" in clusters[0].name


def test_a_version_that_is_too_long_for_its_bar_is_seen_to_be_cut_off() -> None:
    long = "2026.11.23-build.4711"
    captions = []
    for days in (4.0, 1.0, 0.3):
        moves = (Move("1.0", long, NOW - 5 * DAY, None), Move(long, "1.1", NOW - 5 * DAY + days * DAY, None))
        [lane] = drawn(source("production", *moves))
        assert lane.pieces[1].label == long
        captions.append((lane.pieces[1].caption, lane.pieces[1].has_room))
    assert captions == [(long, False), ("2026.11.2…", False), ("", False)]


def test_a_cluster_that_ended_in_a_hole_names_nothing() -> None:
    moves = [Move(str(n), str(n + 1), NOW - 5 * DAY + n * MINUTE, None) for n in range(1, 50)]
    gone = Move("50", None, NOW - 5 * DAY + HOUR, None, Kind.REMOVED)
    [lane] = drawn(source("latest", *moves, gone))
    assert lane.pieces[-1].name == (
        "latest on 49 images from Sun 10 May 14:01 to Sun 10 May 15:00: zoom in to see them"
    )


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


def test_among_hours_midnight_tells_which_day_begins() -> None:
    marks = axis(Window(NOW - 2 * DAY, NOW, NOW), dt.UTC)
    assert [mark.label for mark in marks][:4] == ["12:00", "18:00", "Thu 14 May", "06:00"]


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
        "production on 1.3 since Tue 5 May 14:00 or earlier (at least 4 days), current then"
    ]


def test_at_a_moment_that_nobody_watched_a_bar_claims_nothing() -> None:
    then, since = NOW - 2 * DAY, NOW - 3 * DAY
    silent = replace(source("production", FORWARD), silence=Silence("registry timed out", since))
    [lane] = draw([silent], Window(START, then, NOW, then))
    assert lane.pieces[-1].name == (
        "production on 2.0 since Sun 10 May between 13:55 and 14:00; "
        "not known whether it still was then: registry timed out since Tue 12 May 14:00"
    )


def test_while_nobody_can_look_a_bar_is_not_called_current() -> None:
    silent = replace(source("production", FORWARD), silence=Silence("registry timed out", NOW - DAY))
    for start in (START, NOW - HOUR):  # the picture may begin later
        [lane] = drawn(silent, start=start)
        doubt = "not known whether it still is: registry timed out since yesterday 14:00"
        assert lane.pieces[-1].name.endswith(doubt)


def test_that_a_tag_was_not_there_is_known_to_the_picture() -> None:
    gone = Move("2.0", None, NOW - 2 * DAY, NOW - 2 * DAY, Kind.REMOVED)
    back = Move(None, "2.0", NOW - DAY, NOW - DAY, Kind.RETURNED)
    removed = source("production", FORWARD, gone)
    assert [lane.has_hole for lane in drawn(source("production", FORWARD))] == [False]
    assert [lane.has_hole for lane in drawn(replace(removed, lane=replace(removed.lane, digest=None)))] == [True]
    assert [lane.has_hole for lane in drawn(source("production", FORWARD, gone, back))] == [True]


def test_no_version_is_hatched_as_a_gap_is() -> None:
    diagonal = re.findall(r'<pattern id="([^"]+)"[^>]*rotate', render_to_string("tags/_patterns.html"))
    assert diagonal == ["pattern-gap"]


@pytest.mark.parametrize(("first", "hours"), [("2026-10-25T00:00+02:00", 25), ("2026-03-29T00:00+01:00", 23)])
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(first: str, hours: int) -> None:
    start = dt.datetime.fromisoformat(first).astimezone(BERLIN)
    window = Window(start, (start.replace(tzinfo=None) + DAY).replace(tzinfo=BERLIN), NOW)
    noon_in_utc = start.astimezone(dt.UTC) + 12 * HOUR
    assert window.place(noon_in_utc) == window.place(noon_in_utc.astimezone(BERLIN)) == pytest.approx(1200 / hours)


def test_zooming_into_a_cluster_keeps_to_the_moment() -> None:
    steps = [Move(str(n), str(n + 1), NOW - 5 * DAY + n * MINUTE, None) for n in range(1, 50)]
    [lane] = draw([source("latest", *steps)], Window(START, NOW - DAY, NOW, NOW - DAY))
    assert lane.pieces[1].url.endswith("&at=2026-05-14T12:00:00.000000Z")


def test_a_version_keeps_its_look_from_picture_to_picture() -> None:
    moves = [Move(f"1.{n}", f"1.{n + 1}", NOW - (9 - n) * DAY, NOW - (9 - n) * DAY) for n in range(3)]
    [all_of_it] = drawn(source("production", *moves))
    [last] = drawn(source("production", moves[-1]))
    assert last.pieces[-1].look == all_of_it.pieces[-1].look
