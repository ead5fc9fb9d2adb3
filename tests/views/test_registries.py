from __future__ import annotations

from typing import TYPE_CHECKING

from django.test import Client

from tags.models import Heartbeat, Registry, Repository
from tags.registry import CredentialsRefused, TimedOut
from tests.factories import HOUR, MINUTE, NOW, SECOND, example, look, watch
from tests.listings import EXAMPLE
from tests.views.partly import unanswered
from tests.views.reading import read, rows_of

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries


def test_each_image_tells_its_last_and_its_next_look(client: Client) -> None:
    example(at=NOW - 2 * MINUTE)
    Repository.objects.update(next_poll_at=NOW + 3 * MINUTE)
    row = rows_of(client.get("/registries/"))[1]
    assert row == ("shop/app up to date today 13:58 (2 min ago) today 14:03 (in 2 min)")


def test_what_goes_wrong_stands_first_and_in_words(client: Client) -> None:
    example()
    look(
        watch("registry.example.com/shop/secret"), {}, error=CredentialsRefused("the registry refused the credentials")
    )
    page = read(client, "/registries/")
    assert "registry.example.com 1 failing 1 up to date" in page
    assert page.index("shop/secret") < page.index("shop/app")
    assert "last look failed credentials refused the registry refused the credentials never" in page


def test_what_all_images_agree_on_is_said_once(client: Client) -> None:
    for name in ("app", "cart"):
        example(f"registry.example.com/shop/{name}")
    assert "registry.example.com up to date Image State" in read(client, "/registries/")


def test_a_registry_whose_images_are_all_paused_is_not_new(client: Client) -> None:
    example()
    Repository.objects.update(enabled=False)
    assert "registry.example.com paused Image State" in read(client, "/registries/")


def test_a_look_that_missed_a_tag_is_no_complete_one(client: Client) -> None:
    unanswered("perftesting")
    row = rows_of(client.get("/registries/"))[1]
    assert "partly checked registry timed out 1 of 12 tags could not be looked at: registry timed out partly:" in row


def test_a_look_that_is_due_in_a_moment_is_not_just_now(client: Client) -> None:
    example()
    Repository.objects.update(next_poll_at=NOW + 7 * SECOND)
    assert rows_of(client.get("/registries/"))[1].endswith("today 14:00 (in a moment)")


def test_a_gap_that_goes_on_has_no_end(client: Client) -> None:
    repository = example(at=NOW - 2 * HOUR)
    for minutes in (60, 30):
        look(repository, {}, NOW - minutes * MINUTE, error=TimedOut("it took too long"))
    assert "not watched since today 12:00: registry timed out (shop/app)" in " ".join(
        read(client, "/registries/").replace("( ", "(").replace(" )", ")").split()
    )


def test_gaps_are_told_once_for_all_images_they_hit(client: Client) -> None:
    for name in ("app", "cart"):
        repository = example(f"registry.example.com/shop/{name}", at=NOW - 3 * HOUR)
        look(repository, {}, NOW - 2 * HOUR, error=TimedOut("it took too long"))
        look(repository, EXAMPLE, NOW - HOUR)
    page = read(client, "/registries/")
    assert page.count("not watched today between 11:00 and 13:00: registry timed out (") == 1


def test_a_registry_without_images_says_so(client: Client) -> None:
    Registry.objects.create(address="registry.example.com", name="Shop", discovery_error="the catalog is closed")
    page = read(client, "/registries/")
    assert "Shop registry.example.com nothing watched No repository of it is watched yet." in page
    assert "Its catalog could not be read: the catalog is closed" in page


def test_without_a_registry_the_page_says_what_to_do(client: Client) -> None:
    assert "No image is watched yet. Start with one: manage.py watch python" in read(client, "/registries/")


def test_what_a_registry_says_is_left_is_told_with_its_age(client: Client) -> None:
    example()
    Registry.objects.update(quota_limit=100, quota_remaining=87, quota_window=21600, quota_seen_at=NOW - 2 * MINUTE)
    page = read(client, "/registries/")
    assert "87 of 100 requests left in 6 hours, read today 13:58 (2 min ago)" in page


