from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tags.models import Repository
from tags.pages import matrix as matrices
from tags.registry import TimedOut
from tags.views.matrix import COLUMNS
from tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, example, keep_watching, look, watch
from tests.listings import EXAMPLE, digest
from tests.views.pasts import COMING, GOING, gone_and_back
from tests.views.reading import read, rows_of, text_of

MATRIX = "/matrix/registry.example.com/shop/app/"


@pytest.fixture
def past() -> Repository:
    """Production went from 1.2 to 1.3 to 2.0 and back to 1.3, and to 2.0 again; staging was there for a day."""
    repository = watch(interval=24 * 3600)
    for days, changes in (
        (10, {"production": "1.2", "staging": "2.1"}),
        (8, {"production": "1.3"}),
        (6, {"production": "2.0"}),
        (4, {"production": "1.3"}),
        (2, {}),
    ):
        look(repository, {**EXAMPLE, **changes}, NOW - days * DAY)
    look(repository, EXAMPLE, NOW - MINUTE)
    return repository


@pytest.mark.usefixtures("past")
def test_each_version_tells_where_it_is_and_was(client: Client) -> None:
    rows = rows_of(client.get(MATRIX))
    assert rows[0].startswith("Version latest perftesting production qatesting rollback staging removed Content")
    assert [row.split()[0] for row in rows[1:]] == ["2.2", "2.1", "2.0", "1.3", "1.2"]
    production = next(row for row in rows if row.startswith("2.0 "))
    assert "● is there now since Wed 13 May" in production
    assert "was there before, until Mon 11 May" in production
    assert "○ 1 was there, 1 image ago: Mon 11 May" in rows[4]
    assert "Wed 13 May (2 times)" in rows[4]


def test_what_a_pointer_came_back_to_is_not_what_it_left_last(client: Client) -> None:
    repository = watch()
    versions = {"2.0": "a", "2.1": "b"}
    for minutes, pointers in ((20, {"production": "a"}), (15, {"production": "b"}), (10, {}), (5, {"production": "b"})):
        look(repository, {**versions, **pointers}, NOW - minutes * MINUTE)
    new, old = rows_of(client.get(MATRIX))[1:]
    assert "● is there now" in new
    assert "○ 1 was there, 1 image ago:" in old


@pytest.mark.usefixtures("past")
def test_a_version_that_was_never_there_is_no_row_unless_asked_for(client: Client) -> None:
    assert not any(row.startswith("1.0") for row in rows_of(client.get(MATRIX)))
    assert rows_of(client.get(f"{MATRIX}?rows=all"))[-1].startswith("1.0 · never seen there")


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (
            "2.0",
            "2.0 is in production, since 13 May 2026 14:00 or earlier. It was there 1 time before",
        ),
        ("1.2", "1.2 was in production from 5 May 2026 14:00 or earlier to 7 May 2026 14:00."),
        ("1.0", "1.0 has never been in latest, perftesting, production, qatesting, rollback or staging, as far as"),
        ("v2.0", "Nothing matches “v2.0”."),
    ],
)
@pytest.mark.usefixtures("past")
def test_has_it_ever_been_in_production(client: Client, query: str, answer: str) -> None:
    assert answer in read(client, f"{MATRIX}?q={query}")


@pytest.mark.usefixtures("past")
def test_one_pointer_can_be_asked_about_alone(client: Client) -> None:
    page = read(client, f"{MATRIX}?q=2.1&pointer=production")
    assert "2.1 has never been in production, as far as it was watched: since 5 May 2026 14:00." in page
    assert rows_of(client.get(f"{MATRIX}?pointer=production"))[0] == "Version production Content"


def test_never_is_said_with_the_time_in_which_nobody_could_look(client: Client) -> None:
    repository = example(at=NOW - 3 * HOUR)
    look(repository, {}, NOW - 2 * HOUR, error=TimedOut("it took too long"))
    look(repository, EXAMPLE, NOW - HOUR)
    page = read(client, f"{MATRIX}?q=2.2&pointer=production")
    assert "2.2 has never been in production" in page
    assert "and nobody could look for part of the time" in page


