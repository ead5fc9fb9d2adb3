from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from tags.timeline import fold
from tests.timeline.moving import BERLIN, DAY, HOUR, MINUTE, MONDAY, NOW, Moved


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
