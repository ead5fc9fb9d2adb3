"""Webhooks: they bring a poll forward, and that is all they do."""

from __future__ import annotations

import datetime as dt
import hmac
import json
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from tags import polling
from tags.models import Movement, Registry, Repository, Tag
from tags.registry import Listing
from tags.views.webhook import MOST_BYTES
from tests.factories import watched
from tests.fakeregistry import FakeRegistry

pytestmark = pytest.mark.django_db

SECRET = "correct horse"
LATER = dt.timedelta(hours=1)


@pytest.fixture
def repository(example: FakeRegistry) -> Repository:
    """Polled a while ago, and not due for an hour."""
    repository = watched(example)
    repository.registry.set_webhook_secret(SECRET)
    repository.registry.save()
    polling.poll(repository, every_tag=True)
    now = timezone.now()
    Repository.objects.update(polled_at=now - LATER, next_poll_at=now + LATER)
    return repository


def pushed(tag: str = "production", repository: str = "app", action: str = "push") -> str:
    return json.dumps({"events": [{"action": action, "target": {"repository": repository, "tag": tag}}]})


def send(registry: Registry, body: str, ending: str = "", **headers: str):
    return Browser(enforce_csrf_checks=True).post(
        f"/webhooks/{registry.pk}/{ending}", body, content_type="application/json", headers=headers
    )


def is_due(repository: Repository) -> bool:
    repository.refresh_from_db()
    return repository.next_poll_at <= timezone.now()


def test_a_push_brings_the_poll_forward_and_writes_nothing_itself(
    repository: Repository, example: FakeRegistry
) -> None:
    asked = len(example.requests)
    answer = send(repository.registry, pushed(), Authorization=f"Bearer {SECRET}")
    assert (answer.status_code, answer.json()) == (202, {"repositories": 1})
    assert is_due(repository)
    assert len(example.requests) == asked
    assert not Movement.objects.exists()


@pytest.mark.parametrize("ending", ["", "wrong/", "correct%20hors/"])
def test_a_forged_one_is_refused_and_changes_nothing(repository: Repository, ending: str) -> None:
    assert send(repository.registry, pushed(), ending).status_code == 403
    assert not is_due(repository)


def test_a_signature_or_the_address_proves_it(repository: Repository) -> None:
    signature = hmac.new(SECRET.encode(), pushed().encode(), "sha256").hexdigest()
    assert send(repository.registry, pushed(), **{"X-Hub-Signature-256": f"sha256={signature}"}).status_code == 202
    assert send(repository.registry, pushed(), "correct%20horse/").status_code == 202


@pytest.mark.parametrize("ending", ["correct%20horse/", "correct%20horse"])
@pytest.mark.parametrize("body", [pushed(), "{not json", "x" * (MOST_BYTES + 1)], ids=["good", "bad", "long"])
def test_a_secret_in_the_address_is_in_no_log(
    repository: Repository, caplog: pytest.LogCaptureFixture, ending: str, body: str
) -> None:
    caplog.set_level("DEBUG")
    send(repository.registry, body, ending)
    assert caplog.text
    assert "horse" not in caplog.text


def test_a_secret_that_holds_a_slash_is_in_no_log_either(
    repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    repository.registry.set_webhook_secret("horse/power")
    repository.registry.save()
    assert send(repository.registry, pushed(), "horse%2Fpower/").status_code == 202
    assert "power" not in caplog.text


def test_a_registry_without_a_secret_takes_none(repository: Repository) -> None:
    repository.registry.set_webhook_secret("")
    repository.registry.save()
    assert send(repository.registry, pushed(), Authorization="").status_code == 403


def test_pulls_are_dropped_for_they_are_ours(repository: Repository) -> None:
    answer = send(repository.registry, pushed(action="pull"), Authorization=SECRET)
    assert answer.json() == {"repositories": 0}
    assert not is_due(repository)


def test_what_cannot_be_read_is_said_so(repository: Repository) -> None:
    assert send(repository.registry, "{not json", Authorization=SECRET).status_code == 400
    assert send(repository.registry, "x" * (MOST_BYTES + 1), Authorization=SECRET).status_code == 413
    assert Browser().get(f"/webhooks/{repository.registry.pk}/").status_code == 405


def test_ten_pushes_in_a_moment_are_one_look(repository: Repository) -> None:
    just_now = timezone.now()
    Repository.objects.update(polled_at=just_now, next_poll_at=just_now + LATER)
    for _ in range(10):
        send(repository.registry, pushed(), Authorization=SECRET)
    assert not is_due(repository)
    assert repository.next_poll_at == just_now + dt.timedelta(seconds=5)


def test_a_version_that_was_pushed_anew_is_looked_at_out_of_its_turn(
    repository: Repository, example: FakeRegistry
) -> None:
    polling.poll(repository)
    example.push("app", "2.0", "other content")
    assert polling.poll(repository).movements == 0  # the sweep will find it, in its time
    send(repository.registry, pushed("2.0"), Authorization=SECRET)
    assert Tag.objects.get(name="2.0").last_look <= repository.checked_at
    assert polling.poll(repository).movements == 1


def test_a_push_during_a_poll_is_not_lost(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    Repository.objects.update(next_poll_at=timezone.now())
    lease = repository.claim()
    fetch = polling.fetch

    def fetch_and_then_hear(*arguments: Any) -> Listing:
        listing = fetch(*arguments)
        send(repository.registry, pushed(), Authorization=SECRET)
        return listing

    monkeypatch.setattr(polling, "fetch", fetch_and_then_hear)
    polling.poll(repository, lease)
    assert is_due(repository)


def test_a_repository_that_a_pattern_asks_for_is_discovered_soon(repository: Repository) -> None:
    registry = repository.registry
    registry.patterns, registry.next_discovery_at = "shop/*", timezone.now() + LATER
    registry.save()
    send(registry, pushed(repository="tools/ci"), Authorization=SECRET)
    registry.refresh_from_db()
    assert registry.next_discovery_at > timezone.now()
    send(registry, pushed(repository="shop/new"), Authorization=SECRET)
    registry.refresh_from_db()
    assert registry.next_discovery_at <= timezone.now()


def test_a_paused_registry_takes_none(repository: Repository) -> None:
    Registry.objects.update(enabled=False)
    assert send(repository.registry, pushed(), Authorization=SECRET).status_code == 403
