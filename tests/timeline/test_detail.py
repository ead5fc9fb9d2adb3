from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tags.timeline import CELLS, Bar, Cluster, Detail, Lane, Mark, bars, level_of_detail, needed
from tests.timeline.moving import DAY, HOUR, MINUTE, MONDAY, NOW, SECOND, Moved, lanes

FINE = Detail(MONDAY, NOW, 0.005)  # cells of a day


def test_narrow_neighbours_become_a_cluster_and_wide_bars_stay():
    week = Bar("a", "1", MONDAY, MONDAY + 7 * DAY)
    blinks = [Bar("b", "2", week.end + n * MINUTE, week.end + (n + 1) * MINUTE) for n in range(30)]
    current = Bar("c", "3", blinks[-1].end, None)
    lane = [week, *blinks, current]
    assert level_of_detail(lane, FINE, NOW) == [
        week,
        Cluster(week.end, current.start, 30, "c", "3"),
        current,
    ]


def test_narrow_bar_without_a_narrow_neighbour_stays_itself():
    lane = [Bar("a", "1", MONDAY, MONDAY + MINUTE), Bar("b", "2", MONDAY + MINUTE, MONDAY + 9 * DAY)]
    assert level_of_detail(lane, FINE, NOW) == lane


def test_narrow_holes_are_merged_and_wide_ones_part_clusters():
    def blinks(since: dt.datetime) -> list[Bar]:
        return [Bar("a", "1", since + n * MINUTE, since + (n + 0.5) * MINUTE) for n in range(10)]

    found = level_of_detail(blinks(MONDAY) + blinks(MONDAY + 5 * DAY), FINE, NOW)
    assert [item.count for item in found] == [10, 10]


def test_lane_of_a_hundred_thousand_moves_is_a_few_hundred_pieces():
    second = dt.timedelta(seconds=1)
    moves = [Moved(MONDAY + n * 8 * second, None if n % 7 == 0 else str(n)) for n in range(1, 100_000)]
    found = bars(Lane("latest", "x", None, MONDAY, moves), MONDAY, NOW, NOW)
    assert len(found) > 80_000
    assert len(level_of_detail(found, FINE, NOW)) < 402


@given(lanes(), st.floats(0.001, 0.5))
def test_level_of_detail_counts_every_bar_once_and_keeps_to_its_bound(lane, least):
    found = bars(lane, MONDAY, NOW, NOW)
    items = level_of_detail(found, Detail(MONDAY, NOW, least), NOW)
    assert sum(item.count if isinstance(item, Cluster) else 1 for item in items) == len(found)
    assert len(items) <= 2 / least + 2 + CELLS
    assert all(item.end <= later.start for item, later in pairwise(items))


@pytest.mark.parametrize("length", [MINUTE * 7, HOUR, DAY, 7 * DAY, 30 * DAY, 91 * DAY])
def test_what_begins_with_a_cell_lies_in_it_though_a_database_counts_in_milliseconds(length):
    detail = Detail(MONDAY, MONDAY + length, 0.01)
    assert [detail.cell_at(MONDAY + n * length / CELLS) for n in range(CELLS)] == list(range(CELLS))
    assert [detail.cell_of(n * detail.cell - 0.0004) for n in range(CELLS)] == list(range(CELLS))


