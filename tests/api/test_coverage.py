from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tags.registry import TimedOut
from tests.factories import HOUR, MINUTE, NOW, example, keep_watching, look
from tests.listings import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tags.models import Repository

    Ask = Callable[..., Any]

APP = "registry.example.com/shop/app"


def with_a_gap(reference: str = APP) -> Repository:
    """Watched for an hour, not to be reached, and watched again."""
    repository = example(reference, at=NOW - 2 * HOUR)
    keep_watching(repository, EXAMPLE, NOW - 2 * HOUR, NOW - HOUR)
    look(repository, {}, NOW - HOUR + 5 * MINUTE, error=TimedOut("it took too long"))
    look(repository, EXAMPLE, NOW - HOUR + 10 * MINUTE)
    look(repository, EXAMPLE, NOW - HOUR + 15 * MINUTE)
    return repository


def test_stretches_follow_each_other_and_gaps_tell_why(ask: Ask) -> None:
    with_a_gap()
    first, gap, last = ask("coverage")["items"]
    assert first == {
        "repository": APP,
        "state": "watched",
        "reason": None,
        "since": "2026-05-15T10:00:02Z",
        "until": "2026-05-15T11:00:02Z",
    }
    assert (gap["state"], gap["since"]) == ("unwatched", first["until"])
    assert "timed out" in gap["reason"]
    assert (last["state"], last["since"]) == ("watched", gap["until"])


def test_stretches_are_found_by_repository_and_time(ask: Ask) -> None:
    with_a_gap()
    with_a_gap("docker.io/library/python")

    def states(**query: object) -> list[str]:
        return [item["state"] for item in ask("coverage", **query)["items"]]

    assert states(repository="python") == ["watched", "unwatched", "watched"]
    assert states(repository=APP, since=(NOW - 49 * MINUTE).isoformat()) == ["watched"]
    assert states(repository=APP, until=(NOW - HOUR).isoformat()) == ["watched"]
    in_the_gap = {"since": (NOW - 58 * MINUTE).isoformat(), "until": (NOW - 57 * MINUTE).isoformat()}
    assert states(repository=APP, **in_the_gap) == ["unwatched"]


def test_pages_follow_each_other(ask: Ask, all_of: Ask) -> None:
    with_a_gap()
    with_a_gap("docker.io/library/python")
    assert all_of("coverage", limit=2) == ask("coverage")["items"]
    assert all_of("coverage", limit=1) == ask("coverage")["items"]


def test_many_stretches_are_asked_for_as_seldom_as_few(ask: Ask) -> None:
    example()
    with CaptureQueriesContext(connection) as few:
        ask("coverage")
    for number in range(3):
        with_a_gap(f"{number}.example.com/shop/app")
    with CaptureQueriesContext(connection) as many:
        assert len(ask("coverage")["items"]) == 10
    assert len(many) == len(few) == 1
