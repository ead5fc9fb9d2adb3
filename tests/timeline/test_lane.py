from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tags.timeline import Bar, Kind, Lane, bars
from tests.timeline.moving import DAY, HOUR, MINUTE, MONDAY, NOW, SECOND, Moved, lanes

FORWARD = Moved(MONDAY + 3 * DAY, "b", "2.1", "a", "2.0", after=MONDAY + 3 * DAY - 5 * MINUTE)
MOVING = (FORWARD.after, FORWARD.before)
PRODUCTION = Lane("production", "b", "2.1", MONDAY + DAY, [FORWARD])


def test_first_listing_and_one_move_forward_are_exactly_two_bars():
    assert bars(PRODUCTION, MONDAY, NOW, NOW) == [
        Bar("a", "2.0", MONDAY + DAY, FORWARD.before, None, MOVING, left=MOVING),
        Bar("b", "2.1", FORWARD.before, None, MOVING, came=MOVING),
    ]


def test_tag_that_never_moved_is_one_bar_from_when_it_was_first_seen():
    assert bars(Lane("latest", "a", None, MONDAY, []), MONDAY - DAY, NOW, NOW) == [Bar("a", None, MONDAY, None)]


def test_tag_first_seen_this_instant_is_already_a_bar():
    assert bars(Lane("latest", "a", None, NOW, []), MONDAY, NOW, NOW) == [Bar("a", None, NOW, None)]


def test_bars_are_cut_to_the_window_with_their_uncertain_ends():
    middle = FORWARD.before - MINUTE
    assert bars(PRODUCTION, middle, middle + 30 * SECOND, NOW) == [
        Bar("a", "2.0", middle, middle + 30 * SECOND, None, (middle, middle + HOUR / 120), left=MOVING),
    ]
    assert bars(PRODUCTION, NOW - DAY, NOW, NOW) == [Bar("b", "2.1", NOW - DAY, None, came=MOVING)]
    assert bars(PRODUCTION, MONDAY, MONDAY + HOUR, NOW) == []


def test_a_bar_is_sure_up_to_the_last_look_that_saw_it():
    middle = FORWARD.before - MINUTE
    [cut] = bars(PRODUCTION, FORWARD.after + MINUTE, middle, NOW)
    assert (cut.end, cut.known_until) == (middle, FORWARD.after)
    [current] = bars(PRODUCTION, NOW - DAY, NOW, NOW)
    assert current.known_until is None


def test_window_in_the_future_is_empty():
    assert bars(PRODUCTION, NOW + HOUR, NOW + DAY, NOW) == []


def test_removed_tag_leaves_a_hole_until_it_comes_back():
    gone = Moved(MONDAY + 2 * DAY, None, None, "a", "2.0", kind=Kind.REMOVED)
    back = Moved(MONDAY + 4 * DAY, "a", "2.0", kind=Kind.RETURNED)
    found = bars(Lane("rollback", "a", "2.0", MONDAY, [gone, back]), MONDAY, NOW, NOW)
    assert found == [
        Bar("a", "2.0", MONDAY, gone.before, left=(None, gone.before)),
        Bar("a", "2.0", back.before, None, came=(None, back.before)),
    ]


def test_removed_tag_has_no_current_bar():
    gone = Moved(MONDAY + 2 * DAY, None, None, "a", "2.0", kind=Kind.REMOVED)
    assert bars(Lane("rollback", None, None, MONDAY, [gone]), MONDAY, NOW, NOW) == [
        Bar("a", "2.0", MONDAY, gone.before, left=(None, gone.before))
    ]


def test_tag_that_appeared_has_no_bar_before():
    came = Moved(MONDAY + DAY, "a", "2.0", kind=Kind.APPEARED, after=MONDAY)
    assert bars(Lane("hotfix", "a", "2.0", came.before, [came]), MONDAY - DAY, NOW, NOW) == [
        Bar("a", "2.0", came.before, None, (MONDAY, came.before), came=(MONDAY, came.before))
    ]


def test_version_of_a_bar_is_its_name_on_arrival_else_what_is_known_later():
    first = Moved(MONDAY + DAY, "b", "2.1", "a", None)
    second = Moved(MONDAY + 2 * DAY, "c", None, "b", "2.1.0")
    third = Moved(MONDAY + 3 * DAY, "d", None, "c", "2.2")
    found = bars(Lane("latest", "d", "2.3", MONDAY, [first, second, third]), MONDAY, NOW, NOW)
    assert [bar.label for bar in found] == [None, "2.1", "2.2", "2.3"]


def test_publishing_the_same_again_does_not_end_a_version():
    moves = [
        Moved(MONDAY + HOUR, "b", None, "a", "2.0", kind=Kind.REPUBLISHED),
        Moved(MONDAY + 2 * HOUR, "c", None, "b", None, kind=Kind.REPUBLISHED),
        Moved(MONDAY + 3 * HOUR, "d", None, "c", None, kind=Kind.CHANGED),
        Moved(MONDAY + 4 * HOUR, "e", "2.1", "d", None, kind=Kind.REPUBLISHED),
    ]
    lane = Lane("production", "e", "2.1", MONDAY, moves)
    assert [bar.label for bar in bars(lane, MONDAY, NOW, NOW)] == ["2.0", "2.0", "2.0", None, "2.1"]


def test_after_a_crowd_what_is_published_again_has_the_name_that_it_had():
    moves = [
        Moved(MONDAY, "b", "2.0", "a", "1.0"),
        Moved(MONDAY + MINUTE, "d", None, "c", "2.5", kind=Kind.REPUBLISHED),
    ]
    lane = Lane("latest", "d", None, MONDAY - DAY, moves, {MONDAY: 20})
    assert [bar.label for bar in bars(lane, MONDAY - DAY, NOW, NOW)] == ["1.0", "2.0", "2.5"]


@given(lanes(), st.integers(-100, 5100), st.integers(0, 5100))
def test_bars_of_a_lane_are_in_order_in_the_window_and_cover_what_was_there(lane, offset, length):
    start = MONDAY + offset * MINUTE
    end = start + length * MINUTE
    found = bars(lane, start, end, NOW)
    assert all(bar.end is None or start <= bar.start < bar.end <= end for bar in found)
    assert all(bar.end is not None and bar.end <= later.start for bar, later in pairwise(found))
    for bar in found:
        for span in (bar.uncertain_start, bar.uncertain_end):
            assert span is None or start <= span[0] < span[1] <= end
    for move, later in pairwise(lane.moves):
        middle = move.before + (later.before - move.before) / 2
        if start <= middle < end:
            shown = [bar.digest for bar in found if bar.start <= middle < (bar.end or NOW)]
            assert shown == ([move.to_digest] if move.to_digest else [])
