from __future__ import annotations

import dataclasses
import datetime as dt
from unittest import mock

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tags.models import Image, Movement, Repository, Tag, recording
from tags.models.recording import Recording
from tags.registry import TimedOut
from tags.timeline import Kind
from tests.listings import EXAMPLE, SECOND, at, digest, make_repository, record, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def repository() -> Repository:
    return make_repository()


def sentences(movements: list[Movement]) -> list[str]:
    return sorted(movement.sentence for movement in movements)


def test_first_listing_makes_no_movements(repository: Repository) -> None:
    assert record(repository, seen(EXAMPLE, 0)) == []
    assert repository.tags.count() == len(EXAMPLE)
    assert repository.tags.filter(after__isnull=True, state=Tag.State.PRESENT).count() == len(EXAMPLE)


def test_a_pointer_that_goes_to_a_higher_version_moved_forward(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    [movement] = record(repository, seen(EXAMPLE | {"production": "2.1"}, 5))
    assert movement.sentence == "production moved forward from 2.0 to 2.1"
    assert (movement.after, movement.before) == (at(0) + 2 * SECOND, at(5) + 3 * SECOND)
    assert repository.tags.get(name="production").digest == digest("2.1")


def test_a_pointer_that_goes_back_was_rolled_back(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(EXAMPLE | {"production": "2.1"}, 5))
    [movement] = record(repository, seen(EXAMPLE, 10))
    assert movement.sentence == "production was rolled back from 2.1 to 2.0"


def test_a_digest_without_a_version_is_named_by_its_digest(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    [movement] = record(repository, seen(EXAMPLE | {"production": "nameless"}, 5))
    assert movement.kind == Kind.CHANGED
    assert movement.sentence == f"production changed from 2.0 to {digest('nameless')[:14]}"


def test_going_back_to_a_nameless_digest_it_had_before_is_a_rollback(repository: Repository) -> None:
    record(repository, seen({"nightly": "a"}, 0))
    record(repository, seen({"nightly": "b"}, 5))
    [movement] = record(repository, seen({"nightly": "a"}, 10))
    assert movement.kind == Kind.ROLLBACK


def test_a_version_that_moves_was_rebuilt_and_stays_a_version(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    [movement] = record(repository, seen(EXAMPLE | {"2.1": "2.1 anew"}, 5))
    assert movement.sentence == "2.1 was rebuilt: same name, new content"
    assert movement.is_warning
    assert repository.tags.get(name="2.1").role == "version"


def test_a_pointer_that_follows_a_rebuilt_version_says_so(repository: Repository) -> None:
    record(repository, seen({"2.1": "old", "qatesting": "old"}, 0))
    movements = record(repository, seen({"2.1": "new", "qatesting": "new"}, 5))
    assert sentences(movements) == [
        "2.1 was rebuilt: same name, new content",
        "qatesting followed 2.1, which was rebuilt",
    ]


def test_a_tag_that_comes_later_appeared(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    [movement] = record(repository, seen(EXAMPLE | {"staging": "2.1"}, 5))
    assert movement.sentence == "staging appeared, pointing to 2.1"
    assert (movement.after, movement.before) == (at(0), at(5) + 3 * SECOND)


def test_a_tag_that_a_complete_list_lacks_was_removed_and_can_come_back(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    without = {name: content for name, content in EXAMPLE.items() if name != "rollback"}
    [movement] = record(repository, seen(without, 5))
    assert movement.sentence == "rollback was removed (it pointed to 1.3)"
    assert (movement.after, movement.before) == (at(0) + 2 * SECOND, at(5) + SECOND)
    [movement] = record(repository, seen(EXAMPLE | {"rollback": "2.0"}, 10))
    assert movement.sentence == "rollback came back, pointing to 2.0"
    assert movement.after == at(5)


def test_an_incomplete_list_removes_nothing_but_a_move_in_it_counts(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    cut = seen({"production": "2.1"}, 5, error=TimedOut("registry timed out"))
    assert sentences(record(repository, cut)) == ["production moved forward from 2.0 to 2.1"]
    assert not repository.tags.filter(state=Tag.State.REMOVED).exists()
    assert (repository.outcome, repository.error) == ("partial", "registry timed out")


def test_a_move_after_an_incomplete_list_begins_where_the_tag_was_last_seen(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({"production": "2.1"}, 5, error=TimedOut("cut")))
    production, latest = sorted(
        record(repository, seen(EXAMPLE | {"production": "2.2", "latest": "2.1"}, 10)),
        key=lambda movement: movement.tag.name,
        reverse=True,
    )
    assert production.after == at(5) + 2 * SECOND
    assert latest.after == at(0) + 2 * SECOND  # the poll at 5 did not come so far as to look at it


def test_a_tag_that_gave_no_answer_keeps_the_time_of_its_last_look(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    without = {name: content for name, content in EXAMPLE.items() if name != "production"}
    assert record(repository, seen(without, 5, failing=("production",))) == []
    record(repository, seen(without, 10, failing=("production",)))
    [movement] = record(repository, seen(EXAMPLE | {"production": "2.1"}, 15))
    assert movement.after == at(0) + 2 * SECOND
    [movement] = record(repository, seen(EXAMPLE | {"production": "2.2"}, 20))
    assert movement.after == at(15) + 2 * SECOND


def test_a_tag_that_failed_at_the_first_look_does_not_appear_later(repository: Repository) -> None:
    record(repository, seen({"2.0": "2.0"}, 0, failing=("production",)))
    assert repository.tags.get(name="production").state == Tag.State.UNKNOWN
    assert record(repository, seen({"2.0": "2.0", "production": "2.0"}, 5)) == []


def test_a_new_tag_that_fails_at_first_appears_since_the_list_that_lacked_it(repository: Repository) -> None:
    record(repository, seen({"2.0": "2.0"}, 0))
    record(repository, seen({"2.0": "2.0"}, 5, failing=("production",)))
    [movement] = record(repository, seen({"2.0": "2.0", "production": "2.0"}, 10))
    assert (movement.kind, movement.after, movement.before) == (Kind.APPEARED, at(0), at(10) + 3 * SECOND)


def test_a_tag_without_an_image_is_missing_and_neither_removed_nor_moved(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    assert record(repository, seen(EXAMPLE | {"production": None}, 5)) == []
    assert repository.tags.get(name="production").state == Tag.State.MISSING
    assert repository.outcome == "complete"
    assert record(repository, seen(EXAMPLE, 10)) == []
    assert repository.tags.get(name="production").state == Tag.State.PRESENT


def test_an_empty_list_is_believed_only_when_a_second_one_agrees(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    assert record(repository, seen({}, 5)) == []
    assert repository.outcome == "partial"
    assert "nothing is changed" in repository.error
    assert record(repository, seen({}, 8)) == []  # less than an interval later
    movements = record(repository, seen({}, 11))
    assert {movement.kind for movement in movements} == {Kind.REMOVED}
    assert len(movements) == len(EXAMPLE)
    # Versions since the last list that had them, pointers since the last look at them.
    began = {at(0), at(0) + 2 * SECOND}
    assert {movement.after for movement in movements} == began
    assert {movement.before for movement in movements} == {at(5) + SECOND}


def test_a_list_that_loses_more_than_half_changes_nothing_until_confirmed(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    few = {"2.0": "2.0", "production": "2.2"}
    assert record(repository, seen(few, 5)) == []
    assert repository.tags.get(name="production").digest == digest("2.0")
    assert record(repository, seen(EXAMPLE, 10)) == []  # all is well again: the doubt is forgotten
    assert record(repository, seen(few, 15)) == []
    assert len(record(repository, seen(few, 21))) == len(EXAMPLE) - 2 + 1


def test_what_a_strange_list_leaves_out_is_gone_when_another_one_agrees(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    others = {name: content for name, content in EXAMPLE.items() if name != "rollback"}
    assert record(repository, seen(others, 5, is_strange=True)) == []
    assert "the list lost 1 of" in repository.error
    assert record(repository, seen(EXAMPLE, 10)) == []
    assert record(repository, seen(others, 15, is_strange=True)) == []
    [removed] = record(repository, seen(others, 21, is_strange=True))
    assert (removed.tag.name, removed.kind) == ("rollback", Kind.REMOVED)


def test_a_strange_list_that_leaves_nothing_out_is_as_good_as_any(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    [moved] = record(repository, seen({**EXAMPLE, "production": "2.1"}, 5, is_strange=True))
    assert moved.tag.name == "production"
    assert repository.outcome == "complete"


def test_two_back_ends_out_of_step_remove_nothing(repository: Repository) -> None:
    tags = {f"1.{number}": str(number) for number in range(30)}
    names = list(tags)
    record(repository, seen(tags, 0))
    for minute in (5, 20, 35):
        assert record(repository, seen({name: tags[name] for name in names[:14]}, minute)) == []
        assert record(repository, seen(tags, minute + 5)) == []
        assert record(repository, seen({name: tags[name] for name in names[16:]}, minute + 8)) == []
        assert record(repository, seen(tags, minute + 12)) == []
    assert not repository.tags.filter(state=Tag.State.REMOVED).exists()


def test_a_doubt_ends_though_tags_go_on_trickling_away(repository: Repository) -> None:
    names = list(EXAMPLE)
    record(repository, seen(EXAMPLE, 0))
    assert record(repository, seen({name: EXAMPLE[name] for name in names[:5]}, 5)) == []
    assert len(record(repository, seen({name: EXAMPLE[name] for name in names[:4]}, 11))) == len(EXAMPLE) - 5
    later = {move.tag.name: move for move in record(repository, seen({name: EXAMPLE[name] for name in names[:3]}, 17))}
    assert later.keys() == {*names[3:5]}
    # The list that left it out for the first time is none that had it, though it removed others.
    left_out_at_11 = later[names[4]]
    assert left_out_at_11.after <= at(5)
    assert left_out_at_11.before == at(11) + SECOND


def test_half_a_list_that_shows_the_tags_ends_the_doubt(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({}, 5))
    record(repository, seen(EXAMPLE, 10, error=TimedOut("cut")))
    assert record(repository, seen({}, 15)) == []


def test_losing_few_of_few_tags_is_believed_at_once(repository: Repository) -> None:
    record(repository, seen({"1.0": "a", "1.1": "b", "latest": "b"}, 0))
    assert len(record(repository, seen({"1.1": "b"}, 5))) == 2


def test_a_version_named_after_the_move_is_filled_in(repository: Repository) -> None:
    record(repository, seen({"2.0": "2.0", "production": "2.0"}, 0))
    record(repository, seen({"2.0": "2.0", "production": "2.1"}, 5))
    record(repository, seen({"2.0": "2.0", "2.1": "2.1", "production": "2.1"}, 10))
    movement = Movement.objects.get(tag__name="production")
    assert (movement.from_version, movement.to_version) == ("2.0", "2.1")
    assert movement.sentence == "production changed from 2.0 to 2.1"


def test_versions_in_movements_outlive_their_tags(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(EXAMPLE | {"production": "2.1"}, 5))
    record(repository, seen({name: c for name, c in (EXAMPLE | {"production": "2.1"}).items() if name != "2.0"}, 10))
    assert Movement.objects.get(tag__name="production").from_version == "2.0"


def test_a_push_time_inside_the_interval_narrows_it(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    moved = seen(EXAMPLE | {"production": "2.1"}, 5, pushed={"production": at(3)})
    [movement] = record(repository, moved)
    assert (movement.after, movement.before) == (at(3), at(3) + SECOND)  # a time that was cut to the second
    assert movement.source == Movement.Source.PUSH_TIME


def test_moves_whose_push_times_are_told_are_not_said_to_be_one(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    tags = EXAMPLE | {"production": "2.1", "qatesting": "2.2", "perftesting": "2.2", "rollback": "2.0"}
    pushed = {"production": at(2), "qatesting": at(3), "perftesting": at(3)}
    movements = {move.tag.name: move for move in record(repository, seen(tags, 5, pushed=pushed))}
    assert movements["production"].found_at != movements["qatesting"].found_at
    assert movements["qatesting"].found_at == movements["perftesting"].found_at == at(3) + SECOND
    assert movements["rollback"].found_at == at(5) + 4 * SECOND


def test_a_new_tag_was_there_from_its_push_on_though_nobody_had_seen_it(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    [movement] = record(repository, seen(EXAMPLE | {"staging": "2.1"}, 5, pushed={"staging": at(3)}))
    assert (movement.kind, movement.before) == (Kind.APPEARED, at(3) + SECOND)
    assert [repository.tags.at(at(minute)).filter(name="staging").exists() for minute in (3, 4)] == [False, True]


def test_a_tag_that_gave_no_answer_at_first_was_there_from_its_push_on(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(EXAMPLE, 5, failing=("staging",)))
    record(repository, seen(EXAMPLE | {"staging": "2.1"}, 10, pushed={"staging": at(3)}))
    assert repository.tags.at(at(4)).filter(name="staging").exists()


@pytest.mark.parametrize("grain", [dt.timedelta(milliseconds=1), dt.timedelta(microseconds=1)])
def test_a_push_time_is_as_exact_as_it_is_told(repository: Repository, grain: dt.timedelta) -> None:
    record(repository, seen(EXAMPLE, 0))
    pushed = at(3) + SECOND / 4 + grain
    [movement] = record(repository, seen(EXAMPLE | {"production": "2.1"}, 5, pushed={"production": pushed}))
    assert (movement.after, movement.before) == (pushed, pushed + grain)


def test_the_time_of_a_push_that_may_have_been_a_second_one_is_only_the_latest(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    listing = seen(EXAMPLE | {"production": "2.1"}, 5, pushed={"production": at(3) + SECOND / 4})
    again = tuple(dataclasses.replace(one, pushed_again=True) for one in listing.observations)
    [movement] = record(repository, dataclasses.replace(listing, observations=again))
    assert movement.after == at(0) + 2 * SECOND
    assert movement.before == at(3) + SECOND / 4 + dt.timedelta(milliseconds=1)


@pytest.mark.parametrize("minute", [-1, 6])
def test_a_push_time_outside_the_interval_is_ignored(repository: Repository, minute: int) -> None:
    record(repository, seen(EXAMPLE, 0))
    moved = seen(EXAMPLE | {"production": "2.1"}, 5, pushed={"production": at(minute)})
    [movement] = record(repository, moved)
    assert (movement.after, movement.before) == (at(0) + 2 * SECOND, at(5) + 3 * SECOND)


def test_a_clock_that_was_set_back_turns_no_interval_inside_out(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 10))
    [movement] = record(repository, seen(EXAMPLE | {"production": "2.1"}, 5))
    assert movement.after == movement.before == at(5) + 3 * SECOND


def test_a_move_across_a_gap_says_so(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({}, 5, error=TimedOut("registry timed out")))
    [movement] = record(repository, seen(EXAMPLE | {"production": "2.1"}, 10))
    assert movement.across_gap
    [movement] = record(repository, seen(EXAMPLE | {"production": "2.2"}, 15))
    assert not movement.across_gap


def test_a_version_looked_at_by_the_poll_that_ended_a_gap_does_not_move_across_it(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({}, 5, error=TimedOut("registry timed out")))
    listing = seen(EXAMPLE, 10)
    late = [dataclasses.replace(look, sent_at=look.received_at) for look in listing.observations if look.tag == "1.0"]
    record(repository, dataclasses.replace(listing, observations=(*late, *listing.observations[1:])))
    [movement] = record(repository, seen(EXAMPLE | {"1.0": "made anew"}, 15))
    assert (movement.kind, movement.after, movement.across_gap) == (Kind.REBUILT, at(10) + 3 * SECOND, False)


def test_a_version_that_goes_while_a_pointer_comes_to_it_still_names_it(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    without = {name: content for name, content in EXAMPLE.items() if name != "2.2"}
    movements = record(repository, seen(without | {"production": "2.2"}, 5))
    assert sentences(movements) == ["2.2 was removed", "production moved forward from 2.0 to 2.2"]


def test_a_role_set_by_hand_stays(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    repository.tags.filter(name="2.2").set_role("pointer")
    record(repository, seen(EXAMPLE | {"2.2": "other", "2.3": "2.3"}, 5))
    assert repository.tags.get(name="2.2").role == "pointer"
    assert Movement.objects.get(tag__name="2.2").kind != Kind.REBUILT


def test_each_digest_is_known_once(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    other = make_repository("other")
    record(other, seen(EXAMPLE, 0))
    assert Image.objects.count() == len(set(EXAMPLE.values()))


@pytest.mark.parametrize("size", [10, 3000])
def test_an_unchanged_poll_costs_the_same_however_many_tags(repository: Repository, size: int) -> None:
    tags = {f"1.0.{number}": str(number) for number in range(size)}
    record(repository, seen({**tags, "latest": "1"}, 0))
    listing = seen({"latest": "1"}, 5, listed=tags)
    with time_machine.travel(listing.sent_at + 4 * SECOND, tick=False):
        lease = repository.claim()
        with CaptureQueriesContext(connection) as queries:
            repository.record(listing, lease)
    assert len(queries) <= 10
    written = [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    # The sweep, when slices are empty: those were looked at with the list.
    assert {sql.split('"')[1] for sql in written} - {"tags_sweep"} == {"tags_coverage", "tags_repository"}
    assert len(written) <= 3


def test_an_unchanged_poll_reads_no_tags_but_those_it_looked_at(repository: Repository) -> None:
    tags = {f"1.0.{number}": str(number) for number in range(50)}
    record(repository, seen({**tags, "latest": "1"}, 0))
    looked_at = seen({"latest": "1", "1.0.7": "7"}, 5, listed=tags)
    current = Repository.objects.select_related("registry", "sweep").get(pk=repository.pk)
    assert Recording(current, looked_at, at(5)).known.keys() == {"latest", "1.0.7"}
    with mock.patch.object(recording, "MANY", 20):
        told_in_bulk = seen({**tags, "latest": "1", "1.0.7": "another"}, 5)
        assert Recording(current, told_in_bulk, at(5)).known.keys() == {"latest", "1.0.7"}
    another = seen({"latest": "1"}, 5, listed=[*tags, "1.0.99"])
    assert len(Recording(current, another, at(5)).known) == 51


def test_a_pointer_was_removed_since_the_last_look_at_it_and_not_since_the_last_list(repository: Repository) -> None:
    without = {name: content for name, content in EXAMPLE.items() if name not in ("rollback", "1.0")}
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({**without, "1.0": "1.0"}, 5, failing=("rollback",)))  # it may have moved before it went
    version, pointer = sorted(record(repository, seen(without, 10)), key=lambda movement: movement.tag.name)
    assert (pointer.kind, pointer.after) == (Kind.REMOVED, at(0) + 2 * SECOND)
    assert (version.kind, version.after) == (Kind.REMOVED, at(5)), "a version is where it was as long as it is listed"


def test_a_tag_that_came_back_unseen_returned_since_the_list_that_lacked_it(repository: Repository) -> None:
    without = {name: content for name, content in EXAMPLE.items() if name != "rollback"}
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(without, 5))
    record(repository, seen(without, 10, failing=("rollback",)))
    assert repository.tags.get(name="rollback").state == Tag.State.UNKNOWN
    [movement] = record(repository, seen(EXAMPLE, 15))
    assert (movement.kind, movement.after, movement.before) == (Kind.RETURNED, at(5), at(15) + 3 * SECOND)


@pytest.mark.parametrize("left_for", [{"production": "2.1"}, {}], ids=["for another image", "for good"])
def test_a_tag_may_have_left_its_image_before_a_look_that_found_none(
    repository: Repository, left_for: dict[str, str]
) -> None:
    without = {name: content for name, content in EXAMPLE.items() if name != "production"}
    record(repository, seen(EXAMPLE, 0))
    assert record(repository, seen({**without, "production": None}, 5)) == []
    assert record(repository, seen({**without, "production": None}, 10)) == []
    [movement] = record(repository, seen(without | left_for, 15))
    assert movement.from_digest == digest("2.0")
    assert movement.after == at(0) + 2 * SECOND


def test_a_tag_whose_image_is_found_again_has_been_there_all_the_time(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    assert record(repository, seen({**EXAMPLE, "production": None}, 5)) == []
    assert record(repository, seen(EXAMPLE, 10)) == []
    [movement] = record(repository, seen({**EXAMPLE, "production": "2.1"}, 15))
    assert movement.after == at(10) + 2 * SECOND


def test_an_image_that_comes_behind_a_listed_tag_makes_it_appear(repository: Repository) -> None:
    record(repository, seen(EXAMPLE | {"staging": None}, 0))
    record(repository, seen(EXAMPLE | {"staging": None}, 5))
    [movement] = record(repository, seen(EXAMPLE | {"staging": "2.0"}, 10))
    assert (movement.kind, movement.after) == (Kind.APPEARED, at(5) + 2 * SECOND)


def test_a_missing_image_is_missing_in_the_past_too(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(EXAMPLE | {"production": None}, 5))
    assert "app:production (its image is missing)" in repository.draw()
    assert "app:production (its image is missing)" in repository.draw(at(6))
    assert "app:production --> 2.0" in repository.draw(at(3))


def test_the_version_of_an_image_is_known_after_its_tag_is_gone(repository: Repository) -> None:
    without = {name: content for name, content in EXAMPLE.items() if name != "2.0"}
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(without, 5))
    [movement] = record(repository, seen(without | {"production": "2.1"}, 10))
    assert movement.sentence == "production moved forward from 2.0 to 2.1"


def test_what_came_back_with_other_content_has_moved(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({name: content for name, content in EXAMPLE.items() if name != "2.1"}, 5))
    [movement] = record(repository, seen(EXAMPLE | {"2.1": "2.1 anew"}, 10))
    assert movement.kind == Kind.RETURNED
    assert repository.tags.get(name="2.1").moved


def test_a_missing_image_that_gave_no_answer_is_checked_again(repository: Repository) -> None:
    record(repository, seen(EXAMPLE | {"staging": None}, 0))
    record(repository, seen(EXAMPLE, 5, failing=("staging",)))
    assert repository.tags.get(name="staging").looked_at == at(0) + 2 * SECOND
    record(repository, seen(EXAMPLE | {"staging": None}, 10))
    assert repository.tags.get(name="staging").looked_at is None


def test_a_version_is_not_said_to_point_to_itself(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    [movement] = record(repository, seen(EXAMPLE | {"2.3": "2.3"}, 5))
    assert movement.sentence == "2.3 appeared"
    [movement] = record(repository, seen(EXAMPLE, 10))
    assert movement.sentence == "2.3 was removed"
    [movement] = record(repository, seen(EXAMPLE | {"2.3": "2.3"}, 15))
    assert movement.sentence == "2.3 came back"


def test_a_media_type_of_any_length_costs_nothing(repository: Repository) -> None:
    listing = seen({"2.0": "2.0"}, 0)
    long = dataclasses.replace(listing.observations[0], media_type="x" * 5000)
    record(repository, dataclasses.replace(listing, observations=(long,)))
    assert len(Image.objects.get().media_type) == 255


def test_a_pointer_moves_to_a_version_in_part_by_its_name_when_the_image_has_no_other(repository: Repository) -> None:
    tags = {"1.2": "1.2", "1.3": "1.3", "1.3.1": "1.3.1", "production": "1.2"}
    record(repository, seen(tags, 0))
    moves = record(repository, seen({**tags, "production": "1.3"}, 5))
    assert sentences(moves) == ["production moved forward from 1.2 to 1.3"]
