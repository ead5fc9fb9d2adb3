from __future__ import annotations

import pytest

from tags.discovery import discover
from tags.models import Registry, Repository, Tag
from tags.polling import poll
from tests.factories import watch, watched
from tests.fakeregistry import FakeRegistry, FaultAction
from tests.faults import cut, status, web_page

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


def patterned(fake_registry: FakeRegistry, patterns: str, **fields: str) -> Registry:
    """The registry of a repository that is watched already, `shop/old`."""
    registry = watched(fake_registry, "shop/old").registry
    registry.patterns = patterns
    for name, value in fields.items():
        setattr(registry, name, value)
    registry.save()
    return registry


def test_a_repository_that_vanished_is_kept_with_its_past(fake_registry: FakeRegistry) -> None:
    for name in ("shop/app", "shop/old"):
        fake_registry.push(name, "latest")
    registry = patterned(fake_registry, "shop/*")
    poll(registry.repositories.get())
    del fake_registry.repositories["shop/old"]
    assert discover(registry).names == ("shop/app",)
    assert set(registry.repositories.values_list("name", flat=True)) == {"shop/app", "shop/old"}
    poll(registry.repositories.get(name="shop/old"))
    assert Tag.objects.get(repository__name="shop/old").state == Tag.State.PRESENT


@pytest.mark.parametrize("fault", [status(401), status(403), status(404), status(500), web_page(), cut()])
def test_a_catalog_that_is_refused_or_cut_removes_nothing_and_says_why(
    fake_registry: FakeRegistry, fault: FaultAction
) -> None:
    fake_registry.push("shop/app", "latest")
    registry = patterned(fake_registry, "shop/*")
    fake_registry.fault(fault, path="_catalog")
    assert not discover(registry).complete
    registry.refresh_from_db()
    assert registry.discovery_error
    assert registry.repositories.count() == 1
    fake_registry.heal()
    discover(registry)
    registry.refresh_from_db()
    assert registry.discovery_error == ""


def test_a_catalog_proposes_the_token_endpoint_that_it_needs() -> None:
    """There may be no repository yet whose poll would."""
    with FakeRegistry(auth="bearer") as registry:
        registry.realm = "http://10.0.0.6/token"
        watching = patterned(registry, "shop/*")
        discover(watching)
        watching.refresh_from_db()
        assert watching.proposed_realm == registry.realm
        assert watching.discovery_error == f"needs approval: {registry.realm}"


def test_what_came_before_a_catalog_broke_off_is_watched(fake_registry: FakeRegistry) -> None:
    fake_registry.most_per_page = 1
    for name in ("shop/a", "shop/b"):
        fake_registry.push(name, "latest")
    registry = patterned(fake_registry, "shop/*")
    fake_registry.fault(status(500), path="_catalog.*last=")
    assert not discover(registry).complete
    assert set(registry.repositories.values_list("name", flat=True)) == {"shop/a", "shop/old"}


@pytest.mark.parametrize(
    ("address", "words"),
    [("docker.io", "myteam/*"), ("quay.io", "myteam/*"), ("registry.gitlab.com", "mygroup/*"), ("ghcr.io", "token")],
)
def test_a_vendor_that_lists_by_namespace_says_what_to_write(address: str, words: str) -> None:
    registry = watch(f"{address}/team/app").registry
    registry.patterns = "*"
    registry.save()
    assert not discover(registry).complete
    registry.refresh_from_db()
    assert words in registry.discovery_error
    assert Repository.objects.count() == 1


def test_a_vendor_is_told_the_patterns_of_what_is_wanted(fake_registry: FakeRegistry) -> None:
    fake_registry.push("proj/app", "latest")
    registry = patterned(fake_registry, "!proj/secret\nproj/*", kind="google")
    discover(registry)
    assert [r.path for r in fake_registry.requests] == ["/v2/proj/tags/list"]
