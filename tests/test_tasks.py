from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tags import polling, tasks
from tags.models import Heartbeat, Registry, Repository
from tests.listings import make_repository

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long workers may take to hear of it, for each time that they were told."""
    calls: list[float] = []
    monkeypatch.setattr(tasks.poll, "apply_async", lambda expires: calls.append(expires))
    return calls


@pytest.fixture
def polled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []

    def poll(repository: Repository, _lease: object, *, end: float) -> polling.Poll:
        calls.append(repository.reference)
        return polling.Poll(repository.reference, "complete")

    monkeypatch.setattr(polling, "poll", poll)
    return calls


def read(count: int) -> list[str]:
    """So many repositories of a registry that is known to answer."""
    references = [make_repository(f"app{number}").reference for number in range(count)]
    Repository.objects.update(checked_at=timezone.now())
    return references


def test_dispatch_hands_out_what_is_due_once_and_shows_that_it_lives(rung: list) -> None:
    make_repository()
    tasks.dispatch()
    assert len(rung) == 1
    handed_out = Repository.objects.waiting().get().lease_until
    tasks.dispatch()
    assert Repository.objects.waiting().get().lease_until == handed_out
    assert not Heartbeat.is_late(Heartbeat.last())


def test_no_more_is_handed_out_than_is_worked_off_soon(rung: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "LEAST_WAITING", 20)
    monkeypatch.setattr(tasks, "SECONDS_OF_A_DISPATCH", 0)
    Heartbeat.beat(Heartbeat.WORKERS, 6)
    read(30)
    tasks.dispatch()
    tasks.dispatch()
    assert Repository.objects.waiting().count() == 6 * tasks.WAITING_FOR_EACH_PROCESS


def test_the_next_handful_waits_until_half_of_the_last_one_was_taken(
    rung: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LEAST_WAITING", 4)
    monkeypatch.setattr(tasks, "WAITING_FOR_EACH_PROCESS", 0)
    read(8)
    waiting = []
    assert tasks.hand_out(9), "there is more"
    for _ in range(4):
        assert Repository.objects.take(share=9)
        tasks.hand_out(9)
        waiting.append(Repository.objects.waiting().count())
    assert waiting == [3, 4, 3, 4]


def test_each_process_is_told_once_of_a_handful(rung: list, monkeypatch: pytest.MonkeyPatch) -> None:
    Heartbeat.beat(Heartbeat.WORKERS, 6)
    read(10)
    tasks.hand_out(6)
    assert len(rung) == 6


def test_who_is_at_work_need_not_be_told(rung: list) -> None:
    Heartbeat.beat(Heartbeat.WORKERS, 4)
    read(10)
    tasks.hand_out(4)
    assert all(Repository.objects.take(share=4) for _ in range(3))
    Repository.objects.waiting().update(lease_until=None)
    rung.clear()
    tasks.hand_out(4)
    assert len(rung) == 1


def test_what_nobody_heard_of_is_told_again(rung: list) -> None:
    read(3)
    tasks.dispatch()
    rung.clear()  # by a Redis that was emptied
    tasks.dispatch()
    assert len(rung) == 1


def test_what_is_taken_soon_is_followed_by_more_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "LEAST_WAITING", 2)
    monkeypatch.setattr(tasks, "WAITING_FOR_EACH_PROCESS", 1)
    monkeypatch.setattr(tasks, "SECONDS_OF_A_DISPATCH", 600)  # it ends when nothing is left to be handed out
    monkeypatch.setattr(tasks, "SECONDS_BETWEEN_HANDFULS", 0)
    Heartbeat.beat(Heartbeat.WORKERS, 1)
    read(5)
    taken: list[int] = []

    def take(expires: float) -> None:
        assert Repository.objects.waiting().count() <= 2
        while claim := Repository.objects.take(share=9):
            taken.append(claim.pk)

    monkeypatch.setattr(tasks.poll, "apply_async", take)
    tasks.dispatch()
    assert sorted(taken) == sorted(Repository.objects.values_list("pk", flat=True))


def test_one_message_is_enough_for_all_of_a_handful_and_another_one_finds_nothing(rung: list, polled: list) -> None:
    references = read(3)
    tasks.dispatch()
    rung.clear()
    for _ in range(2):
        tasks.poll()
    assert sorted(polled) == references
    assert rung == [], "nobody need be told of what is done"


def test_what_only_its_registry_s_polls_keep_waiting_is_left_to_who_is_at_them(rung: list, polled: list) -> None:
    read(3)
    make_repository("elsewhere", address="other.example.com")
    Repository.objects.filter(name="elsewhere").update(next_poll_at=timezone.now() + dt.timedelta(hours=1))
    Heartbeat.beat(Heartbeat.WORKERS, 4)
    tasks.hand_out(4)
    Repository.objects.take(share=2)
    other = Repository.objects.take(share=2)
    assert other
    rung.clear()
    tasks.poll()
    assert (polled, rung) == ([], []), "a process that can do nothing would be told again and again"
    Repository.objects.get(pk=other.pk).leave(other.lease)
    tasks.poll()
    assert len(polled) == 1


def test_a_sitting_that_was_long_leaves_the_rest_to_another(
    rung: list, polled: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SECONDS_OF_A_SITTING", 0)
    read(1)
    tasks.dispatch()
    rung.clear()
    tasks.poll()
    assert polled == []
    assert len(rung) == 1


def test_a_long_list_has_no_more_time_than_is_left_of_the_sitting(rung: list, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[float] = []

    def poll(repository: Repository, _lease: object, *, end: float) -> polling.Poll:
        ends.append(end)
        return polling.Poll(repository.reference, "complete")

    monkeypatch.setattr(polling, "poll", poll)
    read(2)
    tasks.dispatch()
    tasks.poll()
    assert len(ends) == 2
    assert len(set(ends)) == 1


def test_a_mistake_of_ours_amid_a_handful_leaves_the_rest_to_another(
    rung: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_repository: Repository, _lease: object, *, end: float) -> polling.Poll:
        raise ZeroDivisionError

    monkeypatch.setattr(polling, "poll", fail)
    read(2)
    tasks.dispatch()
    rung.clear()
    with pytest.raises(ZeroDivisionError):
        tasks.poll()
    assert len(rung) == 1
    assert Repository.objects.waiting().count() == 1


def test_a_message_about_a_repository_that_is_gone_is_dropped(rung: list, polled: list) -> None:
    make_repository()
    tasks.dispatch()
    Repository.objects.all().delete()
    tasks.poll()
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
