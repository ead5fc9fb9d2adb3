from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tags.pages import search as searching
from tags.registry import TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, example, keep_watching, look, moved, watch
from tests.listings import EXAMPLE, digest
from tests.views.reading import read

if TYPE_CHECKING:
    from django.http import HttpResponse

APP = "/registry.example.com/shop/app"


def links_of(response: HttpResponse) -> list[str]:
    """Where the results lead to, in their order."""
    lists = response.text.partition('id="results"')[2].split("<ul>")[1:]
    found = [line.partition('href="')[2].partition('"')[0] for part in lists for line in part.split("<li>")[1:]]
    return [link for link in found if link]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("registry.ex", "Registries 1"),
        ("shop", "Images 1"),
        ("shop/app", "Images 1"),
        ("PROD", "Pointers 1 production in shop/app · registry.example.com is on 2.0"),
        ("2.1", "Versions 1 2.1 in shop/app"),
        (digest("2.1")[:14], "Digests 1 sha256:ad78cfa shop/app:perftesting , shop/app:qatesting , shop/app:2.1"),
        (digest("2.1")[7:14], "Digests 1"),
        (f"app@{digest('2.1')[:14].upper()}", "Digests 1"),
    ],
)
def test_everything_that_has_a_name_is_found(client: Client, query: str, words: str) -> None:
    example()
    assert words in read(client, f"/search/?q={query}")


def test_a_version_tells_who_points_to_it(client: Client) -> None:
    example()
    assert f"{digest('2.1')[:14]} ← perftesting, qatesting" in read(client, "/search/?q=2.1")


def test_what_is_the_text_comes_before_what_begins_with_it_and_what_has_it_somewhere(client: Client) -> None:
    tags = {name: name for name in ("x-2.1.50", "12.1.5", "2.1.50", "2.1.5-rc1", "2.1.5")}
    look(watch(), tags)
    assert links_of(client.get("/search/?q=2.1.5&kind=versions")) == [
        f"{APP}:{name}/" for name in ("2.1.5", "2.1.50", "2.1.5-rc1", "12.1.5", "x-2.1.50")
    ]


def test_what_is_there_comes_before_what_was_removed(client: Client) -> None:
    repository = watch()
    look(repository, {"2.1.0": "A", "2.1.0-alpine": "B"}, NOW - 10 * MINUTE)
    look(repository, {"2.1.0-alpine": "B"}, NOW)
    page = client.get("/search/?q=2.1.0")
    assert links_of(page) == [f"{APP}:2.1.0-alpine/", f"{APP}:2.1.0/"]
    assert "removed" in read(client, "/search/?q=2.1.0")


def test_pointers_come_before_versions(client: Client) -> None:
    look(watch(), {"staging": "A", "1.0-staging1": "B"})
    assert links_of(client.get("/search/?q=staging"))[0] == f"{APP}:staging/"


def test_marks_are_no_wildcards(client: Client) -> None:
    look(watch(), {"a_b.c": "A", "axb-c": "B", "1.0.0": "C"})
    assert links_of(client.get("/search/?q=a_b.c")) == [f"{APP}:a_b.c/"]
    for nothing in ("%25", "a%25c", "1x0", "\\"):
        assert "Nothing is called" in read(client, f"/search/?q={nothing}")


def test_signatures_are_not_found(client: Client) -> None:
    look(watch(), {"1.0.0": "A", f"{digest('A').replace(':', '-')}.sig": "S"})
    assert "Nothing is called" in read(client, "/search/?q=.sig")


def test_every_word_is_in_the_name_of_a_tag_or_in_that_of_its_image(client: Client) -> None:
    look(watch(), {"2.1-alpine": "A", "2.1": "B", "production": "A"})
    look(watch("registry.example.com/shop/cart"), {"2.1-alpine": "C", "app-2.1": "D"})
    look(watch("registry.example.com/tools/lint"), {"2.1-alpine": "E"})
    cart = "/registry.example.com/shop/cart"
    for query, found in {
        "shop app": [f"{APP}/", f"{cart}:app-2.1/"],
        "APP shop": [f"{APP}/", f"{cart}:app-2.1/"],
        "app prod": [f"{APP}:production/"],
        "alpine 2.1 app": [f"{APP}:2.1-alpine/"],
        "2.1  alpine": [f"{APP}:2.1-alpine/", f"{cart}:2.1-alpine/", "/registry.example.com/tools/lint:2.1-alpine/"],
        "shop cart alpine": [f"{cart}:2.1-alpine/"],
        "shop nothing": [],
        "shop cart 2.1 alpine": [f"{cart}:2.1-alpine/"],
        "shop cart 2.1 alpine nothing": [],
    }.items():
        assert links_of(client.get("/search/", {"q": query})) == found, query


