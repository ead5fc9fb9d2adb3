"""The queue: who is claimed, by whom, in which order, and what is left alone."""

from __future__ import annotations

import datetime as dt
from contextlib import closing

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tags.models import Coverage, Registry, Repository, queued
from tags.models.queued import LEASE, SLOW, TIME_TO_RENEW
from tags.models.repository import ASIDE, MOST_ATTEMPTS
from tests.listings import EXAMPLE, SECOND, START, at, make_repository, record, seen

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def read(address: str, count: int, *, due: dt.datetime = START) -> list[Repository]:
    """Repositories of a registry that is known to answer."""
    repositories = [make_repository(f"app{number}", address=address) for number in range(count)]
    Repository.objects.filter(pk__in=[one.pk for one in repositories]).update(checked_at=START, next_poll_at=due)
    return repositories


def claimed(limit: int = 10, share: int = 4) -> list[str]:
    """What is claimed now, as the registries' addresses."""
    claims = Repository.objects.claim_due(limit=limit, share=share)
    return [Repository.objects.get(pk=pk).registry.address for pk in claims]


def test_a_due_repository_is_claimed_once() -> None:
    repository = make_repository()
    assert Repository.objects.claim_due(limit=10, share=4) == [repository.pk]
    assert Repository.objects.claim_due(limit=10, share=4) == []
    assert repository.claim() is None


def test_no_more_is_claimed_than_asked_and_the_longest_due_comes_first() -> None:
    late, later = make_repository("late"), make_repository("later")
    Repository.objects.filter(pk=late.pk).update(next_poll_at=START - dt.timedelta(minutes=1))
    Repository.objects.filter(pk=later.pk).update(next_poll_at=START - dt.timedelta(minutes=2))
    assert Repository.objects.claim_due(limit=1, share=4) == [later.pk]


@pytest.mark.parametrize("of", ["repository", "registry"])
def test_what_is_disabled_is_not_claimed(of: str) -> None:
    repository = make_repository()
    owner = repository if of == "repository" else repository.registry
    type(owner).objects.update(enabled=False)
    assert Repository.objects.claim_due(limit=10, share=4) == []


def test_a_lease_that_ran_out_is_free_again(clock) -> None:
    repository = make_repository()
    assert Repository.objects.claim_due(limit=10, share=4) == [repository.pk]
    clock.shift(LEASE + SECOND)
    assert Repository.objects.take(share=4) is None
    assert Repository.objects.claim_due(limit=10, share=4) == [repository.pk]
    first = Repository.objects.take(share=4)
    clock.shift(LEASE + SECOND)
    assert not repository.renew(first.lease)
    assert Repository.objects.claim_due(limit=10, share=4) == [repository.pk]
    assert Repository.objects.take(share=4).lease != first.lease


def test_what_was_handed_out_is_taken_once() -> None:
    repository = make_repository()
    Repository.objects.claim_due(limit=10, share=4)
    taken = Repository.objects.take(share=4)
    assert taken.pk == repository.pk
    assert repository.renew(taken.lease)
    assert Repository.objects.take(share=4) is None


def test_look_soon_makes_it_due() -> None:
    repository = make_repository()
    record(repository, seen(EXAMPLE, 0))
    assert Repository.objects.claim_due(limit=1, share=4) == []
    with time_machine.travel(at(1), tick=False):
        assert Repository.objects.look_soon() == 1
        assert len(Repository.objects.claim_due(limit=1, share=4)) == 1


def test_what_was_claimed_in_vain_goes_to_the_end_of_the_line(clock) -> None:
    hanging, waiting = make_repository("hanging"), make_repository("waiting")
    Repository.objects.filter(pk=hanging.pk).update(next_poll_at=START - dt.timedelta(minutes=2))
    Repository.objects.filter(pk=waiting.pk).update(next_poll_at=START - dt.timedelta(minutes=1))
    assert Repository.objects.claim_due(limit=1, share=4) == [hanging.pk]
    clock.shift(LEASE + SECOND)
    assert Repository.objects.claim_due(limit=1, share=4) == [waiting.pk]


if connection.vendor == "postgresql":  # of which rows are locked one by one

    @pytest.mark.django_db(transaction=True)
    def test_what_a_frozen_worker_keeps_locked_keeps_no_other_waiting() -> None:
        locked, free = read("a.example", 2)
        with closing(connection.copy()) as frozen:
            frozen.set_autocommit(False)
            frozen.cursor().execute("SELECT FROM tags_repository WHERE id = %s FOR UPDATE", [locked.pk])
            assert Repository.objects.claim_due(limit=10, share=4) == [free.pk]
            frozen.rollback()
        assert Repository.objects.claim_due(limit=10, share=4) == [locked.pk]

    def test_a_transaction_that_nobody_goes_on_with_ends_and_what_it_locked_is_free() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("1min",)

    def test_a_transaction_that_all_polls_of_a_registry_wait_for_ends_sooner() -> None:
        make_repository()
        Repository.objects.claim_due(limit=10, share=4)
        with CaptureQueriesContext(connection) as queries:
            assert Repository.objects.take(share=4)
        said = [query["sql"] for query in queries]
        limit, lock = "set_config('idle_in_transaction_session_timeout', '10s', true)", "FOR NO KEY UPDATE"
        [limited] = [place for place, sql in enumerate(said) if limit in sql]
        assert limited < next(place for place, sql in enumerate(said) if lock in sql)


