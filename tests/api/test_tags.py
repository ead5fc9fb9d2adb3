from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tags.api.tags import MOST_ALIASES, TagState
from tags.models import Tag
from tags.registry import TimedOut
from tests.factories import HOUR, MINUTE, NOW, SECOND, example, look, moved, watch
from tests.listings import EXAMPLE, digest
from tests.views.partly import disputed
from tests.views.pasts import COMING, GOING, gone_and_back
from tests.views.reading import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    Ask = Callable[..., Any]

APP = "registry.example.com/shop/app"


def one(ask: Ask, name: str, **query: object) -> dict[str, Any]:
    [found] = [item for item in ask("tags", **query)["items"] if item["name"] == name]
    return found


def test_a_tag_tells_what_it_points_to_since_when_and_with_whom(ask: Ask) -> None:
    moved()
    assert one(ask, "production") == {
        "repository": APP,
        "name": "production",
        "role": "pointer",
        "digest": digest("2.0"),
        "version": "2.0",
        "aliases": ["2.0"],
        "since": {"after": "2026-05-15T11:55:00Z", "before": "2026-05-15T12:00:01Z"},
        "checked_at": "2026-05-15T12:00:00Z",
        "state": "present",
        "disputed_since": None,
        "leaving": None,
    }


def test_what_was_so_at_the_first_look_has_no_after(ask: Ask) -> None:
    moved()
    assert one(ask, "qatesting")["since"] == {"after": None, "before": "2026-05-15T11:50:01Z"}


def test_aliases_name_versions_first_and_not_the_tag_itself(ask: Ask) -> None:
    example()
    assert one(ask, "qatesting")["aliases"] == ["2.1", "perftesting"]
    assert one(ask, "2.1")["aliases"] == ["perftesting", "qatesting"]


def test_of_very_many_aliases_some_are_named(ask: Ask) -> None:
    look(watch(), {f"build-{number}": "same" for number in range(MOST_ALIASES + 5)})
    assert len(ask("tags", limit=1)["items"][0]["aliases"]) == MOST_ALIASES


def test_signatures_are_neither_tags_nor_aliases(ask: Ask) -> None:
    look(watch(), {"1.0": "1.0", "sha256-0123.sig": "1.0"})
    assert [(item["name"], item["aliases"]) for item in ask("tags")["items"]] == [("1.0", [])]


def test_removed_missing_and_unknown_tags_are_told_as_such(ask: Ask) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    tags = {name: content for name, content in EXAMPLE.items() if name != "rollback"}
    look(repository, {**tags, "production": None}, listed=["new"])
    states = {name: one(ask, name) for name in ("rollback", "production", "new")}
    assert {name: item["state"] for name, item in states.items()} == {
        "rollback": "removed",
        "production": "missing",
        "new": "unknown",
    }
    assert {item["digest"] for item in states.values()} == {None}


def test_a_tag_that_is_disputed_is_told_as_it_was_before(ask: Ask) -> None:
    disputed("production")
    item = one(ask, "production")
    assert (item["disputed_since"], item["checked_at"]) == ("2026-05-15T12:00:04Z", "2026-05-15T11:00:02Z")
    assert (item["digest"], item["state"]) == (digest("2.0"), "present")
    assert one(ask, "latest")["disputed_since"] is None
    assert one(ask, "production", at="2026-05-15T11:30:00Z")["disputed_since"] is None


def test_all_states_of_tags_are_in_the_document() -> None:
    assert [state.value for state in TagState] == Tag.State.values


def test_in_the_past_tags_are_as_they_were(ask: Ask) -> None:
    moved()
    then = one(ask, "production", at="2026-05-15T13:56:00")  # in Berlin
    assert (then["digest"], then["version"], then["aliases"]) == (digest("1.3"), "1.3", ["1.3"])
    assert then["since"] == {"after": None, "before": "2026-05-15T11:50:01Z"}
    assert one(ask, "1.3", at="2026-05-15T11:56:00Z")["aliases"] == ["production"]


