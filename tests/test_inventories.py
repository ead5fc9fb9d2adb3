"""Polls of a list that is too long for one: part after part, over real HTTP into the real database."""

from __future__ import annotations

import datetime as dt
import math
import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from tags import polling
from tags.models import Coverage, Inventory, Movement, Repository, Tag
from tags.models.recording import Recording
from tests.factories import watched
from tests.fakeregistry import Answer, Exchange, FakeRegistry
from tests.faults import status
from tests.listings import START

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db

NAMES = [f"1.0.{number:03}" for number in range(95)]
SEEDS = range(2) if connection.vendor == "sqlite" else (0,)  # each world takes long


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "NAMES_IN_A_PART", 25)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=True) as clock:
        yield clock


@pytest.fixture
def long_list(fake_registry: FakeRegistry) -> FakeRegistry:
    for name in NAMES:
        fake_registry.push("app", name, f"content of {name}")
    fake_registry.move("app", "production", "1.0.010")
    fake_registry.move("app", "latest", "1.0.094")
    fake_registry.most_per_page = 10
    return fake_registry


@pytest.fixture
def repository(long_list: FakeRegistry) -> Repository:
    return watched(long_list)


def again(repository: Repository, clock: time_machine.Traveller, minutes: float = 10, **how: bool) -> polling.Poll:
    clock.shift(dt.timedelta(minutes=minutes))
    return polling.poll(Repository.objects.select_related("registry").get(pk=repository.pk), **how)


def one_part(repository: Repository) -> polling.Poll:
    """A sitting that is over already."""
    lease = repository.claim()
    assert lease
    current = Repository.objects.select_related("registry").get(pk=repository.pk)
    return polling.poll(current, lease, end=-math.inf)


def test_all_parts_make_one_poll(repository: Repository, long_list: FakeRegistry) -> None:
    poll = polling.poll(repository)
    assert (poll.outcome, poll.tags, poll.movements) == ("complete", 97, 0)
    assert {tag.name: tag.digest for tag in Tag.objects.all()} == long_list.repositories["app"]
    assert set(Tag.objects.values_list("state", flat=True)) == {Tag.State.PRESENT}
    assert Coverage.objects.get().watched
    repository.refresh_from_db()
    assert repository.listed_at == repository.checked_at is not None
    assert repository.lease_token is None


