from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils import timezone

from tags.models import Registry
from tags.models.registry import BOUND_TO_ORIGIN
from tags.registry import Listing, NeedsApproval, RegistryError, TimedOut
from tests.listings import seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def registry() -> Registry:
    registry = Registry(address="registry.example.com", username="reader", approved_realms="https://auth.example.com")
    registry.set_secret("hunter2")
    registry.save()
    return Registry.objects.get()


def test_a_secret_is_encrypted_at_rest_and_read_back(registry: Registry) -> None:
    assert "hunter2" not in registry.encrypted_secret
    assert registry.reveal_secret() == "hunter2"


def test_equal_secrets_look_different_at_rest(registry: Registry) -> None:
    first = registry.encrypted_secret
    registry.set_secret("hunter2")
    assert registry.encrypted_secret != first


def test_an_older_key_still_reads_and_a_lost_key_says_so(registry: Registry, settings) -> None:
    settings.SECRETS_KEYS = ["a newer key", *settings.SECRETS_KEYS]
    assert registry.reveal_secret() == "hunter2"
    settings.SECRETS_KEYS = ["a newer key"]
    with pytest.raises(ImproperlyConfigured, match="SECRETS_KEYS"):
        str(registry.reveal_secret())


@pytest.mark.parametrize("change", [{"address": "evil.example.com"}, {"plain_http": True}], ids=str)
def test_another_origin_never_inherits_credentials(registry: Registry, change: dict) -> None:
    for field, value in change.items():
        setattr(registry, field, value)
    registry.save(update_fields=list(change))
    registry.refresh_from_db()
    assert (registry.username, registry.encrypted_secret, registry.approved_realms) == ("", "", "")


@pytest.mark.parametrize(
    "change",
    [{"address": "evil.example.com"}, {"plain_http": True}, {"api_address": "https://api.example.net"}],
    ids=str,
)
def test_another_origin_inherits_nothing_that_was_kept_for_the_old_one(registry: Registry, change: dict) -> None:
    registry.set_api_token("a token")
    registry.set_client_certificate("a key")
    registry.recognised_kind, registry.proposed_realm = "harbor", "https://auth.example.net/token"
    registry.save()
    for field, value in change.items():
        setattr(registry, field, value)
    registry.save()
    stored = Registry.objects.get()
    assert {getattr(stored, name) for name in ("username", *BOUND_TO_ORIGIN)} == {"", None, 0}


def test_what_is_given_anew_with_the_new_address_stays_and_the_rest_goes(registry: Registry) -> None:
    registry.set_api_token("old")
    registry.save()
    registry.address = "other.example.com"
    registry.username = "writer"
    registry.set_secret("new")
    registry.save()
    stored = Registry.objects.get()
    assert (stored.username, stored.reveal_secret(), stored.reveal_api_token()) == ("writer", "new", "")
    assert stored.approved_realms == ""


REALM = "https://token.example.net/auth"


def poll_ended(registry: Registry, error: RegistryError | None) -> str:
    now = timezone.now()
    listing = Listing("app", frozenset(), (), {}, error is None, error, now, now, 1, 0)
    registry.heard(listing)
    return Registry.objects.get().proposed_realm


def test_a_realm_is_proposed_until_no_poll_asks_for_it_any_more(registry: Registry) -> None:
    assert poll_ended(registry, NeedsApproval(f"{REALM}?tenant=1")) == REALM
    assert poll_ended(registry, TimedOut("too late")) == REALM
    assert poll_ended(registry, NeedsApproval(f"{REALM}2")) == f"{REALM}2"
    assert poll_ended(registry, None) == ""


def test_an_approved_realm_is_not_proposed_by_a_poll_that_began_before(registry: Registry) -> None:
    poll_ended(registry, NeedsApproval(REALM))
    under_way = Registry.objects.get()
    registry.approve_realm(REALM)
    assert registry.approved_realms.split() == ["https://auth.example.com", REALM]
    under_way.proposed_realm = ""
    assert poll_ended(under_way, NeedsApproval(REALM)) == ""


def test_approval_makes_the_catalog_due(registry: Registry) -> None:
    Registry.objects.update(next_discovery_at=timezone.now() + dt.timedelta(hours=1))
    registry.approve_realm(REALM)
    assert Registry.objects.get().next_discovery_at <= timezone.now()


def test_approving_twice_is_approving_once(registry: Registry) -> None:
    registry.approve_realm(REALM)
    registry.approve_realm(REALM)
    assert Registry.objects.get().approved_realms.split() == ["https://auth.example.com", REALM]


def test_a_poll_that_changes_nothing_of_the_proposal_asks_the_database_nothing(
    registry: Registry, django_assert_num_queries
) -> None:
    with django_assert_num_queries(0):
        registry.propose_realm(None)
        registry.propose_realm(TimedOut("too late"))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("api_address", "gitlab.example.com", "address"),
        ("api_address", "https://gitlab.example.com/api", "is no address of an API"),
        ("api_address", "https://ann:x@gitlab.example.com", "address"),
        ("api_address", "http://gitlab.example.com", "without TLS"),
        ("docker_config", ".docker/config.json", "must begin with / or ~"),
    ],
)
def test_what_no_client_could_work_with_is_refused_in_words(
    registry: Registry, field: str, value: str, said: str
) -> None:
    setattr(registry, field, value)
    with pytest.raises(ValidationError, match=said):
        registry.full_clean()


def test_a_new_secret_given_with_the_new_address_is_kept(registry: Registry) -> None:
    registry.address = "other.example.com"
    registry.set_secret("new")
    registry.save()
    assert Registry.objects.get().reveal_secret() == "new"


def test_other_changes_keep_the_credentials(registry: Registry) -> None:
    registry.interval = 60
    registry.save()
    assert Registry.objects.get().reveal_secret() == "hunter2"


def test_what_is_no_registry_address_is_refused_in_words() -> None:
    for address in ("https://registry.example.com", "registry.example.com/team", "registry", "a b.example.com"):
        with pytest.raises(ValidationError, match="is no address of a registry"):
            Registry(address=address).full_clean()
    Registry(address="127.0.0.1:5000").full_clean()


@pytest.mark.parametrize(
    ("patterns", "wanted"),
    [
        ("", []),
        ("*", ["shop/app", "shop/app-test", "tools/ci"]),
        ("shop/*", ["shop/app", "shop/app-test"]),
        ("shop/*\n!*-test", ["shop/app"]),
        ("!*-test", []),
    ],
)
def test_patterns_say_which_repositories_are_wanted(patterns: str, wanted: list[str]) -> None:
    registry = Registry(patterns=patterns)
    assert [name for name in ("shop/app", "shop/app-test", "tools/ci") if registry.wants(name)] == wanted


def test_what_was_heard_at_another_address_is_not_noted_at_the_new_one() -> None:
    polled = Registry.objects.create(address="old.example.com")
    Registry.objects.filter(pk=polled.pk).update(address="new.example.com")
    polled.propose_realm(NeedsApproval("https://auth.elsewhere.example/token"))
    polled.recognised_as("harbor")
    listing = dataclasses.replace(seen({}, 0), silent_for=600)
    polled.heard(listing)
    stored = Registry.objects.get()
    assert (stored.proposed_realm, stored.recognised_kind, stored.throttled_until) == ("", "", None)
