"""Fixtures and rules for every test."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from tags import clients, sharing
from tags.models import databaseclock
from tests.certificates import certificates
from tests.fakeregistry import fake_registry
from tests.listings import EXAMPLE
from tests.services import docker_registry, postgres_url, redis_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakeregistry import FakeRegistry

pytest_plugins = ["tests.no_skips"]

__all__ = ["certificates", "docker_registry", "fake_registry", "postgres_url", "redis_url"]


@pytest.fixture
def example(fake_registry: FakeRegistry) -> FakeRegistry:
    """A registry that holds the example of the README."""
    for tag, content in EXAMPLE.items():
        fake_registry.push("app", tag, content)
    return fake_registry


@pytest.fixture(autouse=True)
def fresh_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Primary keys are used again from test to test, and with them the clients that this process keeps."""
    kept: dict = {}
    monkeypatch.setattr(clients, "_clients", kept)
    monkeypatch.setattr(sharing, "_ledgers", {})  # ports are used again as well
    yield
    for _settings, client in kept.values():
        client.close()


@pytest.fixture(autouse=True)
def one_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who travels in time takes the database along, unless a test is about its clock."""
    if "two_clocks" not in request.keywords:
        monkeypatch.setattr(databaseclock, "ahead", dt.timedelta)


@pytest.fixture(autouse=True)
def in_english_again() -> Iterator[None]:
    """A page leaves its language behind in the thread, which is that of the next test as well."""
    yield
    translation.deactivate()
