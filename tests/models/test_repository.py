from __future__ import annotations

import datetime as dt
import uuid

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tags.models import Coverage, LeaseLost, Movement, Repository, Tag
from tags.models.queued import LEASE
from tags.registry import RateLimited, TimedOut
from tests.listings import EXAMPLE, SECOND, START, at, digest, make_repository, record, seen

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.mark.parametrize("how", ["stolen", "run out"])
def test_a_poll_that_lost_its_lease_writes_nothing(clock, how: str) -> None:
    repository = make_repository()
    lease = repository.claim()
    if how == "stolen":
        Repository.objects.update(lease_token=uuid.uuid4())
    else:
        clock.shift(LEASE + SECOND)
    with pytest.raises(LeaseLost):
        repository.record(seen(EXAMPLE, 0), lease)
    assert not Tag.objects.exists()
    assert not repository.coverage.exists()


def test_the_next_poll_is_on_the_repository_s_own_beat() -> None:
    repository = make_repository(interval=300)
    record(repository, seen(EXAMPLE, 0))
    first = repository.next_poll_at
    assert at(0) < first <= at(0) + dt.timedelta(seconds=304)
    record(repository, seen(EXAMPLE, 5))
    assert repository.next_poll_at - first == dt.timedelta(seconds=300)


def test_repositories_are_spread_over_the_interval() -> None:
    seconds = set()
    for number in range(20):
        repository = make_repository(f"app{number}")
        record(repository, seen({"latest": "1"}, 0))
        seconds.add(repository.next_poll_at)
    assert len(seconds) > 10


def test_failures_push_the_next_poll_further_away_each_time() -> None:
    repository = make_repository(interval=60)
    waits = []
    for minute in (0, 10, 20, 30):
        record(repository, seen({}, minute, error=TimedOut("no answer")))
        waits.append(repository.next_poll_at - repository.polled_at)
    assert waits == sorted(waits)
    assert waits[-1] > dt.timedelta(seconds=240)
    record(repository, seen(EXAMPLE, 40))
    assert repository.next_poll_at - repository.polled_at <= dt.timedelta(seconds=60)


def test_a_registry_that_asks_for_patience_gets_it() -> None:
    repository = make_repository(interval=60)
    record(repository, seen({}, 0, error=RateLimited("too many requests", retry_after=500)))
    assert repository.next_poll_at - repository.polled_at >= dt.timedelta(seconds=500)


def test_the_database_refuses_a_second_row_for_a_tag() -> None:
    repository = make_repository()
    record(repository, seen(EXAMPLE, 0))
    tag = repository.tags.get(name="production")
    tag.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        tag.save(force_insert=True)


@pytest.mark.parametrize(
    "change",
    [{"digest": "sha256:nothex"}, {"digest": None}, {"after": at(10), "before": at(5)}, {"state": "removed"}],
    ids=str,
)
def test_the_database_refuses_a_tag_that_cannot_be(change: dict) -> None:
    repository = make_repository()
    record(repository, seen(EXAMPLE, 0))
    with pytest.raises(IntegrityError), transaction.atomic():
        repository.tags.filter(name="production").update(**change)


@pytest.mark.parametrize(
    "change",
    [{"to_digest": "x"}, {"from_digest": "sha256:"}, {"kind": "history"}, {"after": at(10), "before": at(5)}],
    ids=str,
)
def test_the_database_refuses_a_movement_that_cannot_be(change: dict) -> None:
    repository = make_repository()
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(EXAMPLE | {"production": "2.1"}, 5))
    with pytest.raises(IntegrityError), transaction.atomic():
        Movement.objects.update(**change)


def test_names_that_are_no_repository_are_refused_in_words() -> None:
    repository = make_repository("Shop/App")
    with pytest.raises(ValidationError, match="is not a repository's name"):
        repository.full_clean()


def test_a_look_asked_for_during_a_poll_comes_right_after_it(clock) -> None:
    repository = make_repository()
    lease = repository.claim()
    clock.shift(SECOND)
    Repository.objects.look_soon()
    clock.shift(SECOND)
    repository.record(seen(EXAMPLE, 0), lease)
    assert Repository.objects.claim_due(limit=1, share=4) == [repository.pk]