class TestAClockThatIsSetBack:
    """The database's, which was a year ahead."""

    @pytest.fixture
    def repository(self) -> Repository:
        repository = make_repository()
        record(repository, seen(EXAMPLE, 0))
        return repository

    def test_what_it_put_off_is_due_again(self, repository: Repository, clock) -> None:
        clock.shift(-dt.timedelta(days=365))
        assert Repository.objects.claim_due(limit=1, share=4) == []
        assert Repository.objects.set_right() == 1
        assert Repository.objects.set_right() == 0, "its turn comes, and it is not put before others for ever"
        assert Repository.objects.claim_due(limit=1, share=4) == [repository.pk]
        assert Repository.objects.take(share=4)
        assert Repository.objects.set_right() == 0, "nobody loses a lease that is not of the future"

    def test_a_lease_of_then_holds_nobody_up(self, repository: Repository, clock) -> None:
        lease = repository.claim()
        clock.shift(-dt.timedelta(days=365))
        assert repository.claim() is None
        assert Repository.objects.set_right() == 1
        assert repository.claim()
        assert not repository.renew(lease)

    def test_what_waits_for_its_time_waits_on(self, repository: Repository, clock) -> None:
        clock.shift(-SECOND)
        assert repository.claim()
        assert Repository.objects.set_right() == 0


class TestTurns:
    def test_registries_take_turns_whoever_has_waited_longest(self) -> None:
        read("many.example.com", 20, due=START - dt.timedelta(hours=1))
        read("few.example.com", 2)
        assert sorted(claimed(limit=6)) == ["few.example.com"] * 2 + ["many.example.com"] * 4

    def test_what_is_handed_out_already_was_a_turn(self) -> None:
        read("many.example.com", 20, due=START - dt.timedelta(hours=1))
        assert claimed(limit=5) == ["many.example.com"] * 5
        read("few.example.com", 20)
        assert claimed(limit=5) == ["few.example.com"] * 5

    def test_no_more_is_handed_out_of_a_registry_than_its_processes_take_soon(self) -> None:
        read("many.example.com", 30)
        assert len(claimed(limit=30, share=2)) == 10
        assert claimed(limit=30, share=2) == []

    def test_a_registry_that_was_never_read_is_tried_with_one(self) -> None:
        for number in range(3):
            make_repository(f"app{number}", address="new.example.com")
        assert claimed() == ["new.example.com"]
        assert claimed() == []

    def test_a_registry_that_fails_is_tried_with_one_and_not_before_its_pause_is_over(self, clock) -> None:
        read("down.example.com", 3)
        Registry.objects.update(failures=2, retry_at=START + 10 * SECOND)
        assert claimed() == []
        clock.shift(11 * SECOND)
        assert claimed() == ["down.example.com"]
        assert claimed() == []

    def test_a_registry_whose_slow_polls_have_its_share_of_the_workers_gets_no_more(self, clock) -> None:
        read("slow.example.com", 5)
        for _ in Repository.objects.claim_due(limit=2, share=2):
            assert Repository.objects.take(share=2)
        assert claimed(share=2, limit=1) == ["slow.example.com"], "they may be over at any moment"
        clock.shift(SLOW + SECOND)
        assert claimed(share=2) == []


