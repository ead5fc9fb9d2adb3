from __future__ import annotations

import pytest

from tags.discovery import discover
from tests.factories import watched
from tests.fakeregistry import FakeRegistry
from tests.faults import status

pytestmark = pytest.mark.django_db


def test_patterns_bring_new_repositories_and_take_none_away(fake_registry: FakeRegistry) -> None:
    for name in ("shop/app", "shop/app-test", "tools/ci"):
        fake_registry.push(name, "latest", "1")
    old = watched(fake_registry, "tools/old")
    registry = old.registry
    registry.patterns = "shop/*\n!*-test"
    registry.save()
    assert discover(registry).complete
    assert set(registry.repositories.values_list("name", flat=True)) == {"tools/old", "shop/app"}
    discover(registry)
    assert registry.repositories.count() == 2


def test_a_catalog_that_cannot_be_read_says_so_on_the_registry(fake_registry: FakeRegistry) -> None:
    registry = watched(fake_registry).registry
    fake_registry.fault(status(500), path="_catalog")
    discover(registry)
    registry.refresh_from_db()
    assert registry.discovery_error