def test_that_a_registry_had_too_many_requests_is_told_until_it_is_over(client: Client) -> None:
    example()
    told = "It had too many requests. Nothing is sent to it before today 14:05"
    Registry.objects.update(throttled_until=NOW + 5 * MINUTE)
    assert told in read(client, "/registries/")
    Registry.objects.update(throttled_until=NOW - SECOND)
    assert "too many requests" not in read(client, "/registries/")


def test_that_a_registry_fails_as_a_whole_is_told_with_what_follows(client: Client) -> None:
    example()
    told = "one look tries now and then whether it is back, and all others wait"
    Registry.objects.update(failures=1)
    assert told not in read(client, "/registries/")
    Registry.objects.update(failures=2)
    assert told in read(client, "/registries/")
    assert told not in read(client, f"/registries/?at={NOW - MINUTE:%Y-%m-%dT%H:%M:%SZ}")


def test_that_no_worker_runs_is_told(client: Client) -> None:
    Heartbeat.objects.create(part=Heartbeat.DISPATCH, beat_at=NOW - HOUR)
    assert "No worker since today 13:00" in read(client, "/registries/")


def test_the_page_asks_as_often_for_twenty_images_as_for_two(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(2):
        example(f"registry.example.com/shop/app{number}")
    with django_assert_num_queries(4):
        client.get("/registries/")
    for number in range(2, 20):
        example(f"registry.example.com/shop/app{number}")
    with django_assert_num_queries(4):
        client.get("/registries/")


def test_the_past_tells_who_was_watched(client: Client) -> None:
    repository = example(at=NOW - 3 * HOUR)
    look(repository, EXAMPLE, NOW - 3 * HOUR + 5 * MINUTE)
    look(repository, {}, NOW - 2 * HOUR, error=TimedOut("it took too long"))
    look(repository, EXAMPLE, NOW - HOUR)
    at = "2026-05-15T10:30Z"
    page = read(client, f"/registries/?at={at}")
    assert "registry.example.com 1 of 1 not known" in page
    assert rows_of(client.get(f"/registries/?at={at}"))[1] == "shop/app not known registry timed out"
    assert "Gaps of the 7 days before" in page
    assert rows_of(client.get("/registries/?at=2026-05-15T09:03Z"))[1] == "shop/app watched"
    assert "not watched before 15 May 2026 11:00" in read(client, "/registries/?at=2026-05-15T08:00Z")
    assert (
        f'href="/registry.example.com/shop/app/?at={at.replace(":", "%3A")}"'
        in client.get(f"/registries/?at={at}").text
    )


def test_a_gap_is_no_longer_than_the_moment_asked_about(client: Client) -> None:
    repository = example(at=NOW - 3 * HOUR)
    look(repository, {}, NOW - 2 * HOUR, error=TimedOut("it took too long"))
    look(repository, EXAMPLE, NOW - HOUR)
    assert "Gaps" not in read(client, "/registries/?at=2026-05-15T08:59Z")


def test_a_gap_that_ended_later_goes_on_at_the_moment_asked_about(client: Client) -> None:
    repository = example(at=NOW - 3 * HOUR)
    look(repository, {}, NOW - 2 * HOUR, error=TimedOut("it took too long"))
    look(repository, EXAMPLE, NOW - HOUR)
    page = read(client, "/registries/?at=2026-05-15T10:30Z")
    assert "not watched today between 11:00 and 12:30: registry timed out" in page
    assert "13:00" not in page
    assert "between 11:00 and 13:00" in read(client, "/registries/")


def test_the_states_can_be_saved(client: Client) -> None:
    example(at=NOW - 2 * MINUTE)
    assert client.get("/registries/?format=json").getvalue().decode().count('"state": "fresh"') == 1
    then = client.get("/registries/?format=csv&at=2026-05-15T08:00Z").getvalue().decode().splitlines()
    assert then[0] == "registry,address,repository,state,reason,checked_at,next_poll_at,error"
    assert then[1].startswith(",registry.example.com,registry.example.com/shop/app,unknown,not watched before")


def test_an_unreadable_moment_is_explained(client: Client) -> None:
    assert "is no date and time" in read(client, "/registries/?at=soon", status=400)
