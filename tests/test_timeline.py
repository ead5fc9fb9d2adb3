"""Movements as bars, gaps, groups, ticks and intervals."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tags.timeline import (
    CELLS,
    Bar,
    Cluster,
    Detail,
    Gap,
    Granularity,
    Interval,
    Kind,
    Lane,
    Mark,
    bars,
    fold,
    gaps,
    interval,
    level_of_detail,
    needed,
    ticks,
)

BERLIN = ZoneInfo("Europe/Berlin")
SECOND, MINUTE, HOUR, DAY = (
    dt.timedelta(seconds=1),
    dt.timedelta(minutes=1),
    dt.timedelta(hours=1),
    dt.timedelta(days=1),
)
MONDAY = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
NOW = MONDAY + 10 * DAY


@dataclass(frozen=True)
class Moved:
    """A move as a model gives it."""

    before: dt.datetime
    to_digest: str | None
    to_version: str | None = None
    from_digest: str | None = None
    from_version: str | None = None
    after: dt.datetime | None = None
    kind: str = Kind.FORWARD
    found_at: dt.datetime = NOW
    repository_id: int = 1


@dataclass(frozen=True)
class Covered:
    since: dt.datetime
    until: dt.datetime | None
    reason: str = ""

    @property
    def watched(self) -> bool:
        return not self.reason


FORWARD = Moved(MONDAY + 3 * DAY, "b", "2.1", "a", "2.0", after=MONDAY + 3 * DAY - 5 * MINUTE)
PRODUCTION = Lane("production", "b", "2.1", MONDAY + DAY, [FORWARD])


# Bars


def test_first_listing_and_one_move_forward_are_exactly_two_bars():
    assert bars(PRODUCTION, MONDAY, NOW, NOW) == [
        Bar("a", "2.0", MONDAY + DAY, FORWARD.before, None, (FORWARD.after, FORWARD.before)),
        Bar("b", "2.1", FORWARD.before, None, (FORWARD.after, FORWARD.before), came=(FORWARD.after, FORWARD.before)),
    ]


def test_tag_that_never_moved_is_one_bar_from_when_it_was_first_seen():
    assert bars(Lane("latest", "a", None, MONDAY, []), MONDAY - DAY, NOW, NOW) == [Bar("a", None, MONDAY, None)]


def test_tag_first_seen_this_instant_is_already_a_bar():
    assert bars(Lane("latest", "a", None, NOW, []), MONDAY, NOW, NOW) == [Bar("a", None, NOW, None)]


def test_bars_are_cut_to_the_window_with_their_uncertain_ends():
    middle = FORWARD.before - MINUTE
    assert bars(PRODUCTION, middle, middle + 30 * dt.timedelta(seconds=1), NOW) == [
        Bar("a", "2.0", middle, middle + 30 * dt.timedelta(seconds=1), None, (middle, middle + HOUR / 120)),
    ]
    assert bars(PRODUCTION, NOW - DAY, NOW, NOW) == [
        Bar("b", "2.1", NOW - DAY, None, came=(FORWARD.after, FORWARD.before))
    ]
    assert bars(PRODUCTION, MONDAY, MONDAY + HOUR, NOW) == []


def test_window_in_the_future_is_empty():
    assert bars(PRODUCTION, NOW + HOUR, NOW + DAY, NOW) == []


def test_removed_tag_leaves_a_hole_until_it_comes_back():
    gone = Moved(MONDAY + 2 * DAY, None, None, "a", "2.0", kind=Kind.REMOVED)
    back = Moved(MONDAY + 4 * DAY, "a", "2.0", kind=Kind.RETURNED)
    found = bars(Lane("rollback", "a", "2.0", MONDAY, [gone, back]), MONDAY, NOW, NOW)
    assert found == [Bar("a", "2.0", MONDAY, gone.before), Bar("a", "2.0", back.before, None, came=(None, back.before))]


def test_removed_tag_has_no_current_bar():
    gone = Moved(MONDAY + 2 * DAY, None, None, "a", "2.0", kind=Kind.REMOVED)
    assert bars(Lane("rollback", None, None, MONDAY, [gone]), MONDAY, NOW, NOW) == [
        Bar("a", "2.0", MONDAY, gone.before)
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


@st.composite
def lanes(draw):
    minutes = sorted(draw(st.sets(st.integers(1, 5000), max_size=30)))
    digests = draw(st.lists(st.sampled_from(["a", "b", None]), min_size=len(minutes) + 1, max_size=len(minutes) + 1))
    moves = [
        Moved(MONDAY + minute * MINUTE, to, from_digest=was, after=MONDAY + (minute - 1) * MINUTE)
        for minute, (was, to) in zip(minutes, pairwise(digests), strict=True)
    ]
    return Lane("latest", digests[-1], None, MONDAY, moves)


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


# Level of detail

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


# Gaps


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


# Groups


def test_moves_found_in_one_poll_of_one_repository_are_one_group():
    production = Moved(MONDAY + HOUR, "b", found_at=MONDAY + HOUR)
    rollback = Moved(MONDAY + HOUR + MINUTE, "a", found_at=MONDAY + HOUR)
    elsewhere = Moved(MONDAY + HOUR, "a", found_at=MONDAY + HOUR, repository_id=2)
    later = Moved(MONDAY + 2 * HOUR, "c", found_at=MONDAY + 2 * HOUR)
    (day,) = fold([production, later, rollback, elsewhere], BERLIN)
    assert [group.moves for group in day.groups] == [(later,), (rollback, production), (elsewhere,)]


def test_moves_found_in_one_poll_on_two_days_are_a_group_on_each():
    first = Moved(MONDAY + HOUR, "b", found_at=NOW)
    late = Moved(MONDAY + 2 * DAY, "c", found_at=NOW)
    later = Moved(MONDAY + 2 * DAY + HOUR, "a", found_at=NOW)
    days = fold([first, late, later], BERLIN)
    assert [[group.moves for group in day.groups] for day in days] == [[(later, late)], [(first,)]]


def test_days_are_those_of_the_reader_and_newest_first():
    late = Moved(dt.datetime(2026, 5, 9, 21, 30, tzinfo=dt.UTC), "a", found_at=MONDAY)
    midnight = Moved(dt.datetime(2026, 5, 9, 22, 30, tzinfo=dt.UTC), "b", found_at=NOW)
    assert [day.date for day in fold([late, midnight], BERLIN)] == [dt.date(2026, 5, 10), dt.date(2026, 5, 9)]
    assert [day.date for day in fold([late, midnight], dt.UTC)] == [dt.date(2026, 5, 9)]


@given(st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 5), st.integers(0, 2)), max_size=40))
def test_folding_keeps_every_move_and_orders_all_newest_first(drawn):
    moves = [
        Moved(MONDAY + minute * MINUTE, "a", found_at=MONDAY + found * DAY, repository_id=repository)
        for minute, found, repository in drawn
    ]
    days = fold(moves, BERLIN)
    groups = [group for day in days for group in day.groups]
    assert sorted(move.before for group in groups for move in group.moves) == sorted(move.before for move in moves)
    newest = [group.moves[0].before for group in groups]
    assert newest == sorted(newest, reverse=True)
    assert all(
        move.before.astimezone(BERLIN).date() == day.date
        for day in days
        for group in day.groups
        for move in group.moves
    )
    assert len({day.date for day in days}) == len(days)


# Ticks


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


# Intervals


def test_an_interval_without_length_is_a_moment():
    at = interval(MONDAY + MINUTE / 2, MONDAY + MINUTE / 2, BERLIN)
    assert at.is_moment
    assert at.before.isoformat() == "2026-05-04T02:00:30+02:00"


def test_an_interval_within_a_minute_is_none():
    between = interval(MONDAY + MINUTE / 6, MONDAY + MINUTE / 2, BERLIN)
    assert not between.is_moment
    assert between == Interval(MONDAY + MINUTE / 6, MONDAY + MINUTE / 2)


def test_nothing_known_before_is_no_moment():
    assert interval(None, MONDAY, BERLIN) == Interval(None, MONDAY)
    assert not interval(None, MONDAY, BERLIN).is_moment
    assert not interval(None, MONDAY, BERLIN).spans_days


def test_day_of_an_interval_is_the_readers():
    after, before = dt.datetime(2026, 5, 9, 21, 59, tzinfo=dt.UTC), dt.datetime(2026, 5, 9, 22, 1, tzinfo=dt.UTC)
    assert interval(after, before, BERLIN).spans_days
    assert not interval(after, before, dt.UTC).spans_days


# Crowds


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


def test_after_a_crowd_what_is_published_again_has_the_name_that_it_had():
    moves = [
        Moved(MONDAY, "b", "2.0", "a", "1.0"),
        Moved(MONDAY + MINUTE, "d", None, "c", "2.5", kind=Kind.REPUBLISHED),
    ]
    lane = Lane("latest", "d", None, MONDAY - DAY, moves, {MONDAY: 20})
    assert [bar.label for bar in bars(lane, MONDAY - DAY, NOW, NOW)] == ["1.0", "2.0", "2.5"]