def test_what_is_paused_during_a_poll_stays_paused(clock) -> None:
    repository = make_repository()
    lease = repository.claim()
    Repository.objects.update(enabled=False)
    Repository.objects.all().pause()
    clock.shift(SECOND)
    repository.record(seen(EXAMPLE, 0), lease)
    assert repository.coverage.last().reason == Coverage.PAUSED


def test_one_tag_that_asks_for_patience_makes_no_poll_come_sooner() -> None:
    repository = make_repository(interval=300)
    record(repository, seen(EXAMPLE, 0, failing=("2.0",), wait=1))
    assert repository.next_poll_at - repository.polled_at >= dt.timedelta(seconds=300)


class TestCursor:
    """What spares the next poll from reading everything again."""

    CURSOR = "page of Monday"

    @pytest.fixture
    def repository(self) -> Repository:
        repository = make_repository()
        record(repository, seen(EXAMPLE, 0, cursor=self.CURSOR))
        return repository

    def test_the_next_poll_goes_on_from_the_last_one(self, repository: Repository) -> None:
        assert repository.cursor_at(at(5)) == self.CURSOR
        record(repository, seen({}, 5, listed=EXAMPLE, vouched=frozenset(EXAMPLE), cursor="Tuesday"), self.CURSOR)
        assert repository.cursor_at(at(10)) == "Tuesday"

    def test_once_a_day_everything_is_read_again(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 60, cursor="later"), self.CURSOR)  # with a cursor: not everything was
        assert repository.read_whole_at == at(0)
        assert repository.cursor_at(at(20 * 60 - 1)) == "later"
        assert repository.cursor_at(at(23 * 60 + 5)) == ""
        record(repository, seen(EXAMPLE, 24 * 60, cursor="anew"))
        assert repository.cursor_at(at(25 * 60)) == "anew"

    def test_repositories_are_not_all_read_again_in_the_same_hour(self) -> None:
        hours = set()
        for number in range(20):
            repository = make_repository(f"app-{number}")
            record(repository, seen(EXAMPLE, 0, cursor=self.CURSOR))
            hours.add(next(hour for hour in range(20, 25) if not repository.cursor_at(at(60 * hour))))
        assert len(hours) > 1

    def test_a_clock_that_was_set_back_makes_no_cursor_last_longer(self, repository: Repository) -> None:
        assert repository.cursor_at(at(-1)) == ""

    def test_a_failed_poll_keeps_it(self, repository: Repository) -> None:
        record(repository, seen({}, 5, error=TimedOut("no answer")), self.CURSOR)
        assert repository.cursor_at(at(10)) == self.CURSOR

    @pytest.mark.parametrize(
        "listing",
        [
            seen({}, 5, cursor="new"),
            seen({}, 5, listed=EXAMPLE, error=TimedOut("cut"), cursor="new"),
            seen(EXAMPLE, 5, failing=("next",), cursor="new"),
        ],
        ids=["doubted", "cut", "a tag without an answer"],
    )
    def test_after_a_poll_that_was_not_whole_everything_is_read_again(self, repository: Repository, listing) -> None:
        record(repository, listing, self.CURSOR)
        assert repository.cursor_at(at(10)) == ""
        record(repository, seen({}, 10, error=TimedOut("no answer")))
        assert repository.cursor_at(at(15)) == ""

    def test_a_poll_that_fell_back_to_the_plain_way_leaves_none(self, repository: Repository) -> None:
        record(repository, seen(EXAMPLE, 5), self.CURSOR)
        assert repository.cursor_at(at(10)) == ""


def test_of_the_tags_that_are_there_those_with_an_image_have_a_digest() -> None:
    repository = make_repository()
    record(repository, seen({"1.0": "a", "1.1": "b", "broken": None}, 0, failing=("next",)))
    record(repository, seen({"1.0": "a", "broken": None}, 5, failing=("next",)))
    assert repository.digests() == {"1.0": digest("a"), "broken": None, "next": None}
