"""Workers whose clocks are wrong: what they saw is told by the database's clock."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tags import polling, retention, tasks
from tags.models import Coverage, Heartbeat, Movement, Registry, Repository, databaseclock
from tests.factories import watched

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from tests.fakeregistry import FakeRegistry

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)
SECOND = dt.timedelta(seconds=1)


def test_what_a_worker_with_a_wrong_clock_sees_is_told_by_the_right_one(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(example)
    polling.poll(repository)
    example.move("app", "production", "2.1")
    with monkeypatch.context() as wrong, time_machine.travel(timezone.now() + HOUR, tick=True):
        wrong.setattr(databaseclock, "ahead", lambda: -HOUR)
        assert polling.poll(Repository.objects.select_related("registry").get(), every_tag=True).movements == 1
    movement = Movement.objects.get()
    assert movement.after is not None
    assert timezone.now() - HOUR / 2 < movement.after <= movement.before <= timezone.now()
    assert Coverage.objects.get().until <= timezone.now()
    assert Repository.objects.get().next_poll_at < timezone.now() + HOUR / 2


def test_a_lease_runs_by_the_right_clock(example: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = watched(example)
    lease = repository.claim()
    assert lease
    with monkeypatch.context() as wrong, time_machine.travel(timezone.now() + HOUR, tick=True):
        assert Repository.objects.get().claim(), "by its own clock it ran out"
        Repository.objects.update(lease_token=lease, lease_until=timezone.now() - HOUR + 30 * SECOND)
        wrong.setattr(databaseclock, "ahead", lambda: -HOUR)
        assert Repository.objects.get().claim() is None
        assert repository.renew(lease)


def test_who_has_a_wrong_clock_deletes_nothing_and_puts_nothing_off(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch, settings: SettingsWrapper
) -> None:
    settings.KEEP_MOVEMENTS_DAYS = 30
    repository = watched(example)
    polling.poll(repository)
    example.move("app", "production", "2.1")
    polling.poll(repository, every_tag=True)
    Registry.objects.update(patterns="*")
    with monkeypatch.context() as wrong, time_machine.travel(timezone.now() + 90 * 24 * HOUR, tick=True):
        wrong.setattr(databaseclock, "ahead", lambda: -90 * 24 * HOUR)
        assert retention.prune().movements == 0
        assert tasks.claim_discoveries()
        Heartbeat.beat(Heartbeat.DISPATCH)
    found = Registry.objects.get()
    assert found.next_discovery_at is not None
    assert found.next_discovery_at < timezone.now() + HOUR
    assert Movement.objects.exists()
    assert Coverage.objects.get().watched
    assert Heartbeat.last() <= timezone.now()


@pytest.mark.two_clocks
def test_the_database_says_how_far_it_is_ahead_unless_it_has_the_clock_of_who_asks() -> None:
    assert databaseclock.ahead() == dt.timedelta()
    ahead = HOUR if connection.vendor == "postgresql" else dt.timedelta()
    with time_machine.travel(timezone.now() - HOUR, tick=True):
        assert abs(databaseclock.ahead() - ahead) < 30 * SECOND
        assert abs(databaseclock.now() - timezone.now() - ahead) < 30 * SECOND


@pytest.mark.two_clocks
def test_the_database_is_not_asked_each_time() -> None:
    databaseclock.ahead()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            databaseclock.now()
    assert len(queries) == 0
