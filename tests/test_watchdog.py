"""The watchdog over signs that a test sets."""

from __future__ import annotations

from regviewer.watchdog import Rule, Signs, Watchdog

RULES = (Rule("dispatch", 20, ("dispatcher", "beat")), Rule("taking", 30, ("worker",)))


class World:
    def __init__(self) -> None:
        self.now = 0.0
        self.signs: Signs | None = {"dispatch": 0}
        self.watchdog = Watchdog(lambda: self.signs, RULES, lambda: self.now)

    def after(self, seconds: float, signs: Signs | None) -> set[str]:
        """What hangs when it is looked at so much later."""
        self.now += seconds
        self.signs = signs
        return set(self.watchdog.hanging())


def test_what_changes_is_well() -> None:
    world = World()
    assert [world.after(15, {"dispatch": turn}) for turn in range(5)] == [set()] * 5


def test_what_stands_still_hangs() -> None:
    world = World()
    world.after(0, {"dispatch": 1})
    assert world.after(19, {"dispatch": 1}) == set()
    assert world.after(1, {"dispatch": 1}) == {"dispatcher", "beat"}


def test_each_time_there_is_twice_the_time_to_start_again() -> None:
    world = World()
    world.after(0, {"dispatch": 1})
    for seconds in (20, 40, 80, 160, 160):
        assert world.after(seconds - 1, {"dispatch": 1}) == set()
        assert world.after(1, {"dispatch": 1}) == {"dispatcher", "beat"}
    world.after(1, {"dispatch": 2})
    assert world.after(20, {"dispatch": 2}) == {"dispatcher", "beat"}, "once it went on, it is as it was"


def test_a_part_that_never_gave_a_sign_hangs_too() -> None:
    world = World()
    world.after(0, {"dispatch": None})
    assert world.after(20, {"dispatch": None}) == {"dispatcher", "beat"}


def test_nobody_hangs_while_broker_or_database_are_away() -> None:
    world = World()
    world.after(0, {"dispatch": 1})
    assert world.after(15, None) == set()
    assert world.after(15, {"dispatch": 1}) == set()
    assert world.after(19, {"dispatch": 1}) == set(), "from when both were back"
    assert world.after(1, {"dispatch": 1}) == {"dispatcher", "beat"}


def test_a_sign_that_is_not_given_each_time_does_not_stand_still() -> None:
    world = World()
    for turn in range(3):
        assert world.after(20, {"dispatch": turn, "taking": "last poll"}) == set()
        assert world.after(20, {"dispatch": f"{turn} later"}) == set()
    world.after(5, {"dispatch": 8, "taking": "last poll"})
    assert world.after(30, {"dispatch": 9, "taking": "last poll"}) == {"worker"}