def test_what_is_looked_at_afterwards_is_what_a_list_in_one_piece_would_have(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    polling.poll(repository)
    before = len(long_list.asked("/manifests/"))
    assert again(repository, clock).outcome == "complete"
    assert {request.path.rpartition("/")[2] for request in long_list.asked("/manifests/")[before:]} == {
        "latest",
        "production",
    }


def test_a_move_a_new_tag_and_one_that_went_are_each_recorded_once(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    polling.poll(repository)
    listed_at = Repository.objects.get().listed_at
    long_list.move("app", "production", "1.0.020")
    long_list.push("app", "1.0.0505", "new")
    long_list.delete("app", "1.0.030")
    assert again(repository, clock).movements == 3
    told = {move.tag.name: move for move in Movement.objects.select_related("tag")}
    assert (told["production"].kind, told["production"].from_version, told["production"].to_version) == (
        "forward",
        "1.0.010",
        "1.0.020",
    )
    assert (told["1.0.0505"].kind, told["1.0.0505"].after) == ("appeared", listed_at)
    assert (told["1.0.030"].kind, told["1.0.030"].from_version) == ("removed", "1.0.030")
    assert again(repository, clock).movements == 0
    assert Movement.objects.count() == 3


def test_a_tag_is_removed_only_when_the_list_came_to_its_end(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    polling.poll(repository)
    long_list.delete("app", "1.0.005")
    long_list.fault(status(500), path=r"last=1\.0\.06")
    assert again(repository, clock).outcome == "failed"
    assert Tag.objects.get(name="1.0.005").state == Tag.State.PRESENT
    assert not Movement.objects.exists()
    long_list.heal()
    asked = len(long_list.asked("/tags/list"))
    assert again(repository, clock).movements == 1
    assert Tag.objects.get(name="1.0.005").state == Tag.State.REMOVED
    assert long_list.asked("/tags/list")[asked].query["last"] == ["1.0.060"]  # it went on where it had come to


def test_a_tag_that_comes_back_before_the_end_was_never_gone(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    polling.poll(repository)
    digest = long_list.repositories["app"].pop("1.0.005")
    long_list.fault(status(400), path=r"last=1\.0\.06")  # the place is none any more: it begins anew
    again(repository, clock)
    long_list.heal()
    long_list.repositories["app"]["1.0.005"] = digest
    assert again(repository, clock).movements == 0
    assert Tag.objects.get(name="1.0.005").absent_since is None


def test_a_list_that_is_too_long_for_a_sitting_is_left_and_due(repository: Repository) -> None:
    assert one_part(repository).outcome == polling.UNFINISHED
    repository.refresh_from_db()
    assert repository.lease_token is None
    assert repository.next_poll_at <= timezone.now()


def test_what_takes_long_to_write_loses_no_lease(
    repository: Repository, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Recording.write

    def slowly(self: Recording) -> list[Movement]:
        clock.shift(dt.timedelta(minutes=2))
        return write(self)

    monkeypatch.setattr(Recording, "write", slowly)
    assert polling.poll(repository).outcome == "complete"


def test_of_a_first_list_it_is_told_how_far_it_was_read(repository: Repository) -> None:
    lease = repository.claim()
    assert lease
    polling.look(polling.Held(repository, lease), timezone.now(), every_tag=False, progress=None)
    assert (repository.outcome, repository.reason) == ("partial", Repository.IS_LONG)
    assert repository.error == "the list is long: 30 tags were read so far"


def test_sittings_of_one_part_each_come_to_the_same(repository: Repository, long_list: FakeRegistry) -> None:
    seen = []
    for _ in range(12):
        seen.append(one_part(repository).outcome)
        if seen[-1] == "complete":
            break
    assert seen[-1] == "complete"
    assert set(seen[:-1]) == {polling.UNFINISHED}
    assert len(seen) == 5  # four parts, and the end
    assert {tag.name: tag.digest for tag in Tag.objects.all()} == long_list.repositories["app"]
    assert Coverage.objects.count() == 1


def test_a_list_that_loses_most_of_its_tags_is_doubted_once(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    polling.poll(repository)
    for name in NAMES[:60]:
        long_list.delete("app", name)
    doubted = again(repository, clock)
    assert (doubted.outcome, doubted.movements) == ("partial", 0)
    assert "the list lost 60 of 97 tags at once" in doubted.error
    assert Tag.objects.present().count() == 97
    assert again(repository, clock).movements == 60
    assert Tag.objects.present().count() == 37


def test_what_most_tags_did_at_once_is_written_in_several_transactions(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tags.models.recording.AT_ONCE", 7)
    polling.poll(repository)
    for name in NAMES[:40]:
        long_list.delete("app", name)
    for name in NAMES[40:]:
        long_list.push("app", name, f"{name} made anew")
    poll = again(repository, clock, every_tag=True)
    assert poll.movements == 40 + 55
    assert Movement.objects.filter(kind="removed").count() == 40
    assert Movement.objects.filter(kind="rebuilt").count() == 55


def test_a_list_that_is_in_no_order_is_read_in_one_piece_from_then_on(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    def backwards(exchange: Exchange) -> None:
        usual = exchange.usual()
        page = usual.body.replace(b'"1.0.040"', b'"1.0.001"')
        exchange.answer(Answer(usual.status, usual.headers, page))

    long_list.fault(backwards, path="last=1.0.039")
    assert polling.poll(repository).outcome == "failed"
    assert not Inventory.objects.get().comes_sorted
    long_list.heal()
    assert again(repository, clock).outcome == "complete"
    assert {tag.name: tag.digest for tag in Tag.objects.all()} == long_list.repositories["app"]


def test_a_list_that_became_short_is_read_in_one_piece(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    polling.poll(repository)
    for name in NAMES[12:52]:
        long_list.delete("app", name)
    again(repository, clock)
    for name in NAMES[52:92]:
        long_list.delete("app", name)
    again(repository, clock)
    again(repository, clock)
    assert {tag.name for tag in Tag.objects.present()} == set(long_list.repositories["app"])
    assert Inventory.objects.get().begun_at is None


def test_a_part_of_which_nothing_changed_reads_no_names(
    repository: Repository, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    polling.poll(repository)
    again(repository, clock)
    read: list[int] = []
    real = Repository.turn

    def counted(self: Repository, *arguments: object) -> set[str]:
        read.append(Tag.objects.count())
        return real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Repository, "turn", counted)
    parts = Inventory.objects.get().parts
    again(repository, clock)
    assert Inventory.objects.get().parts == parts
    assert len(read) == len(parts) == 4


def test_versions_are_swept_through_all_parts(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    polling.poll(repository)
    begun = timezone.now()
    for _ in range(16):
        again(repository, clock, minutes=90)
    looks = Repository.objects.select_related("sweep").get().looks
    assert all(look is not None and look >= begun.timestamp() for look in looks.slices)
    long_list.push("app", "1.0.050", "made anew")
    moved = [again(repository, clock, minutes=90).movements for _ in range(16)]
    assert sum(moved) == 1
    assert Movement.objects.get().kind == "rebuilt"


def test_a_tag_that_came_and_moved_before_the_list_came_to_its_end_moved_after_it_came(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    polling.poll(repository)
    for content in ("a", "b"):
        long_list.push("app", "1.0.0005", content)
        long_list.fault(status(404), path=r"last=1\.0\.06", times=1)  # the list begins anew
        again(repository, clock, every_tag=True)
    appeared, moved = Movement.objects.filter(tag__name="1.0.0005").order_by("before")
    assert moved.after is not None
    assert appeared.after is not None
    assert appeared.after <= moved.after <= moved.before


def test_a_tag_that_came_with_a_list_that_broke_off_and_went_is_missed(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    polling.poll(repository)
    long_list.push("app", "1.0.0005", "for a moment")
    long_list.fault(status(404), path=r"last=1\.0\.06", times=1)  # the list begins anew
    again(repository, clock)
    long_list.delete("app", "1.0.0005")
    again(repository, clock)
    assert Tag.objects.get(name="1.0.0005").state == Tag.State.REMOVED
    assert list(Movement.objects.order_by("before").values_list("kind", flat=True)) == ["appeared", "removed"]


def test_a_tag_that_went_while_the_list_was_short_is_seen_to_come_back(
    repository: Repository, long_list: FakeRegistry, clock: time_machine.Traveller
) -> None:
    polling.poll(repository)
    kept = dict(long_list.repositories["app"])
    for name in [name for name in NAMES if "1.0.010" <= name < "1.0.050"]:
        long_list.delete("app", name)
    again(repository, clock)
    for name in [name for name in NAMES if name >= "1.0.050" and name != "1.0.094"]:
        long_list.delete("app", name)
    again(repository, clock)
    again(repository, clock)
    assert Tag.objects.present().count() == len(long_list.repositories["app"])
    long_list.repositories["app"].update(kept)
    again(repository, clock)
    assert {tag.name: tag.digest for tag in Tag.objects.present()} == kept


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_the_records_follow_from_each_other_and_end_at_the_truth(
    seed: int, fake_registry: FakeRegistry, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(seed)
    fake_registry.most_per_page = 5
    names = [f"1.0.{number}" for number in range(40)] + ["latest", "production", "qatesting"]
    for name in names[:30] + names[-3:]:
        fake_registry.push("app", name, f"content of {name}")
    repository = watched(fake_registry)
    for _ in range(30):
        monkeypatch.setattr(polling, "NAMES_IN_A_PART", dice.choice([5, 10, 15, 1000]))
        there = fake_registry.repositories["app"]
        for name in dice.sample(names, dice.randrange(4)):
            if name in there and dice.random() < 0.5:
                fake_registry.delete("app", name)
            else:
                fake_registry.push("app", name, f"content {dice.randrange(9)}")
        if dice.random() < 0.4:
            fake_registry.fault(status(dice.choice([404, 500])), path=rf"last=1\.0\.{dice.randrange(4)}")
        again(repository, clock, every_tag=dice.random() < 0.3)
        fake_registry.heal()
    for _ in range(3):
        again(repository, clock, every_tag=True)
    there = fake_registry.repositories["app"]
    assert {tag.name: tag.digest for tag in Tag.objects.present()} == there
    for tag in Tag.objects.all():
        moves = list(Movement.objects.filter(tag=tag).order_by("before", "pk"))
        for move, following in pairwise(moves):
            assert move.to_digest == following.from_digest
            assert following.after is None or move.before <= following.before
        if moves:
            assert moves[-1].to_digest == tag.digest
    call_command("rebuild_tags", "--check")  # raises where what is does not follow from what happened
