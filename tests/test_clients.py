"""Clients as the product makes them: one for each registry and its credentials."""

from __future__ import annotations

import pytest

from tags.clients import check_connections, client_for
from tags.discovery import discover
from tags.polling import poll
from tests.factories import watched
from tests.fakeregistry import FakeRegistry
from tests.faults import status

pytestmark = pytest.mark.django_db


def test_credentials_that_change_make_a_new_client(example: FakeRegistry) -> None:
    repository = watched(example)
    client = client_for(repository.registry)
    assert client_for(repository.registry) is client
    repository.registry.username, repository.registry.set_secret("other"), "secret"
    assert client_for(repository.registry) is not client


def test_credentials_that_no_key_reads_are_told_in_words_wherever_they_are_needed(
    example: FakeRegistry, settings
) -> None:
    repository = watched(example)
    repository.registry.set_secret("pass")
    repository.registry.save()
    settings.SECRETS_KEYS = ["another key"]
    assert poll(repository).outcome == "failed"
    assert "SECRETS_KEYS" in repository.error
    assert "SECRETS_KEYS" in str(discover(repository.registry).error)
    [error] = check_connections([repository.registry]).values()
    assert "SECRETS_KEYS" in str(error)
    assert example.requests == []


def test_connections_are_checked_in_words(example: FakeRegistry) -> None:
    registry = watched(example).registry
    assert check_connections([registry]) == {registry: None}
    example.fault(status(503))
    [(_registry, error)] = check_connections([registry]).items()
    assert error is not None
