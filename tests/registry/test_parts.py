"""A long list of tags, read a part at a time."""

from __future__ import annotations

import pytest

from tags.registry import BadAnswer, Client, OutOfOrder, Part, ServerError, Span
from tests.fakeregistry import Answer, Exchange, FakeRegistry
from tests.faults import status

NAMES = [f"1.{number:03}" for number in range(95)]


@pytest.fixture
def long_list(fake_registry: FakeRegistry) -> FakeRegistry:
    for name in NAMES:
        fake_registry.push("app", name)
    return fake_registry


def client_of(registry: FakeRegistry) -> Client:
    return Client(registry.settings(page_size=10))


def in_order(*names: str) -> Answer:
    listed = ", ".join(f'"{name}"' for name in names)
    return Answer(200, {"Content-Type": "application/json"}, f'{{"tags": [{listed}]}}'.encode())


def test_parts_follow_each_other_to_the_end_and_each_says_what_it_covers(long_list: FakeRegistry) -> None:
    with client_of(long_list) as client:
        part, found, spans = Part(None, 25), [], []
        while True:
            listing = client.listing("app", part=part)
            assert listing.complete
            found += sorted(listing.tags)
            spans.append(listing.span)
            if listing.goes_on_at is None:
                break
            part = Part(listing.goes_on_at, 25)
    assert found == NAMES
    assert spans == [
        Span("", "1.029"), Span("1.029", "1.059"), Span("1.059", "1.089"), Span("1.089", None)
    ]  # fmt: skip
    assert len(long_list.asked("/tags/list")) == 10  # no page twice


def test_only_the_tags_of_the_part_are_looked_at(long_list: FakeRegistry) -> None:
    with client_of(long_list) as client:
        client.listing("app", part=Part(None, 10))
    assert len(long_list.asked("/manifests/")) == 10


def test_a_list_that_a_part_holds_is_whole(long_list: FakeRegistry) -> None:
    with client_of(long_list) as client:
        listing = client.listing("app", part=Part(None, 1000))
    assert listing.span.is_all
    assert len(listing.tags) == 95


def test_a_list_without_order_is_read_to_its_end(long_list: FakeRegistry) -> None:
    def backwards(exchange: Exchange) -> None:
        usual = exchange.usual()
        exchange.answer(Answer(usual.status, usual.headers, in_order("1.001", "1.000").body))

    long_list.fault(backwards, path="/tags/list", times=1)
    with client_of(long_list) as client:
        listing = client.listing("app", part=Part(None, 20))
    assert listing.span.is_all
    assert listing.complete
    assert len(listing.tags) > 80


def test_a_list_that_loses_its_order_later_cannot_be_read_in_parts(long_list: FakeRegistry) -> None:
    with client_of(long_list) as client:
        first = client.listing("app", part=Part(None, 20))
        assert first.goes_on_at is not None
        long_list.fault(lambda exchange: exchange.answer(in_order("1.005")), path="last=1.019")
        listing = client.listing("app", part=Part(first.goes_on_at, 20))
    assert isinstance(listing.error, OutOfOrder)
    assert not listing.complete
    assert listing.goes_on_at is None


def test_a_part_that_fails_covers_what_it_read(long_list: FakeRegistry) -> None:
    long_list.fault(status(500), path="last=1.039")
    with client_of(long_list) as client:
        first = client.listing("app", part=Part(None, 20))
        listing = client.listing("app", part=Part(first.goes_on_at, 50))
    assert isinstance(listing.error, ServerError)
    assert listing.span == Span("1.019", "1.039")
    assert sorted(listing.tags) == NAMES[20:40]


def test_a_place_that_is_none_any_more_is_a_failure(long_list: FakeRegistry) -> None:
    with client_of(long_list) as client:
        first = client.listing("app", part=Part(None, 20))
        long_list.fault(status(400), path="last=")
        listing = client.listing("app", part=Part(first.goes_on_at, 20))
    assert not listing.complete
    assert listing.error is not None
    assert not isinstance(listing.error, OutOfOrder)
    assert not isinstance(listing.error, BadAnswer) or not listing.tags
