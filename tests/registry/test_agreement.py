"""Tags that are asked for again: over connections of their own, until one answer differs or all agree."""

import random
import threading
from collections.abc import Iterator

import pytest

from tags.registry import Cancelled, Client, Listing, RateLimited, ServerError, ServersDisagree, agreement
from tags.registry.agreement import ANSWERS_TO_BE_SURE
from tests.fakeregistry import Exchange, FakeRegistry
from tests.faults import at_random, in_turn, out_of_step, per_connection, status, too_many_requests

MANIFEST = "/manifests/"


@pytest.fixture
def client(fake_registry: FakeRegistry) -> Iterator[Client]:
    for tag in ("latest", "production"):
        fake_registry.push("app", tag, "1.0")
    with Client(fake_registry.settings()) as client:
        yield client


def part(registry: FakeRegistry) -> None:
    """From now on there are two servers, and production is on 2.0 at the first and on 1.0 at the second."""
    registry.fault(out_of_step(registry, per_connection(in_turn())), path=MANIFEST)
    registry.push("app", "production", "2.0")


def digests(listing: Listing) -> dict[str, str | None]:
    return {seen.tag: seen.digest for seen in listing.observations}


def test_an_answer_that_all_others_agree_with_stays_as_it_was(client: Client, fake_registry: FakeRegistry) -> None:
    listing = client.listing("app")
    sure = client.ask_again(listing, {"production"})
    assert sure.observations == listing.observations
    assert (sure.failures, sure.error, sure.asked_again) == ({}, None, {"production"})
    assert sure.requests - listing.requests == ANSWERS_TO_BE_SURE
    assert len(fake_registry.requests) == sure.requests


def test_each_question_has_a_connection_of_its_own(client: Client, fake_registry: FakeRegistry) -> None:
    listing = client.listing("app")
    connections = []

    def note(exchange: Exchange) -> bool:
        connections.append(exchange.port)
        return False

    fake_registry.fault(note)
    client.ask_again(listing, {"latest", "production"})
    assert len(set(connections)) == len(connections) == 2 * ANSWERS_TO_BE_SURE
    asked = fake_registry.asked(MANIFEST)[-len(connections) :]
    assert {request.headers["Connection"] for request in asked} == {"close"}
    connections.clear()
    client.listing("app")
    client.listing("app")
    assert len(set(connections)) < len(connections)


def test_one_other_answer_is_enough(client: Client, fake_registry: FakeRegistry) -> None:
    listing = client.listing("app")
    part(fake_registry)
    unsure = client.ask_again(listing, {"latest", "production"})
    assert digests(unsure) == {"latest": digests(listing)["latest"]}
    [(tag, error)] = unsure.failures.items()
    assert tag == "production"
    assert isinstance(error, ServersDisagree)
    assert str(error) == f"{fake_registry.address} gives two answers about production: its servers are out of step"
    assert unsure.error is error
    assert len(fake_registry.asked(f"{MANIFEST}production")) < ANSWERS_TO_BE_SURE
    assert (unsure.complete, unsure.tags) == (True, listing.tags)


def test_a_registry_without_head_is_asked_as_often(client: Client, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(status(405), method="HEAD")
    listing = client.listing("app")
    part(fake_registry)
    assert client.ask_again(listing, {"production"}).failures.keys() == {"production"}


def test_an_image_that_is_missing_at_one_of_them_is_another_answer(client: Client, fake_registry: FakeRegistry) -> None:
    listing = client.listing("app")
    lacks_it = per_connection(at_random(random.Random(3)))
    fake_registry.fault(
        lambda exchange: status(404)(exchange) if lacks_it(exchange) else False, path=f"{MANIFEST}production"
    )
    assert client.ask_again(listing, {"production"}).failures.keys() == {"production"}


def test_two_servers_that_are_chosen_at_random_do_not_look_like_one(
    client: Client, fake_registry: FakeRegistry
) -> None:
    listing = client.listing("app")
    fake_registry.fault(out_of_step(fake_registry, at_random(random.Random(5))), path=MANIFEST)
    fake_registry.push("app", "production", "2.0")
    for _ in range(50):
        assert client.ask_again(listing, {"production"}).failures.keys() == {"production"}


def test_without_an_answer_it_is_not_sure(client: Client, fake_registry: FakeRegistry) -> None:
    listing = client.listing("app")
    fake_registry.fault(status(503), path=f"{MANIFEST}production", skip=3, times=1)
    unsure = client.ask_again(listing, {"latest", "production"})
    assert [type(error) for error in unsure.failures.values()] == [ServerError]
    assert digests(unsure).keys() == {"latest"}


def test_a_registry_that_has_had_too_much_is_asked_no_more(client: Client, fake_registry: FakeRegistry) -> None:
    listing = client.listing("app")
    fake_registry.fault(too_many_requests("20"), path=MANIFEST)
    unsure = client.ask_again(listing, {"latest", "production"})
    assert unsure.failures.keys() == {"latest", "production"}
    assert isinstance(unsure.error, RateLimited)
    assert 0 < unsure.silent_for <= 20
    asked = len(fake_registry.requests)
    again = client.ask_again(listing, {"production"})
    assert isinstance(again.error, RateLimited)
    assert len(fake_registry.requests) == asked


def test_what_is_stopped_is_not_sure(client: Client, fake_registry: FakeRegistry) -> None:
    listing = client.listing("app")
    stop = threading.Event()

    def stop_and_hang(exchange: Exchange) -> None:
        stop.set()
        exchange.wait()

    fake_registry.fault(stop_and_hang, path=MANIFEST)
    unsure = client.ask_again(listing, {"production"}, stop)
    assert isinstance(unsure.error, Cancelled)
    assert unsure.failures.keys() == {"production"}


def test_of_very_many_tags_some_speak_for_all(
    client: Client, fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "MOST_TAGS", 1)
    listing = client.listing("app")
    sure = client.ask_again(listing, {"latest", "production"})
    assert digests(sure) == digests(listing)
    assert sure.requests == listing.requests + agreement.ANSWERS_TO_BE_SURE
    assert sure.asked_again == {"latest", "production"}


def test_what_one_of_them_meets_holds_for_those_that_were_not_asked(
    client: Client, fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "MOST_TAGS", 1)
    listing = client.listing("app")
    fake_registry.push("app", "latest", "2.0")
    fake_registry.push("app", "production", "2.0")
    unsure = client.ask_again(listing, {"latest", "production"})
    assert unsure.failures.keys() == {"latest", "production"}
    assert all(isinstance(error, ServersDisagree) for error in unsure.failures.values())
