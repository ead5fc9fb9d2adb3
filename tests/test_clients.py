"""Clients as the product makes them: one for each registry and its credentials."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from tags.clients import check_connections, client_for
from tags.discovery import discover
from tags.models import Registry, Repository
from tags.polling import poll
from tags.registry.budget import Share
from tags.registry.vendors.harbor import Harbor
from tags.registry.vendors.quay import Quay
from tests.factories import watched
from tests.fakeregistry import FakeRegistry, FaultAction
from tests.faults import drop, status

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


def test_nothing_is_tried_out_while_a_registry_wants_silence(example: FakeRegistry) -> None:
    registry = watched(example).registry
    registry.throttled_until = timezone.now() + dt.timedelta(minutes=5)
    [error] = check_connections([registry]).values()
    assert "nothing is sent for 300 s" in str(error)
    assert example.requests == []


def test_all_clients_of_a_registry_in_a_process_keep_to_one_limit(example: FakeRegistry) -> None:
    registry = watched(example).registry
    with Share(client_for(registry).budget) as share:
        share.wait()
        share.want(registry.concurrency)
        registry.interval = 60  # nothing that a client is made of
        registry.requests_per_minute = 6000  # something that is
        with Share(client_for(registry).budget) as other:
            assert not other._begins()


def test_connections_are_checked_in_words(example: FakeRegistry) -> None:
    registry = watched(example).registry
    assert check_connections([registry]) == {registry: None}
    example.fault(status(503))
    [(_registry, error)] = check_connections([registry]).items()
    assert error is not None


LOOK = "/v2/_oci/ext/discover"
HARBOR = 'Bearer realm="https://harbor.example.com/service/token",service="harbor-registry"'


def test_a_registry_is_looked_at_once_to_learn_its_kind(example: FakeRegistry) -> None:
    repository = watched(example)
    example.fault(status(401, {"WWW-Authenticate": HARBOR}), path=LOOK)
    assert isinstance(client_for(repository.registry), Harbor)
    again = Registry.objects.get()
    assert again.recognised_kind == "harbor"
    assert client_for(again) is client_for(repository.registry)
    assert len(example.asked(LOOK)) == 1


@pytest.mark.parametrize("fault", [status(503), drop()])
def test_without_an_answer_it_is_read_the_plain_way_and_looked_at_again_at_the_next_poll(
    example: FakeRegistry, fault: FaultAction
) -> None:
    repository = watched(example)
    example.fault(fault, path=LOOK)
    assert poll(repository).outcome == "complete"
    assert Registry.objects.get().recognised_kind == ""
    example.heal()
    assert poll(Repository.objects.get()).outcome == "complete"
    assert poll(Repository.objects.get()).outcome == "complete"
    assert Registry.objects.get().recognised_kind == "oci"


def test_a_kind_set_by_hand_needs_no_look(example: FakeRegistry) -> None:
    registry = watched(example).registry
    registry.kind = "quay"
    assert isinstance(client_for(registry), Quay)
    assert check_connections([registry]) == {registry: None}
    assert not example.asked(LOOK)


def test_an_address_that_says_its_kind_needs_no_look() -> None:
    assert isinstance(client_for(Registry.objects.create(address="quay.io")), Quay)


def test_a_tried_connection_and_a_changed_address_make_it_known_anew(example: FakeRegistry) -> None:
    registry = watched(example).registry
    client_for(registry)
    example.fault(status(401, {"WWW-Authenticate": HARBOR}), path=LOOK)
    assert check_connections([registry]) == {registry: None}
    moved = Registry.objects.get()
    assert moved.recognised_kind == "harbor"
    moved.address = "registry.example.com"
    moved.save()
    assert Registry.objects.get().recognised_kind == ""


def test_a_connection_works_though_its_kind_cannot_be_told(example: FakeRegistry) -> None:
    registry = watched(example).registry
    example.fault(status(503), path=LOOK)
    assert check_connections([registry]) == {registry: None}
