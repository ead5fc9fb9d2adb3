from __future__ import annotations

import csv
import json
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.db.models import F
from django.test import Client

from tags.models import CompareLink, Image
from tags.registry import TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, example, keep_watching, look, moved, watch
from tests.listings import EXAMPLE, digest
from tests.views.partly import disputed
from tests.views.pasts import COMING, GOING, gone_and_back
from tests.views.reading import read, rows_of, text_of

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

APP = "registry.example.com/shop/app"
A, B = "a" * 40, "b" * 40


def address(a: str = "", b: str = "", **more: str) -> str:
    asked = {"a": a and f"{APP}:{a}", "b": b and f"{APP}:{b}", **more}
    return "/compare/?" + "&".join(f"{name}={value}" for name, value in asked.items() if value)


def described(image: str, revision: str = A, **facts: object) -> None:
    labels = {
        "org.opencontainers.image.source": "https://github.com/shop/app",
        "org.opencontainers.image.revision": revision,
        "team": "shop",
    }
    told = {"labels": labels, "size": 1000, "platforms": ["linux/amd64"], "described_at": NOW, "describe_at": None}
    Image.objects.filter(digest=digest(image)).update(**{**told, **facts})


def test_two_pointers_are_told_apart_by_what_differs(client: Client) -> None:
    moved()
    described("2.0", A, created=NOW - 3 * DAY)
    described("2.1", B, created=NOW - 2 * DAY)
    response = client.get(address("production", "qatesting"))
    page = text_of(response)
    assert "production is 1 version behind qatesting" in page
    assert "5 of 9 differ" in page
    assert [row.split()[0] for row in rows_of(response)[1:]] == ["Version", "Digest", "Since", "Built", "Commit"]
    assert "Version 2.0 2.1" in page


def test_all_rows_are_shown_when_asked_for(client: Client) -> None:
    moved()
    described("2.0", A)
    described("2.1", B)
    page = read(client, address("production", "qatesting", all="1"))
    assert "Size 1000\xa0bytes 1000\xa0bytes" in page or "Size 1000 bytes 1000 bytes" in page
    assert "team shop shop" in page


def test_the_commits_between_both_are_a_click_away_oldest_first(client: Client) -> None:
    moved()
    described("2.0", A)
    described("2.1", B)
    link = f'href="https://github.com/shop/app/compare/{A}...{B}"'
    for page in (client.get(address("production", "qatesting")), client.get(address("qatesting", "production"))):
        assert link in page.text
        assert "See the commits on GitHub" in text_of(page)


def test_a_pattern_of_the_admin_makes_the_link_too(client: Client) -> None:
    moved()
    CompareLink.objects.create(source="https://git.example.com/", template="{source}/log/{from}..{to}")
    source = {"org.opencontainers.image.source": "https://git.example.com/shop/app.git"}
    described("2.0", labels={**source, "org.opencontainers.image.revision": A})
    described("2.1", labels={**source, "org.opencontainers.image.revision": B})
    html = client.get(address("production", "qatesting")).text
    assert f'href="https://git.example.com/shop/app/log/{A}..{B}"' in html
    assert "See the commits on git.example.com" in html


def test_one_tag_at_two_moments(client: Client) -> None:
    moved()
    page = read(client, address("production@2026-05-15T13:54:00+02:00", "production"))
    assert "production on 15 May 2026 13:54 is 1 version behind production now" in page
    assert "Version 1.3 2.0" in page


def test_two_moments_of_one_minute_are_told_apart(client: Client) -> None:
    moved()
    page = read(client, address("production@2026-05-15T11:54:20Z", "production@2026-05-15T11:54:24Z"))
    assert "15 May 2026 13:54:20" in page
    assert "15 May 2026 13:54:24" in page


def test_a_plus_sign_typed_raw_is_a_plus_sign(client: Client) -> None:
    moved()
    page = read(client, address("production@2026-05-15T13:54+02:00", "production"))
    assert "production on 15 May 2026 13:54" in page


