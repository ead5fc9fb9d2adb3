from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from tags import polling, tasks
from tags.models import Heartbeat, Registry, Repository
from tests.listings import make_repository

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed_out(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    calls: list[tuple[int, str]] = []
    monkeypatch.setattr(tasks.poll, "apply_async", lambda args, **_options: calls.append(args))
    return calls


@pytest.fixture
def polled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []

    def poll(repository: Repository, lease: object) -> polling.Poll:
        calls.append(repository.reference)
        return polling.Poll(repository.reference, "complete")

    monkeypatch.setattr(polling, "poll", poll)
    return calls


def test_dispatch_hands_out_what_is_due_once_and_shows_that_it_lives(handed_out: list) -> None:
    repository = make_repository()
    tasks.dispatch()
    tasks.dispatch()
    assert [pk for pk, _lease in handed_out] == [repository.pk]
    assert not Heartbeat.is_late(Heartbeat.last())


def test_no_more_is_handed_out_than_is_worked_off_soon(handed_out: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "LEAST_WAITING", 20)
    monkeypatch.setattr(tasks, "SECONDS_OF_A_DISPATCH", 0)
    Heartbeat.beat(Heartbeat.WORKERS, 6)
    for number in range(30):
        make_repository(f"app{number}")
    Repository.objects.update(checked_at=timezone.now())
    tasks.dispatch()
    tasks.dispatch()
    assert len(handed_out) == 6 * tasks.WAITING_FOR_EACH_PROCESS


def test_what_is_taken_soon_is_followed_by_more_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "LEAST_WAITING", 2)
    monkeypatch.setattr(tasks, "WAITING_FOR_EACH_PROCESS", 1)
    monkeypatch.setattr(tasks, "SECONDS_OF_A_DISPATCH", 600)  # it ends when nothing is left to be handed out
    monkeypatch.setattr(tasks, "SECONDS_BETWEEN_HANDFULS", 0)
    Heartbeat.beat(Heartbeat.WORKERS, 1)
    for number in range(5):
        make_repository(f"app{number}")
    Repository.objects.update(checked_at=timezone.now())
    taken: list[int] = []

    def take(args: tuple[int, str], **_options: object) -> None:
        assert Repository.objects.waiting().count() <= 2
        assert Repository.objects.get(pk=args[0]).take(uuid.UUID(args[1]), share=9)
        taken.append(args[0])

    monkeypatch.setattr(tasks.poll, "apply_async", take)
    tasks.dispatch()
    assert sorted(taken) == sorted(Repository.objects.values_list("pk", flat=True))


def test_the_same_message_twice_is_one_poll(handed_out: list, polled: list) -> None:
    make_repository()
    tasks.dispatch()
    for _ in range(2):
        tasks.poll(*handed_out[0])
    assert polled == ["127.0.0.1:5000/app"]


def test_a_message_about_a_repository_that_is_gone_is_dropped(handed_out: list, polled: list) -> None:
    make_repository()
    tasks.dispatch()
    Repository.objects.all().delete()
    tasks.poll(*handed_out[0])
    assert polled == []


def test_only_registries_with_patterns_are_discovered_and_one_dispatch_wins() -> None:
    Registry.objects.create(address="a.example.com")
    wanted = Registry.objects.create(address="b.example.com", patterns="*")
    Registry.objects.create(address="c.example.com", patterns="*", enabled=False)
    Registry.objects.create(
        address="d.example.com", patterns="*", next_discovery_at=timezone.now() + dt.timedelta(minutes=5)
    )
    assert tasks.claim_discoveries() == [wanted.pk]
    assert tasks.claim_discoveries() == []


def test_a_heart_that_never_beat_or_stopped_is_late() -> None:
    assert Heartbeat.is_late(Heartbeat.last())
    Heartbeat.objects.create(part=Heartbeat.DISPATCH, beat_at=timezone.now() - Heartbeat.LATE * 2)
    assert Heartbeat.is_late(Heartbeat.last())
    Heartbeat.beat(Heartbeat.DISPATCH)
    assert not Heartbeat.is_late(Heartbeat.last())