def test_a_move_that_was_under_way_is_told_as_on_the_pages(ask: Ask, client: Client) -> None:
    app = moved()
    at = "2026-05-15T11:57:00Z"  # between the looks at 11:55 and at 12:00
    then = one(ask, "production", at=at)
    assert then["version"] == "1.3"
    assert then["leaving"] == {
        "after": "2026-05-15T11:55:00Z",
        "before": "2026-05-15T12:00:01Z",
        "digest": digest("2.0"),
        "version": "2.0",
    }
    assert "moving to 2.0" in read(client, f"{app.get_absolute_url()}?by=pointer&at={at}")
    assert one(ask, "qatesting", at=at)["leaving"] is None
    assert one(ask, "production", at="2026-05-15T11:54:00Z")["leaving"] is None  # a look came between


def test_in_the_past_the_last_look_is_one_of_then(ask: Ask) -> None:
    moved()
    at = "2026-05-15T11:57:00Z"
    assert one(ask, "production", at=at)["checked_at"] == "2026-05-15T11:55:00Z"
    assert one(ask, "latest", at=at)["checked_at"] is None
    assert one(ask, "latest", at="2026-05-15T12:00:03Z")["checked_at"] == "2026-05-15T12:00:00Z"


def test_what_was_being_removed_was_on_its_way_out(ask: Ask) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    look(repository, {name: content for name, content in EXAMPLE.items() if name != "rollback"})
    leaving = one(ask, "rollback", at=(NOW - MINUTE).isoformat())["leaving"]
    assert (leaving["digest"], leaving["version"], leaving["before"]) == (None, None, "2026-05-15T12:00:01Z")


def test_a_version_that_is_gone_names_the_past_still(ask: Ask) -> None:
    repository = example(at=NOW - 10 * MINUTE)
    look(repository, {**EXAMPLE, "2.0": "2.0 made anew"}, NOW - 5 * MINUTE)
    then = one(ask, "production", at=(NOW - 7 * MINUTE).isoformat())
    assert (then["version"], then["aliases"]) == ("2.0", ["2.0"])
    assert one(ask, "production")["version"] is None


def test_a_time_that_was_answered_can_be_asked_for(ask: Ask) -> None:
    moved(at=NOW - MINUTE + SECOND / 3)
    came = one(ask, "production")["since"]["before"]
    assert one(ask, "production", at=came)["version"] == "2.0"


@pytest.mark.parametrize("at", ["2020-01-01", "2026-05-15T12:00:06Z", "0001-01-01T00:00:00+14:00"])
def test_before_anybody_looked_and_in_the_future_nothing_is_known(ask: Ask, at: str) -> None:
    moved()
    items = ask("tags", at=at)["items"]
    assert len(items) == len(EXAMPLE)
    assert {(item["state"], item["digest"], item["version"], item["checked_at"]) for item in items} == {
        ("unknown", None, None, None)
    }
    assert items[0]["since"] == {"after": None, "before": None}


def test_in_a_gap_only_the_repository_that_has_it_is_unknown(all_of: Ask) -> None:
    app = example(at=NOW - 2 * HOUR)
    look(app, {}, NOW - HOUR, error=TimedOut("it took too long"))
    look(app, EXAMPLE, NOW)
    example("127.0.0.1:5000/shop/cart", at=NOW - 95 * MINUTE)
    items = all_of("tags", at=(NOW - 90 * MINUTE).isoformat(), limit=5)
    assert [(item["repository"], item["name"]) for item in items] == [
        (name, tag) for name in (APP, "127.0.0.1:5000/shop/cart") for tag in sorted(EXAMPLE)
    ]
    assert {(item["repository"], item["state"]) for item in items} == {
        (APP, "unknown"),
        ("127.0.0.1:5000/shop/cart", "present"),
    }


def test_tags_are_found_by_repository_name_digest_and_role(ask: Ask) -> None:
    example()
    example("docker.io/library/python")

    def names(**query: object) -> list[str]:
        return [item["name"] for item in ask("tags", **query)["items"]]

    assert names(repository="python") == sorted(EXAMPLE)
    testing = names(repository=APP.replace("registry", "REGISTRY"), role="pointer", q="TESTING")
    assert testing == ["perftesting", "qatesting"]
    assert names(repository=APP, q=digest("2.1")[:14]) == ["2.1", "perftesting", "qatesting"]
    at = (NOW + 3 * SECOND).isoformat()
    assert names(repository=APP, q=digest("2.1")[:14], at=at) == ["2.1", "perftesting", "qatesting"]
    assert names(q="%") == []


