from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError

from tags.models import Registry

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
