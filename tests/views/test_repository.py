from __future__ import annotations

import csv
import io
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from tags.models import Image, Repository
from tags.models.movement import short
from tags.registry import CredentialsRefused, TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, example, look, moved, watch
from tests.listings import EXAMPLE, digest
from tests.views.partly import disputed, unanswered
from tests.views.pasts import COMING, GOING, gone_and_back
from tests.views.reading import read, rows_of, text_of

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

APP = "/registry.example.com/shop/app/"
DASH = "\N{EN DASH}"


def described(content: str, **facts: Any) -> None:
    """An image as it is once somebody has read it."""
    Image.objects.update_or_create(digest=content, defaults={"describe_at": None, "described_at": NOW, **facts})


def test_each_version_shows_who_points_to_it(client: Client) -> None:
    example()
    rows = rows_of(client.get(APP))
    since = "today 14:00 or earlier (at least 4 s)"
    assert rows[0] == "Version Pointed to by Since Also known as Built Size Platforms Content"
    assert rows[1].startswith(f"2.2 latest {since}")
    assert rows[2].startswith(f"2.1 perftesting qatesting {since}")
    assert rows[2].endswith(digest("2.1")[7:14])
    assert "3 versions without a pointer" in read(client, APP)


def test_each_pointer_shows_its_version_and_its_company(client: Client) -> None:
    example()
    rows = rows_of(client.get(f"{APP}?by=pointer"))
    assert rows[0] == "Pointer Points to Since Together with Built Size Platforms Content"
    assert rows[4].startswith("qatesting 2.1 today 14:00 or earlier (at least 4 s) perftesting")
    assert "5 pointers" in read(client, f"{APP}?by=pointer")


@pytest.mark.parametrize("query", ["q=qatesting", "q=2.1", f"q={digest('2.1')[7:14]}", f"q={digest('2.1')[:14]}"])
def test_the_filter_keeps_the_whole_row(client: Client, query: str) -> None:
    example()
    page = read(client, f"{APP}?{query}")
    assert "1 of 7 images · Clear" in page
    assert "2.1 perftesting qatesting" in page
    assert "production today" not in page


def test_the_filter_works_by_pointer_too(client: Client) -> None:
    example()
    page = read(client, f"{APP}?by=pointer&q=2.1")
    assert "2 of 5 pointers" in page


def test_the_filter_is_a_form_that_works_without_script(client: Client) -> None:
    example()
    html = client.get(f"{APP}?by=pointer&q=2.1&at=2026-05-15T12:00:04Z").text
    assert '<form class="filter" method="get"' in html
    assert '<input type="hidden" name="by" value="pointer">' in html
    assert '<input type="hidden" name="at" value="2026-05-15T12:00:04Z">' in html
    assert 'name="q" value="2.1"' in html
    assert '<button type="submit">Filter</button>' in html


def test_a_filter_that_finds_nothing_says_so_and_can_be_cleared(client: Client) -> None:
    example()
    page = read(client, f"{APP}?q=prodction")
    assert "Nothing matches “prodction”. Did you mean production ?" in page
    assert "0 of 7 images · Clear" in page


def test_other_names_of_a_version_stand_beside_it(client: Client) -> None:
    look(watch(), {"2.0": "a", "stable-2.0": "a", "production": "a"})
    assert rows_of(client.get(APP))[1].startswith("2.0 production today 14:00 or earlier (at least 4 s) stable-2.0")


def test_production_behind_qatesting_is_told(client: Client) -> None:
    example()
    page = read(client, APP)
    assert "production is 1 version behind perftesting and qatesting" in page
    assert "production is 2 versions behind latest" in page


