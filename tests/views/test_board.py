from __future__ import annotations

from typing import TYPE_CHECKING

from django.test import Client

from tags.models import Heartbeat
from tags.registry import TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, example, look, moved, watch
from tests.listings import EXAMPLE
from tests.views.partly import unanswered
from tests.views.reading import read, rows_of

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

APP = "/registry.example.com/shop/app/"


def test_every_image_is_a_row_with_the_version_of_each_pointer(client: Client) -> None:
    example()
    look(watch("docker.io/library/python"), {"3.14.0": "py", "latest": "py"})
    header, python, app = rows_of(client.get("/"))
    assert header == "Image latest perftesting production qatesting rollback"
    assert python.startswith("python docker.io Checked 5 s ago · next in")
    assert "3.14.0 today (at least 4 s)" in python
    assert app.startswith("shop/app registry.example.com Checked 5 s ago · next in")
    assert "2.2 today (at least 4 s)" in app


def test_a_pointer_on_no_version_shows_its_digest(client: Client) -> None:
    look(watch(), {"1.0": "1.0", "nightly": "night"})
    assert "no version tag" in read(client, "/")
    assert "sha256:" in read(client, "/")


def test_floating_versions_take_no_column(client: Client) -> None:
    look(watch(), {"2.1.0": "a", "2.1": "a", "2": "a", "latest": "a"})
    header, row = rows_of(client.get("/"))
    assert header == "Image latest Others"
    assert row.endswith("2 more")


def test_the_filter_finds_image_pointer_and_version(client: Client) -> None:
    example()
    look(watch("registry.example.com/shop/cart"), {"3.0": "c", "production": "c"})
    assert "1 of 2" in read(client, "/?q=cart")
    assert "1 of 2" in read(client, "/?q=2.1")
    assert "2 of 2" in read(client, "/?q=production")
    assert "shop/app" not in read(client, "/?q=cart")


def test_a_version_that_nothing_points_to_is_not_found(client: Client) -> None:
    example()
    assert "Nothing matches “1.0”." in read(client, "/?q=1.0")


def test_a_wrong_spelling_is_answered_with_the_right_one(client: Client) -> None:
    example()
    assert "Did you mean production ?" in read(client, "/?q=prodction")


def test_the_board_asks_as_often_for_twenty_images_as_for_two(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(2):
        example(f"registry.example.com/shop/app{number}")
    with django_assert_num_queries(4):
        client.get("/")
    for number in range(2, 20):
        example(f"registry.example.com/shop/app{number}")
    with django_assert_num_queries(4):
        client.get("/")
    with django_assert_num_queries(6):
        client.get("/?at=2026-05-15T14:00:04")


def test_an_empty_board_says_what_to_do(client: Client) -> None:
    assert "No image is watched yet. Start with one: manage.py watch python" in read(client, "/")


def test_the_board_tells_that_nobody_looks(client: Client) -> None:
    example()
    assert "No worker has run yet" in read(client, "/")
    Heartbeat.objects.create(part=Heartbeat.DISPATCH, beat_at=NOW - HOUR)
    assert "No worker since today 13:00 (60 min ago)" in read(client, "/")
    Heartbeat.objects.update(beat_at=NOW)
    assert "No worker" not in read(client, "/")


def test_a_look_that_failed_is_marked_in_words(client: Client) -> None:
    repository = example(at=NOW - HOUR)
    look(repository, {}, error=TimedOut("registry.example.com timed out"))
    assert "No good look since today 13:00 · next in 4 min registry.example.com timed out" in read(client, "/")


def test_a_look_that_missed_a_tag_is_marked_with_its_error(client: Client) -> None:
    unanswered("perftesting")
    page = read(client, "/")
    assert "Partly checked just now · next in 4 min 1 of 12 tags could not be looked at: registry timed out" in page


def test_an_image_nobody_looked_at_for_long_is_late(client: Client) -> None:
    example(at=NOW - 11 * MINUTE)
    assert "Late: checked 11 min ago" in read(client, "/")


def test_the_board_of_the_past_shows_what_was_then(client: Client) -> None:
    moved()
    page = read(client, "/?at=2026-05-15T13:54")
    assert "You look at 15 May 2026 13:54 (Europe/Berlin)" in page
    assert "1.3 today" in page


def test_an_image_that_was_not_watched_then_is_not_known(client: Client) -> None:
    moved()
    look(watch("registry.example.com/shop/cart"), {"3.0": "c", "production": "c"}, NOW - DAY)
    page = read(client, "/?at=2026-05-14T15:00")
    assert "shop/app registry.example.com not known · not watched before 15 May 2026 13:50" in page


def test_a_pointer_on_its_way_says_so(client: Client) -> None:
    moved()
    assert "1.3 moving to 2.0 between 13:55 and 14:00" in read(client, "/?at=2026-05-15T13:58")


def test_a_moment_that_cannot_be_read_is_answered_in_words(client: Client) -> None:
    assert "“yesterday” is no date and time" in read(client, "/?at=yesterday", status=400)
    assert "too far away" in read(client, "/?at=9999-12-31", status=400)


def test_rows_beyond_a_hundred_are_on_the_next_page(client: Client) -> None:
    look(watch("registry.example.com/a"), EXAMPLE)
    for number in range(100):
        watch(f"registry.example.com/b{number:03}")
    assert "Page 1 of 2 Next" in read(client, "/")
    assert "b099" in read(client, "/?page=2")
