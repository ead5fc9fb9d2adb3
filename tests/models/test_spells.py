"""A registry's own history: as the moves it tells, and as the movements that polls make of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from tags.models import Movement, Tag
from tags.models.spells import History, Told
from tags.registry import Spell, TimedOut
from tags.timeline import Kind
from tests.listings import EXAMPLE, SECOND, at, digest, make_repository, record, seen

if TYPE_CHECKING:
    from tags.models import Repository

HISTORY = Movement.Source.HISTORY


def spell(tag: str, content: str, since: float, until: float | None = None) -> Spell:
    """From one minute to another."""
    return Spell(tag, digest(content), at(since), None if until is None else at(until))


def moves(
    *spells: Spell, start: str | None = None, end: str | None = None, looked_at: float | None = None, until: float = 60
) -> list[Told]:
    told = History(spells).moves(
        "production",
        digest(start) if start else None,
        digest(end) if end else None,
        looked_at=None if looked_at is None else at(looked_at),
        until=at(until),
    )
    return [Told(move.digest, move.at) for move in told]


class TestMoves:
    def test_one_spell_after_another_is_one_move(self) -> None:
        two = (spell("production", "b", 10), spell("production", "a", 5, 10))
        assert moves(*two, end="b") == [Told(digest("a"), at(5)), Told(digest("b"), at(10))]

    @pytest.mark.parametrize(("pause", "ended"), [(0, False), (2, False), (3, True)])
    def test_an_end_that_nothing_follows_at_once_is_a_move_too(self, pause: int, ended: bool) -> None:
        ends = Spell("production", digest("a"), at(5), at(10) - pause * SECOND)
        told = moves(ends, spell("production", "b", 10), start="a", end="b")
        assert (Told(None, at(10) - pause * SECOND) in told) is ended
        assert told[-1] == Told(digest("b"), at(10))

    def test_the_same_image_pushed_again_is_no_move(self) -> None:
        again = (spell("production", "a", 5, 10), spell("production", "a", 10))
        assert moves(*again, start="a", end="a") == []

    def test_what_lies_before_the_last_look_is_known_already(self) -> None:
        three = (spell("production", "a", 1, 5), spell("production", "b", 5, 9), spell("production", "c", 9))
        assert moves(*three, start="b", end="c", looked_at=7) == [Told(digest("c"), at(9))]

    def test_what_lies_ahead_is_not_believed(self) -> None:
        assert moves(spell("production", "b", 61), start="a", end="b", looked_at=5) == []

    def test_a_history_that_does_not_lead_to_what_was_seen_is_not_believed(self) -> None:
        assert moves(spell("production", "b", 10), start="a", end="c", looked_at=5) == []

    def test_a_history_of_nothing_tells_nothing(self) -> None:
        assert moves(start="a", end="b") == []
        assert moves(spell("other", "b", 10), start="a", end="b") == []

    def test_a_spell_that_ends_before_it_begins_is_left_out(self) -> None:
        assert moves(spell("production", "b", 10, 9), start="a", end=None) == []

    def test_the_end_of_time_is_no_moment(self) -> None:
        last = Spell("production", digest("b"), dt.datetime.max.replace(tzinfo=dt.UTC), None)
        assert moves(last, start="a", end="b", looked_at=5) == []


@pytest.fixture
def repository(db: None) -> Repository:
    return make_repository()


def told(*movements: Movement) -> list[tuple[str, dt.datetime | None, dt.datetime]]:
    assert {movement.source for movement in movements} <= {HISTORY}
    return [(movement.sentence, movement.after, movement.before) for movement in movements]


class TestFirstSight:
    PAST = (
        spell("2.0", "2.0", -100),
        spell("1.9", "1.9", -200, -2),
        spell("production", "1.9", -90, -50),
        spell("production", "2.0", -50),
        spell("rollback", "1.9", -80, -60),
        spell("rollback", "2.0", -30),
    )
    NOW = {"2.0": "2.0", "production": "2.0", "rollback": "2.0"}

    def test_the_moves_before_the_first_look_are_told_to_the_second(self, repository: Repository) -> None:
        movements = record(repository, seen(self.NOW, 0, history=self.PAST))
        assert sorted(told(*movements)) == [
            ("1.9 was removed", at(-2), at(-2) + SECOND),
            ("production moved forward from 1.9 to 2.0", at(-50), at(-50) + SECOND),
            ("rollback came back, pointing to 2.0", at(-30), at(-30) + SECOND),
            ("rollback was removed (it pointed to 1.9)", at(-60), at(-60) + SECOND),
        ]

    def test_what_stood_there_from_the_start_did_not_appear_but_is_there_since_then(
        self, repository: Repository
    ) -> None:
        assert record(repository, seen({"2.0": "2.0"}, 0, history=(spell("2.0", "2.0", -100),))) == []
        tag = repository.tags.get()
        assert (tag.after, tag.before) == (at(-100), at(-100) + SECOND)

    def test_a_tag_that_ended_before_is_known_as_removed(self, repository: Repository) -> None:
        record(repository, seen(self.NOW, 0, history=self.PAST))
        gone = repository.tags.get(name="1.9")
        assert (gone.state, gone.digest, gone.role) == (Tag.State.REMOVED, None, "version")
        assert (gone.after, gone.before) == (at(-2), at(-2) + SECOND)

    def test_a_pointer_that_ended_before_is_known_as_a_pointer(self, repository: Repository) -> None:
        past = (spell("canary", "a", -9, -8), spell("canary", "b", -8, -7))
        movements = record(repository, seen({"2.0": "2.0"}, 0, history=past))
        assert [movement.kind for movement in movements] == [Kind.CHANGED, Kind.REMOVED]
        assert repository.tags.get(name="canary").role == "pointer"

    def test_what_was_where_before_the_first_look_is_not_claimed(self, repository: Repository) -> None:
        record(repository, seen(self.NOW, 0, history=self.PAST))
        assert not repository.tags.at(at(-40)).exists()
        assert set(repository.tags.at(at(1)).values_list("name", flat=True)) == set(self.NOW)

    def test_the_same_history_told_again_adds_nothing(self, repository: Repository) -> None:
        record(repository, seen(self.NOW, 0, history=self.PAST))
        assert record(repository, seen(self.NOW, 5, history=self.PAST)) == []
        assert Movement.objects.count() == 4

    def test_moves_that_were_told_with_their_times_are_not_said_to_be_one(self, repository: Repository) -> None:
        movements = record(repository, seen(self.NOW, 0, history=self.PAST))
        assert len({movement.found_at for movement in movements}) == 4

    def test_a_version_that_is_still_there_names_where_a_pointer_came_from(self, repository: Repository) -> None:
        past = (spell("production", "1.3", -9, -8), spell("production", "2.0", -8))
        [movement] = record(repository, seen({**EXAMPLE, "production": "2.0"}, 0, history=past))
        assert movement.sentence == "production moved forward from 1.3 to 2.0"

    def test_it_is_told_too_of_a_tag_that_gave_no_answer_at_first(self, repository: Repository) -> None:
        record(repository, seen({"2.0": "2.0"}, 0, failing=("production", "rollback")))
        movements = record(repository, seen(self.NOW, 5, history=self.PAST))
        assert ("production", at(-50)) in {(movement.tag.name, movement.after) for movement in movements}

    def test_half_a_list_recalls_no_tag(self, repository: Repository) -> None:
        cut = seen({"2.0": "2.0"}, 0, history=self.PAST, error=TimedOut("cut"))
        assert record(repository, cut) == []
        assert not repository.tags.filter(name="1.9").exists()

    def test_a_move_back_to_where_it_was_is_a_rollback(self, repository: Repository) -> None:
        past = (spell("nightly", "a", -9, -8), spell("nightly", "b", -8, -7), spell("nightly", "a", -7))
        movements = record(repository, seen({"nightly": "a"}, 0, history=past))
        assert [movement.kind for movement in movements] == [Kind.CHANGED, Kind.ROLLBACK]


class TestBetweenPolls:
    def test_moves_that_no_poll_saw_are_told_and_the_last_is_exact(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 0))
        history = (
            spell("production", "2.0", -60, 1),
            spell("production", "2.2", 1, 3),
            spell("production", "2.1", 3),
        )
        movements = record(repository, seen(EXAMPLE | {"production": "2.1"}, 5, history=history))
        assert told(*movements) == [
            ("production moved forward from 2.0 to 2.2", at(1), at(1) + SECOND),
            ("production was rolled back from 2.2 to 2.1", at(3), at(3) + SECOND),
        ]
        assert Movement.objects.get(before=at(3) + SECOND).is_current
        assert record(repository, seen(EXAMPLE | {"production": "2.1"}, 10, history=history)) == []

    def test_a_trip_there_and_back_is_told_once(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 0))
        history = (spell("production", "2.2", 1, 3), spell("production", "2.0", 3))
        assert len(record(repository, seen(EXAMPLE, 5, history=history))) == 2
        assert record(repository, seen(EXAMPLE, 10, history=history)) == []
        then = {minute: repository.tags.at(at(minute)).get(name="production").digest_then for minute in (0.5, 2, 4)}
        assert then == {0.5: digest("2.0"), 2: digest("2.2"), 4: digest("2.0")}

    def test_a_trip_while_the_poll_was_under_way_is_told_once(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 0))
        just_now = at(5) + 2 * SECOND  # when the looks are sent
        history = (
            Spell("production", digest("2.2"), just_now, just_now),
            Spell("production", digest("2.0"), just_now, None),
        )
        assert len(record(repository, seen(EXAMPLE, 5, history=history))) == 2
        assert record(repository, seen(EXAMPLE, 10, history=history)) == []

    def test_a_move_in_the_second_of_the_answer_lies_before_the_answer(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 0))
        answered = at(5) + 3 * SECOND
        history = (Spell("production", digest("2.1"), answered, None),)
        [movement] = record(repository, seen(EXAMPLE | {"production": "2.1"}, 5, history=history))
        assert (movement.after, movement.before) == (answered, answered)

    def test_history_before_the_last_look_contradicts_nothing(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 10))
        history = (spell("production", "1.0", 1, 3), spell("production", "2.0", 3))
        assert record(repository, seen(EXAMPLE, 15, history=history)) == []

    def test_a_history_that_lags_behind_leaves_the_poll_its_interval(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 0))
        history = (spell("production", "2.2", 1),)
        [movement] = record(repository, seen(EXAMPLE | {"production": "2.1"}, 5, history=history))
        assert (movement.source, movement.after) == (Movement.Source.POLL, at(0) + 2 * SECOND)

    def test_a_new_tag_appeared_when_the_history_says(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 0))
        [movement] = record(repository, seen(EXAMPLE | {"staging": "2.1"}, 5, history=(spell("staging", "2.1", 2),)))
        assert told(movement) == [("staging appeared, pointing to 2.1", at(2), at(2) + SECOND)]
        there = [repository.tags.at(at(minute)).filter(name="staging").exists() for minute in (2, 3)]
        assert there == [False, True]

    def test_a_removal_has_the_time_that_the_history_says(self, repository: Repository) -> None:
        without = {name: version for name, version in EXAMPLE.items() if name != "rollback"}
        history = (spell("rollback", "1.3", -60, 2),)
        record(repository, seen(EXAMPLE, 0))
        assert record(repository, seen(EXAMPLE, 1)) == []
        [movement] = record(repository, seen(without, 5, history=history))
        assert told(movement) == [("rollback was removed (it pointed to 1.3)", at(2), at(2) + SECOND)]
        assert record(repository, seen(without, 10, history=history)) == []

    def test_an_end_in_the_history_removes_nothing_that_is_listed(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 0))
        assert record(repository, seen(EXAMPLE, 5, history=(spell("rollback", "1.3", -60, 2),))) == []

    def test_a_tag_that_came_and_went_between_two_polls_is_told(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 0))
        history = (spell("canary", "2.2", 1, 3),)
        movements = record(repository, seen(EXAMPLE, 5, history=history))
        assert told(*movements) == [
            ("canary appeared, pointing to 2.2", at(1), at(1) + SECOND),
            ("canary was removed (it pointed to 2.2)", at(3), at(3) + SECOND),
        ]
        there = [repository.tags.at(at(minute)).filter(name="canary").exists() for minute in (1, 2, 4)]
        assert there == [False, True, False]
        again = (*history, spell("canary", "2.1", 7, 8))
        movements = record(repository, seen(EXAMPLE, 10, history=again))
        assert [movement.kind for movement in movements] == [Kind.RETURNED, Kind.REMOVED]

    def test_a_move_in_a_gap_that_the_history_tells_is_known_nevertheless(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 0))
        record(repository, seen({}, 5, error=TimedOut("registry timed out")))
        moved = EXAMPLE | {"production": "2.1"}
        [movement] = record(repository, seen(moved, 30, history=(spell("production", "2.1", 6),)))
        assert told(movement) == [("production moved forward from 2.0 to 2.1", at(6), at(6) + SECOND)]
        assert not movement.across_gap