def blinking(since: dt.datetime, until: dt.datetime) -> list[Bar]:
    """A bar every ten minutes, each named after its day."""
    starts = [since + n * 10 * MINUTE for n in range((until - since) // (10 * MINUTE))]
    return [Bar(str(at.day), f"1.{at.day}", at, at + 10 * MINUTE) for at in starts]


def test_a_lane_that_moves_all_the_time_has_a_cluster_in_each_cell():
    current = Bar("now", "2.0", NOW - HOUR, None)
    found = level_of_detail([*blinking(MONDAY, NOW - HOUR), current], FINE, NOW)
    assert [item.count for item in found] == [*([144] * 9), 138, 1]
    assert [cluster.then_label for cluster in found[:-1]] == [*(f"1.{day}" for day in range(5, 14)), "2.0"]
    assert [item.start for item in found[:-1]] == [MONDAY + n * DAY for n in range(10)]


def test_what_fits_into_a_cell_is_one_cluster_though_it_lies_across_a_border():
    found = level_of_detail(blinking(MONDAY + 18 * HOUR, MONDAY + 36 * HOUR), FINE, NOW)
    assert [item.count for item in found] == [108]
    longer = level_of_detail(blinking(MONDAY + 6 * HOUR, MONDAY + 36 * HOUR), FINE, NOW)
    assert [item.count for item in longer] == [108, 72]


def test_a_cluster_that_leaves_a_hole_leads_nowhere():
    hole = [*blinking(MONDAY, MONDAY + HOUR), Bar("a", "1", MONDAY + 2 * DAY, None)]
    assert [item.then_digest for item in level_of_detail(hole, FINE, NOW)[:1]] == [None]


def test_a_crowd_told_by_its_ends_is_a_cluster_of_as_many_bars():
    moves = [Moved(MONDAY + n * MINUTE, str(n), from_digest=str(n - 1)) for n in range(1, 101)]
    whole = Lane("latest", "100", None, MONDAY - 5 * DAY, moves)
    told = Lane("latest", "100", None, MONDAY - 5 * DAY, [moves[0], moves[-1]], {moves[0].before: 99})
    start = MONDAY - 5 * DAY
    fine = Detail(start, NOW, 0.005)
    each, at_once = (level_of_detail(bars(lane, start, NOW, NOW), fine, NOW) for lane in (whole, told))
    assert each == at_once
    assert [item.count for item in at_once] == [1, 99, 1]


@st.composite
def crowded_lanes(draw):
    """Moves seconds to days apart, several of one moment too, with holes between them."""
    steps = draw(st.lists(st.sampled_from([0, 1, 30, 60, 600, 7200, 86400]), max_size=40))
    digests = draw(st.lists(st.sampled_from(["a", "b", None]), min_size=len(steps) + 1, max_size=len(steps) + 1))
    moves, at = [], MONDAY
    for step, (was, to) in zip(steps, pairwise(digests), strict=True):
        at += step * SECOND
        moves.append(Moved(at, to, from_digest=was, after=at - 20 * SECOND))
    return Lane("latest", digests[-1], None, MONDAY - DAY, moves)


def picture(lane: Lane, detail: Detail) -> list[Bar | Cluster]:
    return level_of_detail(bars(lane, detail.start, detail.end, detail.end), detail, detail.end)


def as_marks(lane: Lane, detail: Detail) -> list[Mark]:
    followed = [move.before for move in [*lane.moves[1:], Moved(detail.end, None)]]
    return [
        Mark(
            place,
            (move.before - detail.start).total_seconds(),
            int(move.to_digest is not None and move.before < until),
        )
        for place, (move, until) in enumerate(zip(lane.moves, followed, strict=False))
    ]


@given(crowded_lanes(), st.floats(0.0001, 0.1))
def test_the_moves_that_are_needed_make_the_same_picture_as_all(lane, least):
    detail = Detail(MONDAY - 9 * DAY, MONDAY + 41 * DAY, least)  # cells of five days: some moves lie on their borders
    count = needed(as_marks(lane, detail), replace(detail, least=least * 0.99))
    kept = [lane.moves[place] for place in sorted(count)]
    crowds = {lane.moves[place].before: bars for place, bars in count.items() if bars > 1}
    assert picture(replace(lane, moves=kept, crowds=crowds), detail) == picture(lane, detail)


def test_the_cells_of_a_crowd_are_told_apart_where_the_picture_does():
    moves = [Moved(MONDAY + n * HOUR, str(n), from_digest=str(n - 1)) for n in range(1, 24 * 9)]
    lane = Lane("latest", moves[-1].to_digest, None, MONDAY, moves)
    detail = Detail(MONDAY, NOW, 0.01)
    count = needed(as_marks(lane, detail), detail)
    crowds = {moves[place].before: bars for place, bars in count.items() if bars > 1}
    assert len(crowds) == 9
    assert picture(replace(lane, moves=[moves[n] for n in sorted(count)], crowds=crowds), detail) == picture(
        lane, detail
    )


def test_of_a_crowd_its_ends_are_needed_and_those_of_its_bars():
    digests = "ab-cde-f"  # from one to the next; there is a hole at each dash
    marks = [Mark(place, float(place), int(to != "-")) for place, to in enumerate(digests[2:])]
    assert needed(marks, Detail(MONDAY, MONDAY + 100 * SECOND, 0.02)) == {0: 0, 1: 3, 4: 0, 5: 0}
    assert needed(marks, Detail(MONDAY, MONDAY + 100 * SECOND, 0.01)) == {
        place: int(to != "-") for place, to in enumerate(digests[2:])
    }
    assert needed(marks, Detail(MONDAY, MONDAY + 40 * SECOND, 0.05)) == {0: 0, 1: 2, 3: 0, 4: 0, 5: 0}