def test_a_moment_to_come_is_not_known(client: Client) -> None:
    example()
    assert "Not known : that moment is still to come" in read(client, address("production@2030-01-01", "latest"))


def test_the_moment_of_the_page_is_that_of_both_sides(client: Client) -> None:
    moved()
    page = read(client, address("production", "rollback", at="2026-05-15T11:54:00Z"))
    assert "Version 1.3 1.2" in page
    assert "You look at" in page


def test_a_moment_of_its_own_wins_over_that_of_the_page(client: Client) -> None:
    moved()
    page = read(client, address("production@2026-05-15T12:00:03Z", "production", at="2026-05-15T11:54:00Z"))
    assert "Version 2.0 1.3" in page


def test_the_same_image_is_said_to_be_the_same(client: Client) -> None:
    example()
    page = read(client, address("qatesting", "perftesting"))
    assert "Both are the same image." in page
    assert "0 of 7 differ" in page
    assert "Nothing differs." in page


def test_the_same_content_under_two_digests_is_said_to_be_the_same(client: Client) -> None:
    look(watch(APP), {"one": "1", "other": "2"})
    described("1", content="sha256:same")
    described("2", content="sha256:same")
    page = read(client, address("one", "other"))
    assert "The content is the same: it was only published again" in page
    assert "See the commits" not in page


def test_two_repositories_of_two_registries_are_compared(client: Client) -> None:
    example()
    look(watch("harbor.example.org/mirror/app"), {"2.0": "2.0", "production": "2.0"})
    page = read(client, address("production", b="") + "&b=harbor.example.org/mirror/app:production")
    assert "Both are the same image." in page
    assert "mirror/app · harbor.example.org" in page
    assert "shop/app:production: last Friday evening and now" in page


def test_a_moment_nobody_watched_is_not_known(client: Client) -> None:
    example()
    page = read(client, address("production@2026-05-01", "production"))
    assert "Not known : not watched before 15 May 2026 14:00" in page
    assert "It is not known what was there then, so the two cannot be compared." in page
    assert "Version not known 2.0" in page
    assert "of 7 differ" not in page


def test_a_tag_that_was_not_there_then_says_so(client: Client) -> None:
    repository = watch(APP)
    keep_watching(repository, {"1.0": "a"}, NOW - HOUR, NOW - 10 * MINUTE)
    look(repository, {"1.0": "a", "production": "a"}, NOW - 5 * MINUTE)
    page = read(client, address("production@2026-05-15T13:30", "production"))
    assert "There was no tag production then." in page
    assert "There is no image on one side, so the two cannot be compared." in page
    assert "Version not there 1.0" in page


def test_of_a_tag_that_was_not_there_no_label_is_an_open_question(client: Client) -> None:
    repository = watch(APP)
    keep_watching(repository, {"1.0": "a"}, NOW - HOUR, NOW - 10 * MINUTE)
    look(repository, {"1.0": "a", "production": "a"}, NOW - 5 * MINUTE)
    described("a")
    assert "team not there shop" in read(client, address("production@2026-05-15T13:30", "production", all="1"))


def test_a_removed_tag_says_so(client: Client) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    look(repository, {name: content for name, content in EXAMPLE.items() if name != "rollback"})
    assert "The tag rollback was removed." in read(client, address("production", "rollback"))


def test_what_was_not_read_yet_is_no_difference(client: Client) -> None:
    example()
    described("2.0")
    page = read(client, address("production", "qatesting"))
    assert "What is in them has not been read on both sides" in page
    assert "not read yet" in page
    assert "2 of 9 differ" in page


