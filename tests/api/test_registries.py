from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tags.models import Registry
from tags.registry import TimedOut
from tests.factories import MINUTE, NOW, example, look, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]


def test_a_registry_tells_whether_what_is_known_of_it_is_fresh(ask: Ask) -> None:
    example()
    Registry.objects.update(name="Ours", recognised_kind="harbor")
    assert ask("registries") == {
        "items": [
            {
                "name": "Ours",
                "address": "registry.example.com",
                "kind": "harbor",
                "state": "fresh",
                "checked_at": "2026-05-15T12:00:00Z",
                "error": None,
            }
        ],
        "next": None,
    }


def test_one_in_trouble_says_what_is_wrong(ask: Ask) -> None:
    repository = example(at=NOW - MINUTE)
    look(repository, {}, error=TimedOut("it took too long"))
    watch("127.0.0.1:5000/new")
    [failing, new] = ask("registries")["items"]
    assert (failing["state"], failing["checked_at"]) == ("failing", "2026-05-15T11:59:00Z")
    assert failing["error"] == "it took too long"
    assert (new["name"], new["kind"], new["state"], new["checked_at"]) == ("127.0.0.1:5000", None, "new", None)


def test_pages_follow_each_other(all_of: Ask) -> None:
    addresses = [f"{number}.example.com" for number in range(5)]
    for address in addresses:
        Registry.objects.create(address=address)
    assert [item["address"] for item in all_of("registries", limit=2)] == addresses


def test_no_secret_is_told(ask: Ask) -> None:
    registry = Registry(address="registry.example.com", username="reader")
    registry.set_secret("correct horse battery staple")
    registry.save()
    assert "reader" not in str(ask("registries"))
    assert registry.encrypted_secret not in str(ask("registries"))


def test_many_registries_are_asked_for_as_seldom_as_few(ask: Ask) -> None:
    example()
    with CaptureQueriesContext(connection) as few:
        ask("registries")
    for number in range(5):
        example(f"{number}.example.com/shop/app")
    with CaptureQueriesContext(connection) as many:
        assert len(ask("registries")["items"]) == 6
    assert len(many) == len(few) == 2