def test_the_page_asks_as_often_for_five_hundred_tags_as_for_ten(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    few, many = watch("registry.example.com/few"), watch("registry.example.com/many")
    look(few, {f"1.{number}": str(number) for number in range(9)} | {"latest": "8"})
    look(many, {f"1.{number}": str(number) for number in range(499)} | {"latest": "498"})
    for query, queries in (("", 5), ("by=pointer", 4), ("by=tag", 4), ("q=1.", 6)):
        with django_assert_num_queries(queries):
            client.get(f"/registry.example.com/few/?{query}")
        with django_assert_num_queries(queries):
            client.get(f"/registry.example.com/many/?{query}")


def test_the_page_asks_as_often_for_two_thousand_pointers_as_for_one(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    few, many = watch("registry.example.com/few"), watch("registry.example.com/many")
    look(few, {"1.0.0": "A", "production": "A"})
    versions = {f"1.{number}.0": str(number) for number in range(100)}
    names = ("".join(letters) for letters in itertools.product("abcdefghijkl", repeat=4))
    look(many, versions | {f"for-{next(names)}": str(number % 100) for number in range(2000)})
    assert many.tags.filter(role="pointer").count() == 2000
    for query, queries in (("", 5), ("by=pointer", 4), ("by=tag", 4), ("at=2026-05-15T12:00:04Z", 8)):
        for name in ("few", "many"):
            with django_assert_num_queries(queries):
                client.get(f"/registry.example.com/{name}/?{query}")


@pytest.mark.parametrize("query", ["", "?by=pointer"])
def test_an_image_with_a_version_in_part_alone_is_called_by_it(client: Client, query: str) -> None:
    repository = watch()
    look(repository, {"1.0.1": "B", "1.0": "A", "_under": "A", "CamelCase": "A"}, NOW - 10 * MINUTE)
    assert '<a class="version" href="/registry.example.com/shop/app:1.0/">1.0</a>' in client.get(f"{APP}{query}").text
    rows = json.loads(client.get(f"{APP}?format=json").getvalue())
    assert {row["version"] for row in rows if row["name"] != "1.0.1"} == {"1.0"}


def test_of_many_versions_without_a_pointer_the_newest_are_listed(client: Client) -> None:
    look(watch(), {f"1.{number}": str(number) for number in range(500)} | {"latest": "499"})
    page = read(client, APP)
    assert "499 versions without a pointer" in page
    assert "These are the newest; 399 more are not shown: filter to find one, or see all tags ." in page
    assert f"1.399 {DASH}" in page
    assert f"1.398 {DASH}" not in page


def test_how_fresh_the_picture_is_stands_on_it(client: Client) -> None:
    example(at=NOW - 2 * MINUTE)
    Repository.objects.update(next_poll_at=NOW + 3 * MINUTE + 5 * SECOND)
    assert "Checked 2 min ago · next in 3 min" in read(client, APP)


def test_a_look_that_failed_is_told_with_its_reason(client: Client) -> None:
    repository = example(at=NOW - 2 * HOUR)
    look(repository, {}, NOW, error=TimedOut("registry.example.com timed out after 30 s"))
    page = read(client, APP)
    assert ("No good look since today 12:00: registry timed out. Below is the last known picture.") in page
    assert "2.0 production" in page


def test_a_look_that_missed_a_tag_is_told_with_its_reason(client: Client) -> None:
    unanswered("perftesting")
    page = read(client, APP)
    assert "Partly checked just now" in page
    assert "The last look was not whole: registry timed out." in page


@pytest.mark.parametrize(("tag", "marks"), [("production", [1, 1, 1]), ("2.0", [1, 1, 0])])
def test_a_tag_that_is_disputed_is_marked(client: Client, tag: str, marks: list[int]) -> None:
    disputed(tag)
    page = read(client, APP)
    assert "The last look was not whole: registry's servers disagree." in page
    assert "Ask whoever runs the registry: its copies are out of step." in page
    assert f"{tag}: the registry's servers disagree" in page
    pages = [" ".join(rows_of(client.get(f"{APP}{query}"))) for query in ("", "?by=tag", "?by=pointer")]
    assert [page.count("the registry's servers disagree") for page in pages] == marks
    assert "disagree" not in read(client, f"{APP}?at=2026-05-15T13:00:30")


def test_an_image_that_lost_its_version_says_which_it_was(client: Client) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    look(repository, {**EXAMPLE, "2.1": "2.1 made anew"})
    assert "no version tag (was 2.1) perftesting qatesting" in read(client, APP)
    assert "no version tag (was 2.1)" in read(client, f"{APP}?by=pointer")
    assert "no version tag (was 2.1)" in read(client, "/registry.example.com/shop/app:qatesting/")
    assert "(was" not in read(client, f"{APP}?at=2026-05-15T13:55:30")


def test_empty_pages_say_what_comes_next(client: Client) -> None:
    repository = watch()
    assert "Nobody has looked at this repository yet." in read(client, APP)
    look(repository, {}, error=CredentialsRefused("registry.example.com refused the credentials"))
    assert "Check its address and credentials in the admin." in read(client, APP)
    look(repository, {}, NOW + SECOND)
    assert "There are no tags in this repository." in read(client, APP)


def test_a_paused_repository_says_so(client: Client) -> None:
    example()
    Repository.objects.update(enabled=False)
    assert "it is paused" in read(client, APP)


def test_a_repository_of_versions_only_says_so(client: Client) -> None:
    look(watch(), {"1.0": "a", "1.1": "b"})
    page = read(client, APP)
    assert "No pointer is in this repository" in page
    assert "2 versions without a pointer" in page


def test_a_tag_without_its_image_is_told(client: Client) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    look(repository, {**EXAMPLE, "production": None})
    assert "production: its image is missing" in read(client, APP)


def test_of_many_tags_that_nobody_looked_at_only_some_are_named_and_the_others_a_click_away(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tags.pages.repository.MOST_UNPOINTED", 2)
    look(watch(), {"1.0": "a", "production": "a"}, listed=["2.0", "2.1", "2.2", "2.3"])
    response = client.get(f"{APP}?q=2.")
    assert "nothing is known of their image yet: 2.0, 2.1 and 2 more" in text_of(response)
    assert '<a class="more" href="?q=2.&amp;by=tag">and 2 more</a>' in response.text
    assert "2.3" in read(client, f"{APP}?q=2.&by=tag")
    monkeypatch.setattr("tags.pages.repository.MOST_UNPOINTED", 4)
    assert "2.0, 2.1, 2.2, 2.3" in read(client, f"{APP}?q=2.")
    assert "and 0 more" not in read(client, f"{APP}?q=2.")


class TestAllTags:
    def test_each_tag_points_to_its_aliases_both_ways(self, client: Client) -> None:
        example()
        rows = rows_of(client.get(f"{APP}?by=tag"))
        since = "today 14:00 or earlier (at least 4 s)"
        assert rows[0] == "Tag Is the same image as Since Built Size Platforms Content"
        assert rows[1].startswith(f"1.0 {DASH} no other tag {since}")
        assert rows[6].startswith(f"2.1 perftesting qatesting {since}")
        assert rows[9].startswith(f"perftesting 2.1 qatesting {since}")
        assert rows[12].startswith(f"rollback 1.3 {since}")
        assert "12 tags" in read(client, f"{APP}?by=tag")

    def test_the_filter_keeps_the_aliases(self, client: Client) -> None:
        example()
        page = read(client, f"{APP}?by=tag&q=qatesting")
        assert "3 of 12 tags" in page
        assert [row.split()[0] for row in rows_of(client.get(f"{APP}?by=tag&q=qatesting"))[1:]] == [
            "2.1",
            "perftesting",
            "qatesting",
        ]

    def test_ten_thousand_tags_come_in_pages(self, client: Client) -> None:
        look(watch(), {f"1.{number}": str(number) for number in range(249)} | {"latest": "248"})
        first, last = client.get(f"{APP}?by=tag&q=1."), client.get(f"{APP}?by=tag&page=3")
        assert "1 to 100 of 250 Next Last" in read(client, f"{APP}?by=tag")
        assert "?by=tag&amp;q=1.&amp;page=2" in first.text
        assert "First Previous 201 to 250 of 250" in read(client, f"{APP}?by=tag&page=3")
        assert rows_of(last)[-1].startswith("latest 1.248")
        assert rows_of(client.get(f"{APP}?by=tag&page=999")) == rows_of(last)

    def test_a_tag_nothing_is_known_of_is_there_too(self, client: Client) -> None:
        repository = example(at=NOW - 5 * MINUTE)
        look(repository, {**EXAMPLE, "next": None})
        assert "next its image is missing not known yet" in read(client, f"{APP}?by=tag")

    def test_an_image_without_a_version_says_so(self, client: Client) -> None:
        look(watch(), {"1.0": "a", "nightly": "b"})
        assert "nightly no version tag today" in read(client, f"{APP}?by=tag")


class TestImages:
    """What is behind a digest: read once and apart from polls, so not known at first."""

    def test_built_size_and_platforms_stand_beside_the_version(self, client: Client) -> None:
        example()
        described(digest("2.1"), created=NOW - 7 * DAY, size=48_200_000, platforms=["linux/amd64", "linux/arm64"])
        for query in ("", "?by=pointer", "?by=tag"):
            assert "8 May 2026 46.0 MB linux/amd64, linux/arm64" in read(client, f"{APP}{query}")

    def test_what_was_not_read_yet_says_so(self, client: Client) -> None:
        look(watch(), {"1.0": "a", "latest": "a"})
        assert f"{DASH} not known {DASH} not known {DASH} not known" in read(client, APP)

    def test_an_image_that_all_tags_left_is_found_by_its_label_in_the_past(self, client: Client) -> None:
        repository = watch()
        look(repository, {"1.0": "a", "production": "a"}, NOW - 5 * MINUTE)
        look(repository, {"2.0": "b", "production": "b"})
        described(digest("a"), labels={"team": "checkout"})
        page = read(client, f"{APP}?q=team%3Dcheckout&at=2026-05-15T11:56Z")
        assert "1 of 1 image" in page
        assert "1.0 label team=checkout 1.0: being removed between 13:55 and 14:00 production" in page

    def test_an_image_is_found_by_its_label(self, client: Client) -> None:
        example()
        described(digest("2.0"), labels={"org.opencontainers.image.revision": "c0ffee1", "team": "checkout"})
        page = read(client, f"{APP}?q=team=checkout")
        assert "1 of 7 images" in page
        assert "2.0 label team=checkout production" in page
        assert "2.0 label org.opencontainers.image.revision=c0ffee1 production" in read(client, f"{APP}?q=c0ffee1")
        assert "Nothing matches “team=payment”." in read(client, f"{APP}?q=team=payment")


class TestLinks:
    def test_names_and_digests_lead_to_their_pages(self, client: Client) -> None:
        look(watch(), {"2.0": "a", "2.0.0-final": "a", "stable-2.0": "a", "production": "a"})
        for query in ("", "?by=pointer", "?by=tag"):
            html = client.get(f"{APP}{query}").text
            for name in ("2.0", "2.0.0-final", "production"):
                assert f'href="{APP[:-1]}:{name}/"' in html
            assert f'href="/{digest("a")}/"' in html
            assert f'title="{digest("a")}"' in html
            assert f'data-copy="{digest("a")}"' in html
        assert f'href="{APP[:-1]}:stable-2.0/"' in client.get(APP).text

    def test_two_unrelated_versions_of_one_image_are_joined(self, client: Client) -> None:
        look(watch(), {"2.0": "a", "2.0.0-final": "a", "production": "a"})
        assert "2.0 = 2.0.0-final production" in read(client, APP)

    def test_a_drift_leads_to_the_comparison(self, client: Client) -> None:
        example()
        assert "Compare production ↔ perftesting" in read(client, APP)
        image = "registry.example.com%2Fshop%2Fapp"
        assert f'href="/compare/?a={image}%3Aproduction&amp;b={image}%3Aperftesting"' in client.get(APP).text

    def test_who_looks_at_the_past_goes_on_looking_at_it(self, client: Client) -> None:
        moved()
        html = client.get(f"{APP}?at=2026-05-15T11:54:30Z").text
        at = "at=2026-05-15T11%3A54%3A30Z"
        assert f'href="{APP[:-1]}:production/?{at}"' in html
        assert f'href="/{digest("1.3")}/?{at}"' in html
        assert f"%3Alatest&amp;{at}" in html
        assert f'href="?{at}&amp;by=tag"' in html

    def test_the_filter_goes_along_to_the_other_groupings(self, client: Client) -> None:
        example()
        assert 'href="?q=2.1&amp;by=pointer"' in client.get(f"{APP}?q=2.1").text


class TestExport:
    def test_the_csv_holds_one_line_per_tag_that_the_filter_finds(self, client: Client) -> None:
        example()
        described(digest("2.1"), created=NOW - 7 * DAY, size=48_200_000, platforms=["linux/amd64", "linux/arm64"])
        response = client.get(f"{APP}?q=qatesting&format=csv")
        assert response.headers["Content-Disposition"] == 'attachment; filename="shop-app.csv"'
        lines = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
        assert [line["name"] for line in lines] == ["2.1", "perftesting", "qatesting"]
        assert lines[2] == {
            "repository": "registry.example.com/shop/app",
            "name": "qatesting",
            "role": "pointer",
            "digest": digest("2.1"),
            "version": "2.1",
            "aliases": "2.1, perftesting",
            "after": "",
            "before": "2026-05-15T12:00:01Z",
            "created": "2026-05-08T12:00:00Z",
            "size": "48200000",
            "platforms": "linux/amd64, linux/arm64",
            "state": "present",
            "moving_to": "",
            "moving_after": "",
            "moving_before": "",
        }

    def test_by_pointer_it_holds_the_pointers(self, client: Client) -> None:
        example()
        items = json.loads(client.get(f"{APP}?by=pointer&format=json").getvalue())
        assert [item["name"] for item in items] == ["latest", "perftesting", "production", "qatesting", "rollback"]
        assert (items[1]["version"], items[1]["aliases"]) == ("2.1", ["2.1", "qatesting"])
        assert items[1]["created"] is None

    def test_it_holds_more_than_one_page_shows(self, client: Client) -> None:
        look(watch(), {f"1.{number}": str(number) for number in range(900)} | {"latest": "248"})
        items = json.loads(client.get(f"{APP}?format=json").getvalue())
        assert [items[0]["name"], items[-1]["name"], len(items)] == ["1.0", "latest", 901]

    def test_it_tells_of_the_past_too(self, client: Client) -> None:
        moved()
        [item] = json.loads(client.get(f"{APP}?by=pointer&q=rollback&at=2026-05-15T13:55:30&format=json").getvalue())
        assert (item["name"], item["version"]) == ("rollback", "1.2")

    def test_another_format_is_refused_in_words(self, client: Client) -> None:
        example()
        assert "choose csv or json" in read(client, f"{APP}?format=xls", 400)


class TestAsOf:
    def test_the_past_is_shown_under_a_banner(self, client: Client) -> None:
        moved()
        page = read(client, f"{APP}?at=2026-05-15T13:55:30%2B02:00")
        assert "You look at 15 May 2026 13:55:30 (Europe/Berlin)" in page
        assert "1.3 production" in page

    def test_a_plus_sign_may_be_typed_by_hand(self, client: Client) -> None:
        moved()
        assert "You look at 15 May 2026 13:55 " in read(client, f"{APP}?at=2026-05-15T13:55+02:00")

    def test_a_moment_within_a_move_says_so(self, client: Client) -> None:
        moved()
        page = read(client, f"{APP}?at=2026-05-15T13:58")
        assert "1.3 production today 13:50 or earlier (at least 7 min) moving to 2.0 between 13:55 and 14:00" in page

    def test_a_time_without_a_zone_is_the_viewers(self, client: Client) -> None:
        moved()
        client.cookies["tz"] = "UTC"
        assert "You look at 15 May 2026 11:56 (UTC)" in read(client, f"{APP}?at=2026-05-15T11:56")

    def test_the_field_holds_the_moment_that_is_looked_at_or_else_this_minute(self, client: Client) -> None:
        moved()
        assert 'name="at" value="2026-05-15T13:57:30" step="any"' in client.get(f"{APP}?at=2026-05-15T11:57:30Z").text
        assert 'name="at" value="2026-05-15T14:00" step="any"' in client.get(APP).text

    def test_before_the_first_look_nothing_is_known(self, client: Client) -> None:
        example()
        assert "Not known : not watched before 15 May 2026 14:00." in read(client, f"{APP}?at=2026-05-14")

    def test_in_a_gap_nothing_is_known_and_why(self, client: Client) -> None:
        repository = example(at=NOW - 2 * HOUR)
        look(repository, {}, NOW - HOUR, error=TimedOut("it took too long"))
        look(repository, EXAMPLE)
        assert "Not known : registry timed out." in read(client, f"{APP}?at=2026-05-15T13:30")
        assert "2.0 production" in read(client, f"{APP}?at=2026-05-15T14:00:03")

    def test_after_the_last_look_the_picture_counts_for_two_intervals(self, client: Client) -> None:
        example(at=NOW - 9 * MINUTE)
        assert "2.0 production" in read(client, f"{APP}?at=2026-05-15T14:00")
        example("registry.example.com/shop/cart", at=NOW - 20 * MINUTE)
        page = read(client, "/registry.example.com/shop/cart/?at=2026-05-15T14:00")
        assert "Not known : nobody looked after 15 May 2026 13:40." in page

    def test_the_future_is_not_known(self, client: Client) -> None:
        example()
        assert "that moment is still to come" in read(client, f"{APP}?at=2026-05-16")

    def test_a_tag_that_came_later_is_not_there_yet(self, client: Client) -> None:
        repository = watch()
        for minutes in (10, 5):
            look(repository, {"1.0": "a", "latest": "a"}, NOW - minutes * MINUTE)
        look(repository, {"1.0": "a", "1.1": "b", "latest": "b"})
        page = read(client, f"{APP}?at=2026-05-15T13:54")
        assert "1.0 latest" in page
        assert "1.1" not in page

    def test_a_tag_that_was_removed_later_is_still_there(self, client: Client) -> None:
        repository = watch()
        look(repository, {"1.0": "a", "latest": "a", "old": "a"}, NOW - 5 * MINUTE)
        look(repository, {"1.0": "a", "latest": "a"})
        page = read(client, f"{APP}?at=2026-05-15T13:55:30")
        assert "1.0 latest today 13:55" in page
        assert "old today 13:55 or earlier (at least 29 s) being removed between 13:55 and 14:00" in page
        assert "old" not in read(client, APP)

    def test_the_page_of_the_past_asks_as_often_for_many_tags(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        look(watch(), {f"1.{number}": str(number) for number in range(200)} | {"latest": "8"}, NOW - DAY)
        for query, queries in (("", 8), ("by=pointer", 7), ("by=tag", 7)):
            with django_assert_num_queries(queries):
                client.get(f"{APP}?at=2026-05-14T12:00:10Z&{query}")


class TestTheSweep:
    """Pointers are looked at in each poll, versions once in a while: the page says which look is how old."""

    def swept(self, address: str = APP.strip("/"), versions: int = 3) -> None:
        """Versions looked at five hours ago, and pointers just now."""
        repository = watch(address)
        every = {f"1.{number}": str(number) for number in range(versions)}
        look(repository, {**every, "latest": "0"}, NOW - 5 * HOUR)
        look(repository, {"latest": "0"}, NOW, listed=every)

    def test_a_version_says_when_the_sweep_looked_at_it(self, client: Client) -> None:
        self.swept()
        page = read(client, APP)
        assert "1.0 checked 5 h ago, with the daily look latest" in page
        assert "1.2 checked 5 h ago, with the daily look" in page
        assert "Checked 5 s ago" in page

    def test_where_all_is_looked_at_each_time_nothing_is_said_of_it(self, client: Client) -> None:
        example()
        assert "sweep" not in read(client, APP)

    def test_the_past_is_not_told_by_its_last_look(self, client: Client) -> None:
        self.swept()
        assert "sweep" not in read(client, f"{APP}?at=2026-05-15T14:00:03")

    def test_the_page_asks_as_often_for_many_swept_versions(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        self.swept(versions=300)
        with django_assert_num_queries(5):
            client.get(APP)


class TestGoneAndBack:
    """Between two looks nobody knows whether what came or went was there."""

    def test_what_was_coming_is_named_apart(self, client: Client) -> None:
        gone_and_back()
        page = read(client, f"{APP}?at={COMING}")
        assert "Not known whether they were there yet: canary (coming, pointing to 1.0, between 13:55 and" in page
        assert "production (coming, pointing to 1.1, between" in page
        assert "nothing is known of their image" not in page

    @pytest.mark.parametrize("by", ["pointer", "tag"])
    def test_what_was_coming_has_a_row_that_says_so(self, client: Client, by: str) -> None:
        gone_and_back()
        row = next(row for row in rows_of(client.get(f"{APP}?at={COMING}&by={by}")) if row.startswith("production"))
        assert row.startswith("production not known coming, pointing to 1.1, between 13:55 and 14:00")
        assert "today" not in row

    @pytest.mark.parametrize("by", ["version", "pointer", "tag"])
    def test_what_was_going_says_so(self, client: Client, by: str) -> None:
        gone_and_back()
        assert "being removed between 13:50 and 13:55" in read(client, f"{APP}?at={GOING}&by={by}")

    def test_an_export_says_unknown(self, client: Client) -> None:
        gone_and_back()
        rows = json.loads(client.get(f"{APP}?by=pointer&at={COMING}&format=json").getvalue())
        assert [(row["name"], row["state"], row["digest"], row["before"], row["moving_to"]) for row in rows] == [
            ("canary", "unknown", None, None, "1.0"),
            ("production", "unknown", None, None, "1.1"),
        ]

    @pytest.mark.parametrize("pointers", [{}, {"production": "a"}])
    def test_a_version_that_was_being_rebuilt_says_so(self, client: Client, pointers: dict[str, str]) -> None:
        repository = watch()
        look(repository, {"2.2": "a", "2.1": "b", **pointers}, NOW - 5 * MINUTE)
        look(repository, {"2.2": "made anew", "2.1": "b", **pointers}, NOW)
        page = read(client, f"{APP}?at={COMING}")
        assert f"2.2 2.2: moving to {short(digest('made anew'))} between 13:55 and 14:00" in page
        assert page.count("moving") == 1
