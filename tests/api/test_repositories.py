from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tags.models import Repository
from tags.registry import TimedOut
from tests.factories import MINUTE, NOW, example, look, watch
from tests.listings import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]


def test_a_repository_tells_how_its_last_poll_went(ask: Ask) -> None:
    example()
    [found] = ask("repositories")["items"]
    next_poll_at = found.pop("next_poll_at")
    assert "2026-05-15T12:00:00Z" < next_poll_at <= "2026-05-15T12:05:02Z"
    assert found == {
        "repository": "registry.example.com/shop/app",
        "state": "fresh",
        "checked_at": "2026-05-15T12:00:00Z",
        "error": None,
        "tags": len(EXAMPLE),
    }


def test_one_that_is_paused_is_due_at_no_time(ask: Ask) -> None:
    example()
    Repository.objects.update(enabled=False)
    [found] = ask("repositories")["items"]
    assert (found["state"], found["next_poll_at"]) == ("paused", None)


def test_one_in_trouble_says_what_is_wrong(ask: Ask) -> None:
    repository = example(at=NOW - MINUTE)
    look(repository, {}, error=TimedOut("it took too long"))
    [found] = ask("repositories")["items"]
    assert found["state"] == "failing"
    assert found["error"] == "it took too long"


def test_removed_tags_and_signatures_do_not_count(ask: Ask) -> None:
    repository = watch()
    look(repository, {"1.0": "1.0", "1.1": "1.1", "sha256-0123.sig": "sig"}, NOW - MINUTE)
    look(repository, {"1.1": "1.1", "sha256-0123.sig": "sig"})
    assert ask("repositories")["items"][0]["tags"] == 1


def test_repositories_are_found_by_name_and_registry(ask: Ask, all_of: Ask) -> None:
    names = ["registry.example.com/shop/app", "registry.example.com/shop/cart", "docker.io/library/python"]
    for name in names:
        watch(name, name="Docker Hub" if name.startswith("docker.io") else "")

    def found(**query: object) -> list[str]:
        return [item["repository"] for item in ask("repositories", **query)["items"]]

    assert found() == names
    assert found(q="SHOP/") == names[:2]
    assert found(q="docker.io/lib") == found(q="docker hub") == names[2:]
    assert found(registry="Registry.example.com") == names[:2]
    assert [item["repository"] for item in all_of("repositories", limit=1)] == names
    assert "no registry “quay.io”" in ask("repositories", status=404, registry="quay.io")["detail"]


def test_many_repositories_are_asked_for_as_seldom_as_few(ask: Ask) -> None:
    example()
    with CaptureQueriesContext(connection) as few:
        ask("repositories")
    for number in range(5):
        example(f"registry.example.com/shop/more{number}")
    with CaptureQueriesContext(connection) as many:
        assert len(ask("repositories")["items"]) == 6
    assert len(many) == len(few) == 2
