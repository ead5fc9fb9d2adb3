"""An oracle that finds nothing proves nothing, unless it finds what is wrong."""

from __future__ import annotations

from tests.chaos.oracle import Look, Recorded, Stretch, blind_spots, doubled, lies, losses, overlaps
from tests.chaos.truth import State

# On a at 0, on b from 10, gone from 20, on a again from 30.
STATES = [State(0, 0, "a"), State(10, 10, "b"), State(20, 20, None), State(30, 30, "a")]
TRUE = [Recorded(8, 12, "a", "b"), Recorded(18, 22, "b", None), Recorded(28, 32, None, "a")]


def found(movements: list[Recorded]) -> list[str]:
    return list(lies(STATES, movements))


def test_the_truth_is_no_lie() -> None:
    assert found(TRUE) == []
    assert found([Recorded(None, 12, "a", "b")]) == []


def test_what_came_and_went_between_two_looks_need_not_be_told() -> None:
    assert found([Recorded(8, 22, "a", None)]) == []


def test_an_interval_that_does_not_hold_the_change_is_a_lie() -> None:
    assert found([Recorded(11, 12, "a", "b")])
    assert found([Recorded(8, 9, "a", "b")])


def test_a_change_that_never_was_is_a_lie() -> None:
    assert found([Recorded(8, 12, "a", "c")])
    assert found([Recorded(8, 12, "c", "b")])


def test_the_same_move_twice_is_a_lie() -> None:
    assert found([TRUE[0], TRUE[0]])
    assert found([TRUE[0], Recorded(8, 12, "b", "b")])


def test_a_move_that_was_made_already_is_doubled() -> None:
    assert list(doubled(TRUE)) == []
    assert len(list(doubled([*TRUE[:2], TRUE[1], TRUE[2]]))) == 1
    assert len(list(doubled([TRUE[0], Recorded(9, 13, "a", "b")]))) == 1


def test_moves_that_do_not_follow_from_each_other_are_a_lie() -> None:
    assert found([TRUE[0], TRUE[2]])


def lost(movements: list[Recorded], *looks: Look) -> list[str]:
    return list(losses(STATES, movements, looks, movements[-1].to_digest if movements else "a"))


def test_what_lived_across_a_complete_look_is_told() -> None:
    assert lost(TRUE, Look(5, 6), Look(12, 13), Look(22, 23), Look(33, 34)) == []
    assert lost([], Look(12, 13))
    assert lost([TRUE[0]], Look(22, 23))


def test_what_changed_during_a_look_may_be_told_by_the_next() -> None:
    assert lost([], Look(9, 11)) == []


def test_a_stretch_that_nobody_watched_is_found() -> None:
    looks = [Look(0, 1), Look(5, 6), Look(60, 61)]
    assert list(blind_spots([Stretch(1, 11, 5)], looks, 2)) == []
    assert list(blind_spots([Stretch(1, 61, 5)], looks, 2))
    assert list(blind_spots([Stretch(1, 11, 5), Stretch(11, 61, 5, watched=False)], looks, 2)) == []


def test_stretches_that_tell_of_the_same_time_are_found() -> None:
    assert list(overlaps([Stretch(1, 11, 5), Stretch(11, 60, 5, watched=False)])) == []
    assert list(overlaps([Stretch(11, 60, 5, watched=False), Stretch(1, 12, 5)]))