class TestChoosing:
    def test_without_sides_there_is_a_form_that_knows_the_pointers(self, client: Client) -> None:
        example()
        response = client.get("/compare/")
        assert "Choose two tags" in text_of(response)
        assert f'<option value="{APP}:production">' in response.text

    def test_with_one_side_the_other_is_offered(self, client: Client) -> None:
        example()
        response = client.get(address("production"))
        assert "Choose the other side." in text_of(response)
        assert f'href="/compare/?a={APP}%3Aproduction' in response.text.replace("%2F", "/")
        assert "production ↔ qatesting" in text_of(response)

    def test_the_fields_of_the_form_become_a_lasting_address(self, client: Client) -> None:
        example()
        response = client.get(address("production", "qatesting", a_at="2026-05-15T14:00", b_at=""))
        assert response["Location"] == f"/compare/?a={APP}:production@2026-05-15T12:00:00.000000Z&b={APP}:qatesting"

    def test_a_moment_beside_a_move_stays_on_its_side(self, client: Client) -> None:
        moved()
        html = client.get(address("production@2026-05-15T12:00:00.500000Z", "qatesting")).text
        assert 'value="2026-05-15T14:00:01"' in html
        assert "production%402026-05-15T12%3A00%3A00.500000Z" in html

    def test_the_last_move_and_last_friday_are_a_click_away(self, client: Client) -> None:
        moved()
        html = client.get(address("production", "qatesting")).text
        before, after = "@2026-05-15T11:55:00.000000Z", "@2026-05-15T12:00:01.000000Z"
        assert f"/compare/?a={APP}:production{before}&amp;b={APP}:production{after}" in html
        assert f"/compare/?a={APP}:production@2026-05-08T16:00:00.000000Z&amp;b={APP}:production" in html

    def test_before_a_move_that_the_second_look_saw_something_is_known(self, client: Client) -> None:
        repository = example(at=NOW - 5 * MINUTE)
        look(repository, {**EXAMPLE, "production": "2.1"})
        html = client.get(address("production")).text
        asked = f"/compare/?a={APP}:production@2026-05-15T12:00:00.000000Z&amp;b={APP}:production"
        assert asked in html
        page = read(client, asked.replace("&amp;", "&"))
        assert "Version 2.0 2.1" in page

    def test_before_a_move_right_after_a_gap_something_is_known(self, client: Client) -> None:
        repository = example(at=NOW - 4 * HOUR)
        look(repository, {}, NOW - 3 * HOUR, error=TimedOut("it took too long"))
        look(repository, EXAMPLE, NOW - HOUR)
        look(repository, {**EXAMPLE, "production": "2.1"}, NOW - HOUR + 5 * MINUTE)
        html = client.get(address("production")).text
        (link,) = re.findall(
            r'href="([^"]*)">production: before and after its last move from one image to another</a>', html
        )
        assert "Version 2.0 2.1" in read(client, unescape(link))

    def test_before_and_after_a_move_that_a_look_after_a_gap_found_something_is_known(self, client: Client) -> None:
        repository = example(at=NOW - 4 * HOUR)
        look(repository, EXAMPLE, NOW - 4 * HOUR + 5 * MINUTE)
        look(repository, {}, NOW - 3 * HOUR, error=TimedOut("it took too long"))
        look(repository, {**EXAMPLE, "production": "2.1"}, NOW - HOUR)
        for page in (address("production"), f"/{APP}:production/", f"/movements/{APP}/"):
            html = client.get(page).text
            links = re.findall(r'href="(/compare/[^"]*production(?:@|%40)[^"]*production(?:@|%40)[^"]*)"', html)
            assert links, page
            for link in map(unescape, links):
                assert "Version 2.0 2.1" in read(client, link)
                assert "Not sure" not in read(client, link)

    def test_before_and_after_a_move_no_move_is_under_way(self, client: Client) -> None:
        moved()
        (link,) = re.findall(
            r'href="([^"]*)">Compare<span class="hidden"> production', client.get(f"/movements/{APP}/").text
        )
        page = read(client, unescape(link))
        assert "Version 1.3 2.0" in page
        assert "Not sure" not in page

    def test_sides_can_be_swapped(self, client: Client) -> None:
        example()
        html = client.get(address("production", "qatesting")).text.replace("%2F", "/").replace("%3A", ":")
        assert f'href="/compare/?a={APP}:qatesting&amp;b={APP}:production"' in html