def test_an_image_that_got_another_name_later_is_found_by_both(client: Client) -> None:
    repository = watch()
    look(repository, {"2.1-rc1": "A", "production": "A", "2.0.0": "B"}, NOW - 30 * MINUTE)
    look(repository, {"2.1-rc1": "A", "production": "B", "2.0.0": "B"}, NOW - 25 * MINUTE)
    look(repository, {"2.1-rc1": "A", "2.1.0": "A", "production": "B", "2.0.0": "B"}, NOW - 20 * MINUTE)
    for name in ("2.1.0", "2.1-rc1"):
        page = read(client, f"{MATRIX}?q={name}")
        assert "2.1.0 was in production from 15 May 2026 13:30 or earlier to 15 May 2026 13:35." in page
        assert "also called 2.1-rc1" in page


def test_what_was_deleted_since_keeps_its_name(client: Client) -> None:
    repository = watch()
    look(repository, {"2.0": "A", "2.1": "B", "production": "A"}, NOW - 30 * MINUTE)
    look(repository, {"2.0": "A", "2.1": "B", "production": "B"}, NOW - 25 * MINUTE)
    look(repository, {"2.1": "B", "production": "B"}, NOW - 20 * MINUTE)
    assert "2.0 was in production from" in read(client, f"{MATRIX}?q=2.0")


def test_an_image_without_a_version_is_a_row_of_its_own(client: Client) -> None:
    repository = watch()
    look(repository, {"nightly": "A"}, NOW - 10 * MINUTE)
    look(repository, {"nightly": "B"}, NOW - 5 * MINUTE)
    rows = rows_of(client.get(MATRIX))
    assert rows[1].startswith("no version tag ● is there now since today")
    assert rows[1].endswith(digest("B")[7:14])
    assert rows[2].startswith("no version tag ○ 1 was there, 1 image ago:")


@pytest.mark.usefixtures("past")
def test_the_past_has_a_matrix_of_its_own(client: Client) -> None:
    at = f"{NOW - 5 * DAY:%Y-%m-%dT%H:%MZ}"
    page = client.get(f"{MATRIX}?at={at}")
    rows = rows_of(page)
    assert "● was there at that moment since Sat 9 May" in next(row for row in rows if row.startswith("2.0"))
    assert "You look at" in page.text
    assert f'href="/registry.example.com/shop/app:production/?at={at.replace(":", "%3A")}"' in page.text


@pytest.mark.usefixtures("past")
def test_before_anyone_watched_nothing_is_known(client: Client) -> None:
    assert "Not known : not watched before 5 May 2026 14:00" in read(client, f"{MATRIX}?at=2026-01-01")


@pytest.mark.usefixtures("past")
def test_the_matrix_can_be_saved(client: Client) -> None:
    rows = json.loads(client.get(f"{MATRIX}?q=2.0&format=json").getvalue())
    assert [(row["version"], row["tag"], row["state"], row["before"]) for row in rows] == [
        ("2.0", "production", "now", "2026-05-13T12:00:01Z")
    ]
    lines = client.get(f"{MATRIX}?format=csv").getvalue().decode().splitlines()
    assert lines[0].split(",") == list(COLUMNS)


