from __future__ import annotations

from typing import TYPE_CHECKING

from django.test import Client

from tags.models import Heartbeat, Registry, Repository
from tags.registry import CredentialsRefused, TimedOut
from tests.factories import HOUR, MINUTE, NOW, example, look, watch
from tests.listings import EXAMPLE
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
    assert "registry.example.com not answering 1 up to date, 1 not answering" in page
    assert page.index("shop/secret") < page.index("shop/app")
    assert "not answering the registry refused the credentials never" in page


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
    assert "No registry is known yet." in read(client, "/registries/")


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
