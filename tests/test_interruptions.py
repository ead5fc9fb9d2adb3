"""What goes wrong amid a poll: a database that is away for a moment, clocks that are set, people who change things."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone

from tags import polling
from tags.models import Inventory, Movement, Registry, Repository, Tag, databaseclock
from tests.factories import watched
from tests.faults import status

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakeregistry import FakeRegistry

pytestmark = pytest.mark.django_db

SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _away_for_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection of a test is its transaction: it is not closed."""
    monkeypatch.setattr(polling, "SECONDS_UNTIL_ASKED_AGAIN", 0)
    monkeypatch.setattr(polling.connection, "close", lambda: None)


@pytest.fixture
def long_list(fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> FakeRegistry:
    monkeypatch.setattr(polling, "NAMES_IN_A_PART", 25)
    fake_registry.most_per_page = 10
    for number in range(95):
        fake_registry.push("app", f"1.0.{number:03}", f"content of {number}")
    return fake_registry


def interrupted(method: Callable[..., Any], *, done: bool) -> Callable[..., Any]:
    """The method, whose first call finds the database away: before it began, or when all was `done`."""
    calls: list[int] = []

    def call(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        answer = method(*arguments, **named) if done or len(calls) > 1 else None
        if len(calls) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        return answer

    return call


# --- The database ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["turn", "record", "leave", "finish"])
def test_a_database_that_is_away_for_a_moment_ends_no_poll(
    long_list: FakeRegistry, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    repository = watched(long_list)
    monkeypatch.setattr(Repository, method, interrupted(getattr(Repository, method), done=False))
    end, outcome = (-math.inf, polling.UNFINISHED) if method == "leave" else (math.inf, "complete")
    assert polling.poll(repository, repository.claim(), end=end).outcome == outcome
    assert Repository.objects.get().failures == 0


def test_a_part_that_was_written_down_unheard_counts_once(
    long_list: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(long_list)
    polling.poll(repository)
    for number in range(40, 90):
        long_list.delete("app", f"1.0.{number:03}")
    monkeypatch.setattr(Repository, "record", interrupted(Repository.record, done=True))
    poll = polling.poll(repository)
    assert (poll.outcome, poll.tags) == ("partial", 45)
    assert "lost 50 of 95 tags at once" in poll.error
    assert not Tag.objects.filter(state=Tag.State.REMOVED).exists()


def test_a_registry_s_trouble_counts_once_however_often_it_is_written_down(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(example)
    example.fault(status(500))
    monkeypatch.setattr(Repository, "record", interrupted(Repository.record, done=False))
    polling.poll(repository)
    assert Registry.objects.get().failures == 1


def test_who_lost_the_lease_says_nothing_of_the_registry_either(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(example)
    example.fault(status(500))
    fetch = polling.fetch

    def fetch_and_lose(*asked: Any) -> Any:
        listing = fetch(*asked)
        Repository.objects.update(lease_token=None)
        return listing

    monkeypatch.setattr(polling, "fetch", fetch_and_lose)
    assert polling.poll(repository).outcome == polling.SKIPPED
    assert Registry.objects.get().failures == 0


def test_a_mistake_of_ours_costs_neither_the_place_in_a_long_list_nor_a_wish(
    long_list: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wish_and_fail(*_arguments: Any) -> None:
        Repository.objects.all().look_soon()
        raise ZeroDivisionError

    monkeypatch.setattr(Repository, "finish", wish_and_fail)
    with pytest.raises(ZeroDivisionError):
        polling.poll(watched(long_list))
    repository = Repository.objects.get()
    assert repository.error == "the poll was broken off; the log says why"
    assert repository.next_poll_at <= timezone.now()
    assert Inventory.objects.get().is_read


# --- Clocks ----------------------------------------------------------------------------------------------------------


def test_a_dispatcher_s_clock_that_is_a_little_ahead_is_no_wish_for_another_poll(example: FakeRegistry) -> None:
    repository = watched(example)
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        Repository.objects.claim_due(limit=1, share=4, now=now + 0.3 * SECOND)
        taken = Repository.objects.take(share=4)
        fetch = polling.fetch

        def fetch_for_a_second(*asked: Any) -> Any:
            clock.shift(SECOND)
            return fetch(*asked)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(polling, "fetch", fetch_for_a_second)
            polling.poll(repository, taken.lease)
    assert Repository.objects.get().next_poll_at > now + SECOND


def test_a_clock_that_is_set_back_amid_a_poll_dates_no_look_into_the_future(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(example)
    polling.poll(repository)
    example.move("app", "production", "2.1")
    before = timezone.now()
    fetch = polling.fetch
    with time_machine.travel(before, tick=True) as clock, monkeypatch.context() as patch:

        def fetch_and_set_the_clock(*asked: Any) -> Any:
            listing = fetch(*asked)
            clock.shift(-HOUR)
            patch.setattr(databaseclock, "ahead", lambda: HOUR)
            return listing

        patch.setattr(polling, "fetch", fetch_and_set_the_clock)
        polling.poll(repository, every_tag=True)
    movement, checked_at = Movement.objects.get(), Repository.objects.get().checked_at
    now = timezone.now() + SECOND
    assert movement.after is not None
    assert movement.after < before <= movement.before <= now
    assert checked_at is not None
    assert checked_at <= now


def test_how_long_a_registry_is_left_alone_does_not_hang_on_a_worker_s_clock(example: FakeRegistry) -> None:
    repository = watched(example)
    example.fault(status(500))
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(timezone.now() + HOUR, tick=True):
        patch.setattr(databaseclock, "ahead", lambda: -HOUR)
        for _ in range(2):
            polling.poll(repository)
    retry_at = Registry.objects.get().retry_at
    assert retry_at is not None
    assert retry_at < timezone.now() + HOUR / 2


# --- People ----------------------------------------------------------------------------------------------------------


def test_what_an_address_said_is_not_written_down_for_the_one_that_it_was_changed_to(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(example)
    fetch = polling.fetch

    def fetch_while_somebody_edits(*asked: Any) -> Any:
        listing = fetch(*asked)
        Registry.objects.update(address="another.example.com")
        return listing

    monkeypatch.setattr(polling, "fetch", fetch_while_somebody_edits)
    assert polling.poll(repository).outcome == polling.SKIPPED
    assert not Tag.objects.exists()