def test_a_name_of_digits_behind_an_image_is_a_tag_and_no_digest(client: Client) -> None:
    look(watch(), {"2024": "A"})
    assert links_of(client.get("/search/?q=app:2024")) == [f"{APP}:2024/"]


@pytest.mark.parametrize("query", ["shop/app:prod", "app prod", "app:production", "registry.example.com/shop/app:prod"])
def test_a_tag_can_be_looked_for_in_an_image(client: Client, query: str) -> None:
    example()
    example("registry.example.com/shop/cart")
    assert links_of(client.get(f"/search/?q={query}")) == [f"{APP}:production/"]


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("registry.example.com/shop/app", f"{APP}/"),
        ("https://registry.example.com/shop/app/", f"{APP}/"),
        ("registry.example.com/shop/app:production", f"{APP}:production/"),
        (digest("2.1"), f"/{digest('2.1')}/"),
        (f"registry.example.com/shop/app@{digest('2.1')}", f"/{digest('2.1')}/"),
    ],
)
def test_a_whole_name_leads_straight_to_its_page(client: Client, query: str, address: str) -> None:
    example()
    page = client.get(f"/search/?q={query}")
    assert f'Go straight to <a href="{address}">' in page.text


@pytest.mark.parametrize(("typed", "meant"), [("prodction", "production"), ("shp", "shop"), ("2.1.", "2.1")])
def test_a_wrong_spelling_is_put_right(client: Client, typed: str, meant: str) -> None:
    example("registry.example.com/shop/app")
    page = read(client, f"/search/?q={typed}")
    assert f"Nothing is called “{typed}”." in page
    assert meant in page.partition("Did you mean")[2]


def test_a_short_text_finds_the_versions_that_begin_with_it(client: Client) -> None:
    example()
    for query in ("1", "app 1"):
        page = read(client, f"/search/?q={query}")
        assert "Versions 4" in page
        assert "type three letters to find it anywhere" in page


def test_the_past_is_kept_in_every_link(client: Client) -> None:
    repository = example(at=NOW - DAY)
    keep_watching(repository, EXAMPLE, NOW - DAY, NOW - 23 * 60 * MINUTE)
    page = client.get("/search/?q=production&at=2026-05-14T12:30Z")
    assert links_of(page) == [f"{APP}:production/?at=2026-05-14T12%3A30Z"]
    assert "Names are searched as they are now" in page.text


class TestThePast:
    """Production went from 1.3 to 2.0 an hour ago, hotfix came then, and qatesting went away."""

    THEN = "at=2026-05-15T10:59Z"

    def story(self) -> None:
        repository = moved(at=NOW - HOUR)
        later = {**EXAMPLE, "production": "2.1", "hotfix": "2.0"}
        look(repository, {name: content for name, content in later.items() if name != "qatesting"}, NOW - 55 * MINUTE)

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("production", "production in shop/app · registry.example.com was on 1.3"),
            ("hotfix", "hotfix in shop/app · registry.example.com was not there"),
            ("qatesting", "qatesting in shop/app · registry.example.com was on 2.1"),
            ("1.3", f"1.3 in shop/app · registry.example.com {digest('1.3')[:14]} ← production"),
            (digest("1.3")[:14], f"{digest('1.3')[:14]} shop/app:production , shop/app:1.3"),
        ],
    )
    def test_what_is_found_is_told_as_it_was(self, client: Client, query: str, words: str) -> None:
        self.story()
        assert words in read(client, f"/search/?q={query}&{self.THEN}")

    def test_a_move_that_was_under_way_is_told(self, client: Client) -> None:
        self.story()
        assert "was on 2.0 it was moving" in read(client, "/search/?q=production&at=2026-05-15T11:04Z")

    def test_before_anybody_looked_nothing_is_claimed(self, client: Client) -> None:
        self.story()
        before = "at=2026-05-14T10:00Z"
        assert "not known · not watched before 15 May 2026" in read(client, f"/search/?q=production&{before}")
        page = read(client, f"/search/?q={digest('1.3')[:14]}&{before}")
        assert "no tag is known to have pointed to it then" in page

    def test_a_saved_file_tells_the_same(self, client: Client) -> None:
        self.story()
        (found,) = json.loads(client.get(f"/search/?q=production&{self.THEN}&format=json").getvalue())
        assert (found["version"], found["digest"], found["state"]) == ("1.3", digest("1.3"), "present")
        (found,) = json.loads(client.get(f"/search/?q=hotfix&{self.THEN}&format=json").getvalue())
        assert (found["version"], found["digest"], found["state"]) == ("", None, "removed")

    @pytest.mark.parametrize("query", ["production", "2.1", "sha256:0", "app"])
    def test_the_search_in_the_past_asks_as_often_for_forty_images_as_for_two(self, client: Client, query: str) -> None:
        asked = []
        for images in (range(2), range(2, 40)):
            for number in images:
                moved(f"registry.example.com/shop/app{number}")
            with CaptureQueriesContext(connection) as queries:
                assert client.get(f"/search/?q={query}&at=2026-05-15T11:57Z").status_code == 200
            asked.append(len(queries))
        assert asked[0] == asked[1] <= 34