@pytest.mark.parametrize("query", ["rows=all", "q=1."])
def test_all_versions_are_saved_though_a_page_cuts_them(
    client: Client, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(matrices, "MOST_VISITS", 3)
    monkeypatch.setattr(matrices, "MOST_FOUND", 2)
    repository = watch()
    versions = {f"1.{number}.0": str(number) for number in range(12)}
    for number in range(8):
        look(repository, {**versions, "production": str(number)}, NOW - (8 - number) * MINUTE)
    rows = json.loads(client.get(f"{MATRIX}?{query}&format=json").getvalue())
    assert {row["version"] for row in rows} == versions.keys()
    assert sum(row["state"] == "was" for row in rows) == 7


def test_a_move_under_way_is_saved(client: Client) -> None:
    repository = watch()
    look(repository, {"1.0.0": "A", "2.0.0": "B", "production": "A"}, NOW - 10 * MINUTE)
    look(repository, {"1.0.0": "A", "2.0.0": "B", "production": "B"}, NOW)
    rows = json.loads(client.get(f"{MATRIX}?at={NOW - MINUTE:%Y-%m-%dT%H:%MZ}&format=json").getvalue())
    assert [(row["version"], row["state"], row["moving_to"]) for row in rows] == [("1.0.0", "now", "2.0.0")]


class TestPointers:
    """1, 1.0 and production are on 1.0.0, which they make a version in part of."""

    @pytest.fixture(autouse=True)
    def _seen(self) -> None:
        tags = {"1.0.0": "A", "1": "A", "1.0": "A", "v1.0": "A", "production": "B", "2.0.0": "B"}
        look(watch(), tags, NOW - MINUTE)

    def test_what_is_not_shown_is_named_and_can_be_shown(self, client: Client) -> None:
        page = client.get(f"{MATRIX}?q=1.0.0")
        assert "1.0.0 has never been in production, as far as" in text_of(page)
        assert "3 pointers are not shown, and nothing is said of them here: 1, 1.0, v1.0." in text_of(page)
        everything = "?q=1.0.0&amp;pointer=production&amp;pointer=1&amp;pointer=1.0&amp;pointer=v1.0"
        assert f'<a href="{everything}">Show all pointers</a>' in page.text

    def test_versions_in_part_can_be_chosen(self, client: Client) -> None:
        page = client.get(f"{MATRIX}?pointer=1.0")
        assert '<input type="checkbox" name="pointer" value="1.0" checked>' in page.text
        assert '<input type="checkbox" name="pointer" value="v1.0">' in page.text
        assert rows_of(page)[0] == "Version 1.0 Content"
        assert "1.0.0 is in 1.0, since 15 May 2026 13:59 or earlier." in read(client, f"{MATRIX}?q=1.0.0&pointer=1.0")

    def test_of_more_pointers_than_can_be_listed_those_shown_are(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(matrices, "MOST_CHOICES", 1)
        page = client.get(f"{MATRIX}?pointer=v1.0")
        assert '<input type="checkbox" name="pointer" value="v1.0" checked>' in page.text
        assert "2 more pointers are not listed." in text_of(page)


def test_where_there_is_nothing_but_versions_in_part_they_are_shown(client: Client) -> None:
    look(watch(), {"1.0.0": "A", "1.0": "A"}, NOW)
    assert rows_of(client.get(MATRIX))[0] == "Version 1.0 Content"


def test_a_wrong_spelling_is_put_right(client: Client) -> None:
    example()
    assert "Did you mean 2.1" in read(client, f"{MATRIX}?q=2,1")


def test_a_repository_without_pointers_says_so(client: Client) -> None:
    look(watch(), {"1.0.0": "A"}, NOW)
    assert "No tag here is one that people move." in read(client, MATRIX)


def test_a_familiar_name_leads_to_the_full_address(client: Client) -> None:
    watch("docker.io/library/python")
    response = client.get("/matrix/python/?q=3")
    assert (response.status_code, response["Location"]) == (302, "/matrix/docker.io/library/python/?q=3")


@pytest.mark.parametrize("query", ["", "?q=1", "?rows=all", "?at=2026-05-15T12:00:04Z"])
def test_the_matrix_asks_as_often_for_many_moves_as_for_few(client: Client, query: str) -> None:
    asked = []
    for name, moves in (("few", 3), ("many", 20)):
        repository = watch(f"registry.example.com/shop/{name}")
        versions = {f"1.{number}.0": str(number) for number in range(moves)}
        for number in range(moves):
            pointers = {"production": str(number), "latest": str(number // 2), "nightly": f"n{number}"}
            look(repository, versions | pointers, NOW - (moves - number) * 5 * MINUTE)
        keep_watching(repository, versions | pointers, NOW - 5 * MINUTE, NOW)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/matrix/registry.example.com/shop/{name}/{query}").status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 13


def test_an_image_that_was_left_under_two_names_tells_of_each_when_its_last_visit_began(client: Client) -> None:
    repository = watch()
    for minutes, tags in (
        (30, {"1.0": "A", "2.0": "B", "production": "A"}),
        (25, {"1.0": "A", "2.0": "B", "production": "B"}),
        (20, {"1.0": "A", "2.0": "B", "production": "A"}),
        (15, {"1.0": "A", "2.0.0-final": "B", "production": "B"}),
        (10, {"1.0": "A", "production": "A"}),
    ):
        look(repository, tags, NOW - minutes * MINUTE)
    page = read(client, f"{MATRIX}?q=2.0")
    assert "2.0 was in production from 15 May 2026 13:35 to 15 May 2026 13:40." in page
    rows = json.loads(client.get(f"{MATRIX}?pointer=production&format=json").getvalue())
    assert {row["version"]: (row["before"], row["until"]) for row in rows if row["state"] == "was"} == {
        "2.0.0-final": ("2026-05-15T11:45:01Z", "2026-05-15T11:50:01Z"),
        "2.0": ("2026-05-15T11:35:01Z", "2026-05-15T11:40:01Z"),
    }


def test_what_was_only_published_again_was_not_left(client: Client) -> None:
    repository = watch()
    tags = {"2.0": "2.0", "production": "2.0"}
    look(repository, tags, NOW - 10 * MINUTE)
    look(repository, {"2.0": "2.0 anew", "production": "2.0 anew"}, NOW)
    page = client.get(f"{repository.matrix_url}?q=2.0").text
    assert "2.0 is in production" in page
    assert "before, until" not in page


class TestGoneAndBack:
    """Between two looks nobody knows whether what came or went was there."""

    def test_what_was_coming_may_be_where_it_came_to(self, client: Client) -> None:
        gone_and_back()
        header, new, old = rows_of(client.get(f"{MATRIX}?at={COMING}"))
        assert header == "Version canary production Content"
        assert "1.1 · never seen there ? coming, pointing to 1.1, between 13:55 and 14:00" in new
        assert old.startswith("1.0 ? coming, pointing to 1.0, between 13:55 and 14:00 ○ 1 was there")

    def test_what_was_going_says_so(self, client: Client) -> None:
        gone_and_back()
        (row,) = rows_of(client.get(f"{MATRIX}?at={GOING}"))[1:]
        assert "being removed between 13:50 and 13:55" in row

    def test_an_export_says_coming(self, client: Client) -> None:
        gone_and_back()
        rows = json.loads(client.get(f"{MATRIX}?at={COMING}&format=json").getvalue())
        assert [(row["version"], row["tag"], row["state"], row["moving_to"]) for row in rows] == [
            ("1.1", "production", "coming", "1.1"),
            ("1.0", "canary", "coming", "1.0"),
            ("1.0", "production", "was", None),
        ]


def test_pointers_that_are_gone_come_last(client: Client) -> None:
    repository = watch()
    look(repository, {"1.0": "A", "2.0": "B", "canary": "A", "production": "A"}, NOW - 10 * MINUTE)
    look(repository, {"1.0": "A", "2.0": "B", "production": "A"}, NOW - 5 * MINUTE)
    assert rows_of(client.get(MATRIX))[0] == "Version production canary removed Content"


def test_a_stay_within_one_minute_is_told_with_its_seconds(client: Client) -> None:
    repository = watch()
    for seconds, content in ((50, "A"), (40, "B"), (20, "A")):
        look(repository, {"1.0": "A", "2.0": "B", "production": content}, NOW - seconds * SECOND)
    told = "2.0 was in production from 15 May 2026 13:59:21 to 15 May 2026 13:59:41."
    assert told in read(client, f"{MATRIX}?q=2.0")


class TestRebuilt:
    """1.1 is pushed again with other content: who stood on it stands on an earlier build of 1.1."""

    @pytest.fixture
    def repository(self) -> Repository:
        repository = watch()
        look(repository, {"0.9": "0.9", "1.1": "1.1", "production": "0.9"}, NOW - 20 * MINUTE)
        look(repository, {"0.9": "0.9", "1.1": "1.1", "production": "1.1"}, NOW - 15 * MINUTE)
        look(repository, {"0.9": "0.9", "1.1": "1.1 anew", "production": "1.1"}, NOW - 10 * MINUTE)
        return repository

    def test_who_does_not_follow_is_still_on_that_version(self, client: Client, repository: Repository) -> None:
        page = client.get(f"{MATRIX}?q=1.1")
        assert "1.1 is in production since 15 May 2026 13:45. It is an earlier build: 1.1 was rebuilt" in text_of(page)
        assert "never" not in text_of(page).partition("Small dot")[0]
        (row,) = rows_of(page)[1:]
        assert row.startswith("1.1 ● is there now since today")
        assert row.endswith("an earlier build 2 images")
        assert "1.1 ● is there now" in " ".join(rows_of(client.get(MATRIX)))
        at = f"{NOW - 5 * MINUTE:%Y-%m-%dT%H:%MZ}"
        keep_watching(repository, {"0.9": "0.9", "1.1": "1.1 anew", "production": "1.1"}, NOW - 10 * MINUTE, NOW)
        look(repository, {"0.9": "0.9", "1.1": "1.1 anew", "production": "0.9"}, NOW + SECOND)
        assert "1.1 is in production since 15 May 2026 13:45. It is an" in read(client, f"{MATRIX}?q=1.1&at={at}")

    @pytest.mark.usefixtures("repository")
    def test_an_export_says_so(self, client: Client) -> None:
        rows = json.loads(client.get(f"{MATRIX}?format=json").getvalue())
        assert [(row["version"], row["tag"], row["state"], row["build"]) for row in rows] == [
            ("1.1", "production", "now", "earlier"),
            ("0.9", "production", "was", None),
        ]

    def test_a_version_whose_tag_is_gone_is_still_that_version(self, client: Client, repository: Repository) -> None:
        look(repository, {"0.9": "0.9", "production": "1.1"}, NOW - 5 * MINUTE)
        page = client.get(f"{MATRIX}?q=1.1")
        assert "1.1 is in production since 15 May 2026 13:45. The tag 1.1 itself is gone." in text_of(page)
        assert "1.1 ● is there now" in rows_of(page)[1]

    def test_who_follows_has_been_there_since_it_came(self, client: Client, repository: Repository) -> None:
        anew = {"0.9": "0.9", "1.1": "1.1 anew"}
        look(repository, {**anew, "production": "1.1 anew"}, NOW - 5 * MINUTE)
        page = read(client, f"{MATRIX}?q=1.1")
        assert "1.1 is in production since 15 May 2026 13:45." in page
        assert "build" not in page
        (row,) = json.loads(client.get(f"{MATRIX}?q=1.1&format=json").getvalue())
        assert (row["times"], row["after"], row["before"]) == (0, "2026-05-15T11:40:00Z", "2026-05-15T11:45:01Z")
        look(repository, {**anew, "production": "0.9"}, NOW)
        assert "1.1 was in production from 15 May 2026 13:45 to 15 May 2026 14:00." in read(client, f"{MATRIX}?q=1.1")

    def test_who_was_there_at_the_first_look_and_follows_has_been_there_since(self, client: Client) -> None:
        repository = watch()
        look(repository, {"1.1": "1.1", "production": "1.1"}, NOW - 20 * MINUTE)
        look(repository, {"1.1": "1.1 anew", "production": "1.1 anew"}, NOW - 10 * MINUTE)
        answer = "1.1 is in production, since 15 May 2026 13:40 or earlier."
        assert answer in read(client, f"{MATRIX}?q=1.1")
