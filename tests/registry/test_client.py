import threading
from typing import Any

import pytest

from tags.registry import (
    BadAnswer,
    Cancelled,
    Client,
    CredentialsRefused,
    Forbidden,
    InvalidReference,
    Misconfigured,
    RateLimited,
    RegistryError,
    ServerError,
    Settings,
    TimedOut,
)
from tests.fakeregistry import Exchange, FakeRegistry
from tests.faults import hang, status, too_many_requests, web_page


def filled(registry: FakeRegistry, tags: int = 30) -> FakeRegistry:
    for number in range(tags):
        registry.push("app", f"1.{number:03}")
    return registry


def test_a_thousand_tags_cost_a_thousand_and_one_requests(fake_registry: FakeRegistry) -> None:
    fake_registry.paging = "ignore"
    filled(fake_registry, 1000)
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app")
    assert {o.tag: o.digest for o in listing.observations} == fake_registry.repositories["app"]
    assert listing.requests == len(fake_registry.requests) == 1001
    assert listing.complete
    assert listing.error is None
    assert not listing.failures


def test_only_the_tags_picked_are_looked_at(fake_registry: FakeRegistry) -> None:
    filled(fake_registry)
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app", lambda tags, span: {"1.007"})
    assert len(listing.tags) == 30
    assert [o.tag for o in listing.observations] == ["1.007"]
    assert listing.requests == 2


def test_the_tags_left_out_are_told_apart_from_those_that_failed(fake_registry: FakeRegistry) -> None:
    filled(fake_registry, 4).fault(status(403), path="manifests/1.001")
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app", lambda tags, span: {"1.000", "1.001"})
        assert listing.skipped == {"1.002", "1.003"}
        assert client.listing("app").skipped == frozenset()


def test_connections_are_as_many_as_the_concurrency_allows(fake_registry: FakeRegistry) -> None:
    seen = set()

    def note(exchange: Exchange) -> bool:
        seen.add(exchange._handler.client_address)
        return False

    filled(fake_registry, 60).fault(note)
    with Client(fake_registry.settings(concurrency=3)) as client:
        for _ in range(3):
            client.listing("app")
    assert len(seen) <= 3


def test_progress_is_told_after_each_tag_in_the_caller_s_thread(fake_registry: FakeRegistry) -> None:
    told = []
    with Client(filled(fake_registry, 5).settings()) as client:
        client.listing("app", progress=lambda done, total: told.append((done, total, threading.current_thread())))
    assert told == [(done, 5, threading.current_thread()) for done in range(1, 6)]