@pytest.mark.parametrize(
    "written", [digest("2.1")[:14].upper(), digest("2.1")[7:14], f"shop/app@{digest('2.1')}"], ids=str
)
@pytest.mark.parametrize("query", [{}, {"at": (NOW + 3 * SECOND).isoformat()}])
def test_a_digest_is_found_however_the_pages_take_it(ask: Ask, written: str, query: dict[str, str]) -> None:
    example()
    found = ask("tags", q=written, **query)["items"]
    assert [item["name"] for item in found] == ["2.1", "perftesting", "qatesting"]
    assert ask("tags", q="sha256:", **query)["items"] == []


def test_pages_follow_each_other_whatever_is_added(ask: Ask) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    first = ask("tags", limit=5)
    look(repository, {**EXAMPLE, "0.9": "0.9", "9.9": "9.9"})
    names = [item["name"] for item in [*first["items"], *ask("tags", cursor=first["next"])["items"]]]
    assert names == sorted([*EXAMPLE, "9.9"])


def test_pages_follow_each_other_across_repositories(ask: Ask, all_of: Ask) -> None:
    for name in (APP, "docker.io/library/python", "127.0.0.1:5000/shop/cart"):
        example(name)
    for at in ({}, {"at": (NOW + 3 * SECOND).isoformat()}):
        items = all_of("tags", limit=7, **at)
        assert items == ask("tags", **at)["items"]
        assert len(items) == 3 * len(EXAMPLE)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"at": "yesterday"}, "at: “yesterday” is no date and time"),
        ({"role": "attachment"}, "role: Input should be 'version' or 'pointer'"),
        ({"limit": "1001"}, "limit: Input should be less than or equal to 1000"),
        ({"limit": "many"}, "limit: Input should be a valid integer"),
        ({"cursor": "here"}, "cursor: this is no place in the list"),
        ({"q": "a\x00"}, "q: it holds a character that no name has"),
        ({"repo": APP}, "“repo” is no parameter of this address"),
        ({"limit": ["1", "2"]}, "limit: it is given 2 times"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(ask: Ask, query: dict[str, Any], said: str) -> None:
    assert said in ask("tags", status=422, **query)["detail"]


def test_a_repository_that_is_not_watched_is_not_found(ask: Ask) -> None:
    assert ask("tags", status=404, repository="python") == {"detail": "docker.io/library/python is not watched."}
    assert "names more than a repository" in ask("tags", status=404, repository="python:3")["detail"]
    assert "No repository has such a name" in ask("tags", status=404, repository="No such name")["detail"]


@pytest.mark.parametrize("query", [{}, {"at": (NOW + SECOND * 3).isoformat()}, {"at": "2026-05-14"}])
def test_many_tags_are_asked_for_as_seldom_as_few(ask: Ask, query: dict[str, str]) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert ask("tags", **query)["items"]
        return len(queries)

    example()
    few = count()
    for number in range(5):
        look(watch(f"registry.example.com/shop/more{number}"), {f"1.{minor}": str(minor) for minor in range(30)})
    assert count() == few <= 6


def test_what_was_coming_is_unknown_with_what_is_known(ask: Ask) -> None:
    gone_and_back()
    for name, version, content in (("production", "1.1", "b"), ("canary", "1.0", "a")):
        item = one(ask, name, at=COMING)
        assert (item["state"], item["digest"], item["version"], item["aliases"]) == ("unknown", None, None, [])
        assert item["since"] == {"after": None, "before": None}
        assert item["leaving"] == {
            "after": "2026-05-15T11:55:00Z",
            "before": "2026-05-15T12:00:01Z",
            "digest": digest(content),
            "version": version,
        }
    assert one(ask, "production", at=GOING)["state"] == "present"