class TestBadReferences:
    @pytest.mark.parametrize(
        ("side", "words"),
        [
            ("shop/APP:y", "cannot be compared"),
            (APP, "names no tag"),
            (f"{APP}:production@yesterday", "is no date and time"),
            (f"{APP}:production@1800-01-01", "“1800-01-01” is too far away"),
            (f"{APP}:production@{digest('a')}", "Tags are compared here, not digests"),
            ("<script>", "cannot be compared"),
        ],
    )
    def test_what_cannot_be_read_is_answered_in_words_and_kept_in_the_form(
        self, client: Client, side: str, words: str
    ) -> None:
        response = client.get("/compare/", {"a": side, "b": f"{APP}:production"})
        assert response.status_code == 400
        assert words in text_of(response)
        assert "<script>" not in response.text.partition("<main")[2]

    def test_a_tag_nobody_has_seen_is_not_found_and_one_like_it_offered(self, client: Client) -> None:
        example()
        response = client.get(address("production", "qatestin"))
        assert response.status_code == 404
        assert "Nobody has ever seen a tag qatestin in shop/app. Did you mean qatesting ?" in text_of(response)

    def test_of_a_repository_nobody_watches_the_one_that_was_meant_is_compared(self, client: Client) -> None:
        example()
        response = client.get("/compare/", {"a": "shop/app:production@2026-05-15T12:00:03Z", "b": f"{APP}:qatesting"})
        assert response.status_code == 404
        assert "docker.io/shop/app is not watched yet." in text_of(response)
        assert 'value="shop/app:production@2026-05-15T12:00:03Z"' in response.text
        assert f'value="{APP}:qatesting"' in response.text
        (link,) = re.findall(r'href="([^"]*)">registry.example.com/shop/app:production</a>', response.text)
        assert "Version 2.0 2.1" in read(client, f"/compare/{unescape(link)}")

    def test_the_tag_that_was_meant_is_compared_at_the_moment_asked_for(self, client: Client) -> None:
        example()
        response = client.get(address("qatesting", "productin@2026-05-15T12:00:03Z"))
        (link,) = re.findall(r'href="([^"]*)">production</a>', response.text)
        assert "production on 15 May 2026 14:00" in read(client, f"/compare/{unescape(link)}")

    def test_the_example_is_one_that_works(self, client: Client) -> None:
        example()
        assert f"Choose two tags, as {APP}:latest and {APP}:perftesting." in read(client, "/compare/")


def test_what_reads_the_same_does_not_differ(client: Client) -> None:
    repository = example()
    repository.tags.filter(name="qatesting").update(before=F("before") + MINUTE / 1000)
    page = read(client, address("qatesting", "perftesting"))
    assert "0 of 7 differ" in page
    rows = json.loads(client.get(address("qatesting", "perftesting", format="json", all="1")).getvalue())
    assert [row["differs"] for row in rows if row["field"] == "since"] == [False]