def test_an_exception_in_progress_ends_the_looking(fake_registry: FakeRegistry) -> None:
    def interrupted(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with Client(filled(fake_registry, 500).settings()) as client:
        with pytest.raises(KeyboardInterrupt):
            client.listing("app", progress=interrupted)
        client.listing("app", lambda _tags, _span: ())  # the threads are free again
    assert len(fake_registry.asked("manifests")) < 500


@pytest.mark.parametrize("fault", [too_many_requests("30"), status(503, {"Retry-After": "30"})])
def test_a_wait_asked_for_stops_the_looking(fake_registry: FakeRegistry, fault: Any) -> None:
    filled(fake_registry, 200).fault(fault, path="manifests", skip=20)
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app")
    assert len(listing.observations) == 20
    assert len(listing.failures) == 180
    assert {error.retry_after for error in listing.failures.values()} == {30}
    assert len(fake_registry.asked("manifests")) < 40
    assert listing.complete
    assert isinstance(listing.error, RateLimited | ServerError)


def test_429_without_a_time_stops_it_too(fake_registry: FakeRegistry) -> None:
    filled(fake_registry, 200).fault(too_many_requests("880.092µs"), path="manifests", skip=20)
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app")
    assert len(fake_registry.asked("manifests")) < 40
    assert listing.error is not None
    assert listing.error.retry_after is None


def test_a_registry_that_hangs_is_given_up_after_one_round(fake_registry: FakeRegistry) -> None:
    filled(fake_registry, 200).fault(hang(), path="manifests")
    with Client(fake_registry.settings(concurrency=4), deadline=0.2) as client:
        listing = client.listing("app")
    assert len(fake_registry.asked("manifests")) < 12
    assert len(listing.failures) == 200
    assert isinstance(listing.error, TimedOut)


def test_tags_that_time_out_now_and_then_do_not_end_it(fake_registry: FakeRegistry) -> None:
    filled(fake_registry, 40).fault(hang(), path="manifests/1.0[05]0")
    with Client(fake_registry.settings(concurrency=4), deadline=2) as client:
        listing = client.listing("app")
    assert set(listing.failures) == {"1.000"}
    assert len(listing.observations) == 39


def test_one_thread_looks_at_the_others_when_one_tag_hangs(fake_registry: FakeRegistry) -> None:
    filled(fake_registry, 20).fault(hang(), path="manifests/1.000")
    with Client(fake_registry.settings(concurrency=1), deadline=2) as client:
        listing = client.listing("app")
    assert set(listing.failures) == {"1.000"}
    assert len(listing.observations) == 19


def test_one_thread_gives_a_registry_that_hangs_up_after_three_tags(fake_registry: FakeRegistry) -> None:
    filled(fake_registry, 20).fault(hang(), path="manifests")
    with Client(fake_registry.settings(concurrency=1), deadline=0.1) as client:
        client.listing("app")
    assert len(fake_registry.asked("manifests")) == 3


INSIDE = 'Bearer realm="http://10.9.8.7/token"'


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize(
    "fault",
    [
        status(503, {"Retry-After": "5"}),
        *(status(401, {"WWW-Authenticate": challenge}) for challenge in ('Basic realm="x"', INSIDE, "Negotiate")),
    ],
)
def test_one_odd_tag_costs_no_other(fake_registry: FakeRegistry, fault: Any, concurrency: int) -> None:
    filled(fake_registry, 40).fault(fault, path="manifests/1.000")
    with Client(fake_registry.settings(concurrency=concurrency)) as client:
        for _ in range(2):
            listing = client.listing("app")
            assert set(listing.failures) == {"1.000"}
            assert len(listing.observations) == 39


def test_odd_tags_between_good_ones_do_not_add_up(fake_registry: FakeRegistry) -> None:
    filled(fake_registry, 40).fault(status(503, {"Retry-After": "5"}), path=r"manifests/1\.0\d[024]")
    with Client(fake_registry.settings(concurrency=1)) as client:
        listing = client.listing("app")
    assert len(listing.failures) == 12
    assert len(listing.observations) == 28


def test_three_tags_refused_in_a_row_stop_it(fake_registry: FakeRegistry) -> None:
    challenge = {"WWW-Authenticate": 'Basic realm="x"'}
    filled(fake_registry, 40).fault(status(401, challenge), path="manifests", skip=10)
    with Client(fake_registry.settings(concurrency=1)) as client:
        listing = client.listing("app")
    assert len(listing.observations) == 10
    assert len(listing.failures) == 30
    assert len(fake_registry.asked("manifests")) == 13


@pytest.mark.parametrize(("asked_for", "known"), [("3600", 3600), ("soon", None)])
def test_why_a_look_was_given_up_matters_more_than_what_failed_before(
    fake_registry: FakeRegistry, asked_for: str, known: float | None
) -> None:
    filled(fake_registry, 20).fault(status(403), path="manifests/1.000")
    fake_registry.fault(status(503, {"Retry-After": "9"}), path="manifests/1.001")
    fake_registry.fault(too_many_requests(asked_for), path="manifests/1.005")
    with Client(fake_registry.settings(concurrency=1)) as client:
        listing = client.listing("app")
    assert isinstance(listing.failures["1.000"], Forbidden)
    assert listing.error is listing.failures["1.005"]
    assert listing.error.retry_after == known


def test_the_longest_wait_asked_for_matters_more_than_the_first_failure(fake_registry: FakeRegistry) -> None:
    filled(fake_registry, 20).fault(status(403), path="manifests/1.00[01]")
    for tag, wait in {"1.003": "7", "1.005": "60", "1.007": "8"}.items():
        fake_registry.fault(status(503, {"Retry-After": wait}), path=f"manifests/{tag}")
    with Client(fake_registry.settings(concurrency=1)) as client:
        listing = client.listing("app")
    assert listing.error is listing.failures["1.005"]
    assert len(listing.observations) == 15


def test_credentials_refused_on_the_way_stop_it(fake_registry: FakeRegistry) -> None:
    challenge = {"WWW-Authenticate": 'Basic realm="x"'}
    filled(fake_registry, 100).fault(status(401, challenge), path="manifests", skip=10)
    with Client(fake_registry.settings(username="ann", secret="secret")) as client:
        listing = client.listing("app")
    assert isinstance(listing.error, CredentialsRefused)
    assert len(fake_registry.asked("manifests")) < 50


@pytest.mark.parametrize("where", ["tags/list", "manifests"])
def test_a_stop_does_not_wait_for_a_registry_that_hangs(fake_registry: FakeRegistry, where: str) -> None:
    stop = threading.Event()

    def stop_and_hang(exchange: Exchange) -> None:
        stop.set()
        exchange.wait()

    filled(fake_registry, 20).fault(stop_and_hang, path=where, skip=5 if where == "manifests" else 0)
    with Client(fake_registry.settings(concurrency=2), deadline=20) as client:
        listing = client.listing("app", stop=stop)
    assert isinstance(listing.error, Cancelled)
    assert len(listing.observations) + len(listing.failures) == len(listing.tags)
    assert len(fake_registry.requests) < 12
    assert listing.complete == (where == "manifests")


def test_a_stop_set_before_asks_for_nothing_more_than_the_list(fake_registry: FakeRegistry) -> None:
    stop = threading.Event()
    stop.set()
    with Client(filled(fake_registry, 200).settings()) as client:
        listing = client.listing("app", stop=stop)
    assert isinstance(listing.error, Cancelled)
    assert listing.requests == 1


def test_a_mistake_in_a_thread_is_not_swallowed(fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(filled(fake_registry).settings())

    def mistaken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(client, "_look_up", mistaken)
    with client, pytest.raises(ZeroDivisionError):
        client.listing("app")


def test_two_listings_at_once_count_their_own_requests(fake_registry: FakeRegistry) -> None:
    filled(fake_registry, 50)
    counts = []
    with Client(fake_registry.settings()) as client:
        threads = [threading.Thread(target=lambda: counts.append(client.listing("app").requests)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert counts == [51, 51, 51]


@pytest.mark.parametrize("name", ["../secret", "App", "a?x=1", "", "a/../b", "a\r\nHost: x"])
def test_a_name_that_is_none_never_becomes_a_request(fake_registry: FakeRegistry, name: str) -> None:
    with Client(fake_registry.settings()) as client, pytest.raises(InvalidReference):
        client.listing(name)
    assert not fake_registry.requests


@pytest.mark.parametrize("settings", [Settings("host:99999"), Settings("127.0.0.1:1", ca_certificate="# Zürich\n")])
def test_what_was_set_up_wrongly_is_told_by_every_answer(settings: Settings) -> None:
    with Client(settings) as client:
        listing = client.listing("app")
        assert isinstance(listing.error, Misconfigured)
        assert (listing.complete, listing.requests) == (False, 0)
        assert isinstance(client.catalog().error, Misconfigured)
        with pytest.raises(Misconfigured, match=r"port|certificate"):
            client.check()


def test_a_client_closed_before_it_lists_says_so(fake_registry: FakeRegistry) -> None:
    client = Client(filled(fake_registry).settings())
    client.close()
    listing = client.listing("app")
    assert isinstance(listing.error, Cancelled)
    assert not listing.complete
    assert not fake_registry.requests


def test_a_client_closed_while_it_lists_looks_at_nothing_more(fake_registry: FakeRegistry) -> None:
    client = Client(filled(fake_registry).settings())

    def close(_exchange: Exchange) -> bool:
        client.close()
        return False

    fake_registry.fault(close, path="tags/list")
    listing = client.listing("app")
    assert listing.complete
    assert isinstance(listing.error, Cancelled)
    assert set(listing.failures) == listing.tags


def test_a_client_closed_while_it_looks_gives_every_tag_an_outcome(fake_registry: FakeRegistry) -> None:
    client = Client(filled(fake_registry).settings(concurrency=2))

    def close(_exchange: Exchange) -> bool:
        client.close()
        return False

    fake_registry.fault(close, path="manifests", skip=5, times=1)
    listing = client.listing("app")
    assert {o.tag for o in listing.observations} | set(listing.failures) == listing.tags
    assert all(isinstance(error, Cancelled) for error in listing.failures.values())
    assert len(listing.observations) >= 6


def test_the_catalog_is_walked_like_a_list_of_tags(fake_registry: FakeRegistry) -> None:
    for name in ("a", "b/c", "d"):
        fake_registry.push(name, "1.0")
    fake_registry.most_per_page = 2
    with Client(fake_registry.settings()) as client:
        catalog = client.catalog()
    assert (catalog.names, catalog.complete, catalog.error) == (("a", "b/c", "d"), True, None)


def test_a_closed_catalog_says_so(fake_registry: FakeRegistry) -> None:
    fake_registry.fault(status(403), path="_catalog")
    with Client(fake_registry.settings()) as client:
        catalog = client.catalog()
    assert (catalog.names, catalog.complete) == ((), False)
    assert isinstance(catalog.error, CredentialsRefused)


def test_the_catalog_needs_a_scope_of_its_own() -> None:
    with FakeRegistry(auth="bearer") as registry, Client(registry.settings()) as client:
        assert client.catalog().complete
        assert registry.asked("^/token")[0].query["scope"] == ["registry:catalog:*"]


@pytest.mark.parametrize(
    "options",
    [{}, {"auth": "bearer"}, *({"auth": auth, "username": "ann", "password": "x"} for auth in ("basic", "bearer"))],
)
def test_a_good_connection_passes_the_check(options: dict[str, Any]) -> None:
    with FakeRegistry(**options) as registry, Client(registry.settings()) as client:
        client.check()
        assert {r.method for r in registry.requests} == {"GET"}


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_wrong_credentials_fail_the_check(auth: str) -> None:
    registry = FakeRegistry(auth=auth, username="ann", password="x")
    with registry, Client(registry.settings(secret="wrong")) as client, pytest.raises(CredentialsRefused):
        client.check()


def test_a_registry_that_gives_no_token_for_nothing_passes_the_check_without_credentials() -> None:
    """As Quay: whether anybody may read shows with each repository."""
    with FakeRegistry(auth="bearer") as registry, Client(registry.settings()) as client:
        registry.fault(status(401), path="^/token")
        client.check()


@pytest.mark.parametrize("fault", [status(404), web_page(404), status(302)])
def test_what_is_no_registry_fails_the_check(fake_registry: FakeRegistry, fault: Any) -> None:
    fake_registry.fault(fault)
    with Client(fake_registry.settings()) as client, pytest.raises(BadAnswer):
        client.check()


def test_every_error_has_a_reason_of_its_own() -> None:
    def below(kind: type[RegistryError]) -> list[type[RegistryError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in below(child))]

    reasons = [kind.reason for kind in below(RegistryError) if kind.__name__ != "Forbidden"]
    assert len(set(reasons)) == len(reasons)
