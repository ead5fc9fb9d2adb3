"""A poll as a whole: over real HTTP into the real database."""

from __future__ import annotations

import dataclasses
import json
import threading
from typing import TYPE_CHECKING

import pytest

from tags import clients, polling
from tags.models import Coverage, Movement, Repository, Tag
from tags.registry import BadAnswer, Client, ServerError, TimedOut
from tests.factories import watched
from tests.fakeregistry import FakeRegistry
from tests.faults import cut, hang, status
from tests.listings import EXAMPLE

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.django_db

real_connect = clients.connect


def test_a_move_in_the_registry_becomes_a_movement(example: FakeRegistry) -> None:
    repository = watched(example)
    first = polling.poll(repository)
    assert (first.outcome, first.tags, first.movements, first.requests) == ("complete", 12, 0, 13)
    example.move("app", "production", "2.1")
    second = polling.poll(repository)
    assert (second.outcome, second.movements, second.requests) == ("complete", 1, 13)
    assert Movement.objects.get().sentence == "production moved forward from 2.0 to 2.1"


@pytest.mark.parametrize(
    ("fault", "path", "outcome", "reason"),
    [
        (status(500), "/tags/list", "failed", ServerError.reason),
        (status(503), "/manifests/", "partial", ServerError.reason),
        (cut(), "/tags/list", "failed", BadAnswer.reason),
    ],
    ids=["list 500", "looks 503", "list cut"],
)
def test_a_registry_that_fails_removes_nothing_and_leaves_a_gap(
    example: FakeRegistry, fault, path: str, outcome: str, reason: str
) -> None:
    repository = watched(example)
    polling.poll(repository)
    example.fault(fault, path=path)
    assert polling.poll(repository).outcome == outcome
    assert not Movement.objects.exists()
    assert not Tag.objects.exclude(state=Tag.State.PRESENT).exists()
    assert Coverage.objects.last().reason == reason
    assert repository.error
    example.heal()
    assert polling.poll(repository).outcome == "complete"
    assert not Movement.objects.exists()


def test_a_registry_that_never_answers_times_out(example: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = watched(example)
    polling.poll(repository)
    monkeypatch.setattr(clients, "connect", lambda settings: real_connect(settings, deadline=0.3))
    clients._clients.clear()
    example.fault(hang(), path="/tags/list")
    assert polling.poll(repository).outcome == "failed"
    assert Coverage.objects.last().reason == TimedOut.reason
    assert not Movement.objects.exists()


def test_a_half_finished_listing_keeps_what_its_other_half_held() -> None:
    with FakeRegistry(most_per_page=5) as registry:
        for tag, content in EXAMPLE.items():
            registry.push("app", tag, content)
        repository = watched(registry)
        polling.poll(repository)
        registry.fault(status(502), path="last=")
        result = polling.poll(repository)
        assert result.outcome == "partial"
        assert not Movement.objects.exists()
        assert Coverage.objects.last().reason == ServerError.reason


def test_polls_share_one_token() -> None:
    with FakeRegistry(auth="bearer", username="reader", password="pass") as registry:
        for tag, content in EXAMPLE.items():
            registry.push("app", tag, content)
        repository = watched(registry)
        for _ in range(2):
            assert polling.poll(repository).outcome == "complete"
        assert len(registry.asked("^/token")) == 1
        assert not registry.asked("^/v2/$")


def test_somebody_else_s_repository_is_left_alone(example: FakeRegistry) -> None:
    repository = watched(example)
    repository.claim()
    assert polling.poll(repository).outcome == polling.SKIPPED
    assert example.requests == []


def test_a_long_poll_keeps_its_lease_alive(example: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = watched(example)
    renewed_often = threading.Event()
    renewals = iter([lambda: None, lambda: None, renewed_often.set])
    monkeypatch.setattr(polling, "SECONDS_BETWEEN_RENEWALS", 0.02)
    monkeypatch.setattr(Repository, "renew", lambda self, lease: next(renewals, lambda: None)() is None)
    # The list does not come before the lease was renewed three times.
    example.fault(lambda exchange: not renewed_often.wait(10), path="/tags/list", times=1)
    assert polling.poll(repository).outcome == "complete"
    assert renewed_often.is_set()


def test_a_poll_that_lost_its_lease_stops_and_writes_nothing(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(example)
    monkeypatch.setattr(polling, "SECONDS_BETWEEN_RENEWALS", 0.05)
    monkeypatch.setattr(Repository, "renew", lambda self, lease: False)
    example.fault(hang(), path="/tags/list")
    assert polling.poll(repository).outcome == polling.SKIPPED
    assert not Tag.objects.exists()


def test_a_poll_s_facts_are_what_the_json_of_the_command_promises(example: FakeRegistry) -> None:
    fields = dataclasses.asdict(polling.poll(watched(example)))
    assert list(fields) == ["repository", "outcome", "tags", "movements", "requests", "seconds", "error"]
    json.dumps(fields)


def test_a_mistake_of_ours_is_a_failed_poll_and_not_tried_again_at_once(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(example)
    mistake = RuntimeError("a mistake of ours")
    monkeypatch.setattr(Client, "listing", lambda *args, **kwargs: (_ for _ in ()).throw(mistake))
    with pytest.raises(RuntimeError):
        polling.poll(repository)
    repository.refresh_from_db()
    assert (repository.outcome, repository.lease_token) == ("failed", None)
    assert "broken off" in repository.error
    assert Repository.objects.claim_due(limit=1) == []