class TestMoving:
    """Production went from 1.3 to 2.0 between 13:55 and 14:00."""

    @pytest.fixture(autouse=True)
    def _moved(self) -> None:
        moved()

    def test_a_move_under_way_leaves_doubt(self, client: Client) -> None:
        page = read(client, address("production", "qatesting", at="2026-05-15T11:57:00Z"))
        assert "Not sure, for a move was under way: production. What is told is as before that move." in page
        assert "behind" not in page
        assert "Version 1.3 2.1 Moving to 2.0 not moving" in page

    def test_the_side_is_named_by_its_moment_where_both_are_one_tag(self, client: Client) -> None:
        page = read(client, address("production@2026-05-15T11:57:00Z", "production"))
        assert "Not sure, for a move was under way: production on 15 May 2026 13:57." in page

    def test_programs_are_told(self, client: Client) -> None:
        asked = address("production", "qatesting", at="2026-05-15T11:57:00Z", format="json")
        rows = {row["field"]: row for row in json.loads(client.get(asked).getvalue())}
        assert rows["moving_to"] == {"field": "moving_to", "a": "2.0", "b": None, "differs": None}
        asked = address("production", "qatesting", format="json", all="1")
        assert "moving_to" not in client.get(asked).getvalue().decode()

    @pytest.mark.parametrize("path", ["/", f"/{APP}/"])
    def test_no_drift_is_told_of_what_moves(self, client: Client, path: str) -> None:
        assert "production is 1 version behind" in read(client, path)
        assert "behind" not in read(client, f"{path}?at=2026-05-15T11:57:00Z")
        assert "production is 2 versions behind" in read(client, f"{path}?at=2026-05-15T11:53:00Z")


class TestExport:
    def test_csv_holds_the_rows_that_are_shown(self, client: Client) -> None:
        moved()
        described("2.0", A)
        described("2.1", B)
        content = b"".join(client.get(address("production", "qatesting", format="csv")).streaming_content).decode()
        rows = list(csv.DictReader(content.splitlines()))
        assert [row["field"] for row in rows] == ["version", "digest", "since", "commit"]
        assert rows[0] == {"field": "version", "a": "2.0", "b": "2.1", "differs": "True"}

    def test_json_holds_all_rows_when_asked_for(self, client: Client) -> None:
        moved()
        described("2.0", A)
        described("2.1", B)
        response = client.get(address("production", "qatesting", format="json", all="1"))
        rows = {row["field"]: row for row in json.loads(b"".join(response.streaming_content))}
        assert rows["size"] == {"field": "size", "a": 1000, "b": 1000, "differs": False}
        assert rows["platforms"]["a"] == ["linux/amd64"]


@pytest.mark.parametrize(("a", "queries"), [("production", 15), ("production@2026-05-15T11:57:00Z", 16)])
def test_the_page_asks_as_often_whatever_the_tags_have_done(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, a: str, queries: int
) -> None:
    moved()
    described("2.0", A)
    described("2.1", B)
    with django_assert_num_queries(queries):
        client.get(address(a, "qatesting"))
    for number in range(20):
        repository = watch(f"registry.example.com/shop/app-{number}")
        look(repository, {**EXAMPLE, **{f"3.{minor}": "3" for minor in range(30)}}, NOW - HOUR)
        look(repository, {**EXAMPLE, "production": "2.1"}, NOW)
    with django_assert_num_queries(queries):
        client.get(address(a, "qatesting"))


class TestGoneAndBack:
    """Between two looks nobody knows whether what came or went was there."""

    def test_what_was_coming_cannot_be_compared(self, client: Client) -> None:
        gone_and_back()
        page = read(client, address(f"production@{COMING}", "1.0"))
        assert "It is not known what was there then, so the two cannot be compared." in page
        assert "Not known coming, pointing to 1.1, between 13:55 and 14:00" in page
        assert "Version not known 1.0 Moving to 1.1 not moving" in page
        assert "There was no tag production then." not in page

    def test_what_was_going_is_not_told_to_stay(self, client: Client) -> None:
        gone_and_back()
        page = read(client, address("production", "1.1", at=GOING))
        assert "being removed between 13:50 and 13:55" in page
        assert "Moving to nowhere: it was being removed not moving" in page


def test_of_what_the_registry_s_servers_disagree_about_nobody_is_sure(client: Client) -> None:
    disputed("production")
    page = read(client, address("production", "qatesting"))
    assert "Not sure, for the registry's servers disagree: production. What is told is as it was before." in page
    assert "disagree" not in read(client, address("latest", "qatesting"))