class TestTaking:
    def test_no_more_polls_of_a_registry_are_in_work_than_its_share(self) -> None:
        read("one.example.com", 3)
        Repository.objects.claim_due(limit=3, share=2)
        first, second, third = (Repository.objects.take(share=2) for _ in range(3))
        assert third is None
        assert Repository.objects.waiting().count() == 1, "it is left to whoever is at the others"
        assert not Repository.objects.waiting_for_a_process(2).exists(), "and keeps nothing else from being handed out"
        Repository.objects.get(pk=first.pk).leave(first.lease)
        assert Repository.objects.waiting_for_a_process(2).count() == 1
        taken = Repository.objects.take(share=2)
        assert taken.pk not in (first.pk, second.pk)

    def test_who_finds_a_registry_s_share_in_work_takes_what_is_of_others(self) -> None:
        read("one.example.com", 5)
        [free] = read("other.example.com", 1)
        Repository.objects.claim_due(limit=6, share=2)
        one = Repository.objects.filter(registry__address="one.example.com")
        assert all(one.take(share=2) for _ in range(2))
        assert Repository.objects.take(share=2).pk == free.pk
        assert Repository.objects.take(share=2) is None

    def test_what_was_handed_out_first_is_taken_first(self, clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queued, "MANY", 1)
        later, first = read("one.example.com", 2)
        assert Repository.objects.filter(pk=first.pk).claim_due(limit=1, share=4)
        clock.shift(SECOND)
        assert Repository.objects.claim_due(limit=1, share=4) == [later.pk]
        assert [Repository.objects.take(share=4).pk for _ in range(2)] == [first.pk, later.pk]

    def test_what_is_to_be_tried_with_care_after_all_goes_back(self) -> None:
        read("one.example.com", 3)
        Repository.objects.claim_due(limit=3, share=4)
        Registry.objects.update(failures=1)
        assert Repository.objects.take(share=4)
        assert Repository.objects.take(share=4) is None
        assert Repository.objects.leased().count() == 1

    def test_another_registry_s_polls_take_nothing_from_the_share(self) -> None:
        read("one.example.com", 1)
        read("other.example.com", 1)
        for pk in Repository.objects.claim_due(limit=2, share=1):
            assert Repository.objects.filter(pk=pk).take(share=1)

    def test_what_was_handed_out_before_its_registry_failed_is_put_back(self) -> None:
        read("one.example.com", 1)
        Repository.objects.claim_due(limit=1, share=4)
        Registry.objects.update(retry_at=START + SECOND)
        assert Repository.objects.take(share=4) is None
        assert not Repository.objects.leased().exists()

    def test_who_was_killed_counts_no_longer_than_it_takes_to_renew_a_lease(self, clock) -> None:
        read("one.example.com", 3)
        Repository.objects.claim_due(limit=3, share=2)
        killed, alive = (Repository.objects.take(share=2) for _ in range(2))
        for _ in range(3):
            assert Repository.objects.take(share=2) is None
            clock.shift(TIME_TO_RENEW / 2)
            assert Repository.objects.get(pk=alive.pk).renew(alive.lease)
        assert Repository.objects.in_work().get().pk == alive.pk
        assert Repository.objects.get(pk=killed.pk).claim() is None, "it may stand still, and go on"
        assert Repository.objects.take(share=2)

    def test_what_waits_is_told_from_what_is_in_work(self) -> None:
        read("one.example.com", 1)
        Repository.objects.claim_due(limit=1, share=4)
        assert (Repository.objects.waiting().count(), Repository.objects.in_work().count()) == (1, 0)
        Repository.objects.take(share=4)
        assert (Repository.objects.waiting().count(), Repository.objects.in_work().count()) == (0, 1)


class TestAttempts:
    @staticmethod
    def die(repository: Repository, clock: time_machine.Traveller) -> None:
        """A worker takes the repository and is never heard of again."""
        assert repository.claim()
        clock.shift(LEASE + SECOND)

    def test_a_poll_that_comes_to_an_end_ends_the_count(self, clock) -> None:
        repository = make_repository()
        self.die(repository, clock)
        repository.refresh_from_db()
        assert repository.attempts == 1
        record(repository, seen(EXAMPLE, 5))
        assert repository.attempts == 0

    def test_a_repository_that_keeps_killing_its_worker_is_set_aside_for_an_hour_with_the_reason(self, clock) -> None:
        repository = make_repository()
        record(repository, seen(EXAMPLE, 0))
        clock.move_to(at(10))
        for _ in range(MOST_ATTEMPTS):
            assert Repository.objects.set_aside() == 0
            self.die(repository, clock)
        assert Repository.objects.set_aside() == 1
        assert Repository.objects.set_aside() == 0, "it is set aside already"
        assert claimed() == []
        repository.refresh_from_db()
        assert repository.outcome == Repository.Outcome.FAILED
        assert repository.error.startswith("5 polls in a row ended together with the worker that ran them; the next")
        assert repository.coverage.last().reason == Repository.KILLS
        clock.shift(ASIDE)
        assert Repository.objects.set_aside() == 0
        self.die(repository, clock)
        assert Repository.objects.set_aside() == 1, "after the hour it had one attempt"

    def test_one_that_gets_well_again_is_watched_again(self, clock) -> None:
        repository = make_repository()
        record(repository, seen(EXAMPLE, 0))
        clock.move_to(at(10))
        for _ in range(MOST_ATTEMPTS):
            self.die(repository, clock)
        Repository.objects.set_aside()
        record(repository, seen(EXAMPLE, 80))
        assert (repository.attempts, repository.outcome) == (0, Repository.Outcome.COMPLETE)
        assert [stretch.reason for stretch in Coverage.objects.all()] == ["", Repository.KILLS, ""]
