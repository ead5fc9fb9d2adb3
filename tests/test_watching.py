from __future__ import annotations

import pytest

from tags.models import Registry
from tags.registry import Reference
from tags.watching import Access, watch

pytestmark = pytest.mark.django_db

APP = Reference.parse("registry.example.com/shop/app")


def test_watching_leaves_alone_what_others_write_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(APP)
    check = Registry.full_clean

    def check_while_others_write(registry: Registry) -> None:
        check(registry)
        Registry.objects.update(quota_limit=100, quota_remaining=7, recognised_kind="harbor", approved_realms="a b")

    monkeypatch.setattr(Registry, "full_clean", check_while_others_write)
    watch(APP, Access(username="reader", secret="secret", kind="quay"))
    stored = Registry.objects.get()
    assert (stored.username, stored.reveal_secret(), stored.kind) == ("reader", "secret", "quay")
    assert (stored.quota_remaining, stored.recognised_kind, stored.approved_realms) == (7, "harbor", "a b")


def test_what_is_not_given_stays() -> None:
    watch(APP, Access(username="reader", secret="secret", kind="quay"))
    watch(APP)
    stored = Registry.objects.get()
    assert (stored.username, stored.reveal_secret(), stored.kind) == ("reader", "secret", "quay")


def test_a_known_registry_that_is_to_be_asked_without_tls_is_not_told_the_old_secrets() -> None:
    watch(APP, Access(username="reader", secret="secret"))
    Registry.objects.update(approved_realms="https://auth.example.com/token")
    watch(APP, Access(plain_http=True))
    stored = Registry.objects.get()
    assert stored.plain_http
    assert (stored.username, stored.reveal_secret(), stored.approved_realms) == ("", "", "")