def test_many_results_stand_on_pages(client: Client) -> None:
    look(watch(), {f"1.{number}.0": "A" for number in range(60)})
    assert len(links_of(client.get("/search/?q=1."))) == 10
    assert "Show all 60" in read(client, "/search/?q=1.")
    assert len(links_of(client.get("/search/?q=1.&kind=versions"))) == 50
    assert len(links_of(client.get("/search/?q=1.&kind=versions&page=2"))) == 10


def test_more_than_enough_is_not_counted(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST", 20)
    look(watch(), {f"1.{number}.0": "A" for number in range(30)})
    assert "Versions more than " in read(client, "/search/?q=1.")


def test_a_tag_is_found_first_in_the_image_that_is_called_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        look(watch(f"registry.example.com/team/app-{number}"), {"production": "A"})
    look(watch("registry.example.com/zoo/app"), {"production": "A"})
    page = client.get("/search/?q=app:production")
    assert links_of(page)[0] == "/registry.example.com/zoo/app:production/"
    assert "Pointers 31" in read(client, "/search/?q=app:production")
    monkeypatch.setattr(searching, "MOST", 5)
    page = client.get("/search/?q=app:production")
    assert links_of(page)[0] == "/registry.example.com/zoo/app:production/"
    assert "Pointers more than" in read(client, "/search/?q=app:production")


@pytest.mark.parametrize("query", ["1.", "1. app", "app:1.", "sha256:", "number"])
def test_all_that_is_found_can_be_saved(client: Client, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    monkeypatch.setattr(searching, "MOST", 20)
    repository = watch()
    gone = {f"1.{number}.9-number": str(number) for number in range(25)}
    there = {f"1.{number}.0-number": str(number) for number in range(45)}
    look(repository, {**gone, **there}, NOW - 10 * MINUTE)
    look(repository, there, NOW)
    if query == "sha256:":
        query = f"sha256:{digest('1')[7]}"
        expected = {digest(str(number)) for number in range(45) if digest(str(number)).startswith(query)}
        monkeypatch.setattr(searching, "MOST", 1)
    else:
        expected = {*gone, *there}
    rows = json.loads(client.get(f"/search/?q={query}&format=json").getvalue())
    assert len(rows) == len(expected)
    assert {row["name"] for row in rows} == expected


def test_without_a_text_the_page_says_what_to_do(client: Client) -> None:
    assert "No image is watched yet, so there is nothing to find." in read(client, "/search/")
    example()
    assert "What are you looking for?" in read(client, "/search/")


def test_results_can_be_saved(client: Client) -> None:
    example()
    found = json.loads(client.get("/search/?q=production&format=json").getvalue())
    assert found == [
        {
            "kind": "pointer",
            "name": "production",
            "repository": "registry.example.com/shop/app",
            "registry": "registry.example.com",
            "digest": digest("2.0"),
            "version": "2.0",
            "state": "present",
        }
    ]


@pytest.mark.parametrize("query", ["\0", "a" * 3000, "sha256:", "x:y:z", "://", "' OR 1=1", "𝔘ñï", ":", " : "])
def test_no_text_is_too_strange(client: Client, query: str) -> None:
    example()
    assert client.get("/search/", {"q": query}).status_code == 200


@pytest.mark.parametrize("query", ["1.", "production", "app", "sha256:0", "nothing", "2.1&kind=versions", "shop app"])
def test_the_search_asks_as_often_for_forty_images_as_for_two(client: Client, query: str) -> None:
    asked = []
    for images in (range(2), range(2, 40)):
        for number in images:
            example(f"registry.example.com/shop/app{number}")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/search/?q={query}").status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 30


def test_what_could_not_be_checked_is_marked(client: Client) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    assert "is on 2.0 ⚠" not in read(client, "/search/?q=production")
    look(repository, {}, NOW - MINUTE, error=TimedOut("it took too long"))
    assert "is on 2.0 ⚠ No good look since today 13:55" in read(client, "/search/?q=production")
    assert "← production ⚠ No good look since today 13:55" in read(client, "/search/?q=2.0")
