from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tags.models import Repository
from tags.registry import CredentialsRefused, TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, example, look, moved, watch
from tests.listings import EXAMPLE, digest
from tests.views.partly import unanswered
from tests.views.reading import read, rows_of

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

APP = "/registry.example.com/shop/app/"


def test_each_version_shows_who_points_to_it(client: Client) -> None:
    example()
    rows = rows_of(client.get(APP))
    since = "today 14:00 or earlier (at least 4 s)"
    assert rows[0] == "Version Pointed to by Since Also known as Content"
    assert rows[1].startswith(f"2.2 latest {since}")
    assert rows[2].startswith(f"2.1 perftesting qatesting {since}")
    assert rows[2].endswith(digest("2.1")[7:14])
    assert "3 versions without a pointer" in read(client, APP)


def test_each_pointer_shows_its_version_and_its_company(client: Client) -> None:
    example()
    rows = rows_of(client.get(f"{APP}?by=pointer"))
    assert rows[0] == "Pointer Points to Since Together with Content"
    assert rows[4].startswith("qatesting 2.1 today 14:00 or earlier (at least 4 s) perftesting")
    assert "5 pointers" in read(client, f"{APP}?by=pointer")


@pytest.mark.parametrize("query", ["q=qatesting", "q=2.1", f"q={digest('2.1')[7:14]}", f"q={digest('2.1')[:14]}"])
def test_the_filter_keeps_the_whole_row(client: Client, query: str) -> None:
    example()
    page = read(client, f"{APP}?{query}")
    assert "1 of 7" in page
    assert "2.1 perftesting qatesting" in page
    assert "production today" not in page


def test_the_filter_works_by_pointer_too(client: Client) -> None:
    example()
    page = read(client, f"{APP}?by=pointer&q=2.1")
    assert "2 of 5" in page


def test_the_filter_is_a_form_that_works_without_script(client: Client) -> None:
    example()
    html = client.get(f"{APP}?by=pointer&q=2.1&at=2026-05-15T14:00:04").text
    assert '<form class="filter" method="get"' in html
    assert '<input type="hidden" name="by" value="pointer">' in html
    assert '<input type="hidden" name="at" value="2026-05-15T14:00:04">' in html
    assert 'name="q" value="2.1"' in html
    assert '<button type="submit">Filter</button>' in html


def test_a_filter_that_finds_nothing_says_so_and_can_be_cleared(client: Client) -> None:
    example()
    page = read(client, f"{APP}?q=prodction")
    assert "Nothing matches “prodction”. Did you mean production ?" in page
    assert "0 of 7 · Clear" in page


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
    with django_assert_num_queries(2):
        client.get("/registry.example.com/few/")
    with django_assert_num_queries(2):
        response = client.get("/registry.example.com/many/")
    assert "And 398 more: filter to find one." in response.text


def test_how_fresh_the_picture_is_stands_on_it(client: Client) -> None:
    example(at=NOW - 2 * MINUTE)
    Repository.objects.update(next_poll_at=NOW + 3 * MINUTE + 5 * SECOND)
    assert "Checked 2 min ago · next in 3 min" in read(client, APP)


def test_a_look_that_failed_is_told_with_its_reason(client: Client) -> None:
    repository = example(at=NOW - 2 * HOUR)
    look(repository, {}, NOW, error=TimedOut("registry.example.com timed out after 30 s"))
    page = read(client, APP)
    assert (
        "No good look since today 12:00: registry.example.com timed out after 30 s. Below is the last known picture."
    ) in page
    assert "2.0 production" in page


def test_a_look_that_missed_a_tag_is_told_with_its_reason(client: Client) -> None:
    unanswered("perftesting")
    page = read(client, APP)
    assert "Partly checked just now" in page
    assert "The last look was not whole: 1 of 12 tags could not be looked at: registry timed out." in page


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


class TestAsOf:
    def test_the_past_is_shown_under_a_banner(self, client: Client) -> None:
        moved()
        page = read(client, f"{APP}?at=2026-05-15T13:55:30%2B02:00")
        assert "You look at 15 May 2026 13:55 (Europe/Berlin)" in page
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
        look(repository, {"1.0": "a", "latest": "a"}, NOW - 5 * MINUTE)
        look(repository, {"1.0": "a", "1.1": "b", "latest": "b"})
        page = read(client, f"{APP}?at=2026-05-15T13:55:30")
        assert "1.0 latest" in page
        assert "1.1" not in page

    def test_a_tag_that_was_removed_later_is_still_there(self, client: Client) -> None:
        repository = watch()
        look(repository, {"1.0": "a", "latest": "a", "old": "a"}, NOW - 5 * MINUTE)
        look(repository, {"1.0": "a", "latest": "a"})
        assert "1.0 latest old" in read(client, f"{APP}?at=2026-05-15T13:55:30")
        assert "old" not in read(client, APP)

    def test_the_page_of_the_past_asks_as_often_for_many_tags(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        look(watch(), {f"1.{number}": str(number) for number in range(200)} | {"latest": "8"}, NOW - DAY)
        with django_assert_num_queries(4):
            client.get(f"{APP}?at=2026-05-14T14:00:10")


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
        assert "1.0 checked 5 h ago, with the daily sweep latest" in page
        assert "1.2 checked 5 h ago, with the daily sweep" in page
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
        with django_assert_num_queries(2):
            client.get(APP)
