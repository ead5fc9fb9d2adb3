import gzip
import json
from collections.abc import Collection, Set
from typing import Any

import pytest

from tags.registry import BadAnswer, Client, RepositoryMissing, ServerError, Span, TooLarge
from tags.registry.errors import RegistryError
from tags.registry.pages import PAGE_SIZE
from tests.certificates import Certificates
from tests.fakeregistry import Exchange, FakeRegistry, neighbours
from tests.faults import cut, gzip_bomb, omit, redirect, status, web_page
from tests.registry.cases import ScriptedRegistry, acceptable, cases


def outcome(listing: Any) -> str:
    if listing.error is None:
        return "ok"
    if isinstance(listing.error, RepositoryMissing):
        return "missing"
    return "later" if listing.error.retry_after is not None else "error"


def agrees(listing: Any, expect: dict[str, Any]) -> bool:
    # That a repository is missing is a sure answer, yet nothing but a list may end a tag.
    complete = expect["complete"] and expect.get("outcome") != "missing"
    same_tags = expect["tags"] is None or sorted(listing.tags) == expect["tags"]
    return same_tags and listing.complete == complete and expect.get("outcome", outcome(listing)) == outcome(listing)


def look_at_none(_tags: Set[str], _span: Span) -> Collection[str]:
    return ()


@pytest.mark.parametrize("asked_for", [PAGE_SIZE, 10_000])
@cases("pages")
def test_walks_as_real_registries_page(case: dict[str, Any], asked_for: int, certificates: Certificates) -> None:
    host = case["base"].removeprefix("https://")
    repository = case["path"].removeprefix("/v2/").removesuffix("/tags/list")
    hosts = set()
    with ScriptedRegistry(case["routes"], case["path"], tls=certificates.server) as registry:

        def resolve(name: str, port: int) -> Any:
            hosts.add((name, port))
            return registry.resolve(name, port)

        settings = registry.settings(
            address=host, ca_certificate=certificates.authority, page_size=case.get("n", asked_for)
        )
        with Client(settings, resolve=resolve) as client:
            looks = "digests" in case["expect"]
            listing = client.listing(repository) if looks else client.listing(repository, look_at_none)
    assert any(agrees(listing, expect) for expect in acceptable(case))
    assert listing.requests == len(registry.requests)
    assert listing.requests <= case["expect"].get("max_requests", 4)
    assert hosts == {(host, 443)}
    if looks:
        assert {o.tag: o.digest for o in listing.observations} == case["expect"]["digests"]


def list_with(size: int, paging: str, **options: Any) -> tuple[FakeRegistry, list[str]]:
    registry = FakeRegistry(paging=paging, **options)
    tags = [f"1.{number:03}" for number in range(size)]
    for tag in tags:
        registry.push("app", tag)
    return registry, tags


@pytest.mark.parametrize(("size", "requests"), [(10, 5), (9, 4), (3, 2), (2, 1)])
def test_a_registry_that_cuts_without_a_link_is_asked_on(size: int, requests: int) -> None:
    """Groups of Nexus: full pages, no Link. The one request more is the price of being sure."""
    registry, tags = list_with(size, "cut")
    with registry, Client(registry.settings(page_size=3)) as client:
        listing = client.listing("app", look_at_none)
    assert (sorted(listing.tags), listing.complete) == (tags, True)
    assert listing.requests in {requests, requests - 1}


def test_it_is_asked_on_at_the_usual_page_size_too_whatever_server_it_says_it_is() -> None:
    registry, tags = list_with(PAGE_SIZE + 500, "cut")

    def behind_a_proxy(exchange: Exchange) -> None:
        usual = exchange.usual()
        usual.headers["Server"] = "nginx"
        exchange.answer(usual)

    registry.fault(behind_a_proxy)
    with registry, Client(registry.settings()) as client:
        listing = client.listing("app", look_at_none)
    assert (len(listing.tags), listing.complete, listing.requests) == (len(tags), True, 2)


def test_a_full_page_of_a_manifest_map_is_the_whole_list(fake_registry: FakeRegistry) -> None:
    page = {"tags": [f"1.{number}" for number in range(PAGE_SIZE)], "manifest": {}}
    fake_registry.fault(status(200, {}, json.dumps(page).encode()))
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app", look_at_none)
    assert (len(listing.tags), listing.complete, listing.requests) == (PAGE_SIZE, True, 1)


REFUSED = status(400, {}, b'{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}')


@pytest.mark.parametrize(
    ("page_size", "refused", "asked"),
    [(999, "n=", ["999", None]), (1000, "n=", ["1000", None]), (5000, "n=5", ["5000", "1000"])],
)
def test_a_page_size_that_is_refused_is_followed_by_one_that_may_not_be(
    fake_registry: FakeRegistry, page_size: int, refused: str, asked: list[str | None]
) -> None:
    """distribution 3.1 answers so above its `tags.maxtags`, which may be any number."""
    fake_registry.push("app", "1.0")
    fake_registry.fault(REFUSED, path=refused)
    with Client(fake_registry.settings(page_size=page_size)) as client:
        listing = client.listing("app", look_at_none)
    assert (listing.tags, listing.complete) == ({"1.0"}, True)
    assert [r.query.get("n", [None])[0] for r in fake_registry.requests] == asked


def test_any_other_400_is_not_asked_again(fake_registry: FakeRegistry) -> None:
    fake_registry.fault(status(400))
    with Client(fake_registry.settings()) as client:
        assert client.listing("app").requests == 1


def test_a_thousand_tags_in_one_page_are_one_request() -> None:
    registry, _tags = list_with(1000, "ignore")
    with registry, Client(registry.settings()) as client:
        listing = client.listing("app", look_at_none)
    assert (len(listing.tags), listing.complete, listing.requests) == (1000, True, 1)


def test_pages_smaller_than_asked_are_followed() -> None:
    registry, tags = list_with(250, "link", most_per_page=100)
    with registry, Client(registry.settings()) as client:
        listing = client.listing("app", look_at_none)
    assert (sorted(listing.tags), listing.complete, listing.requests) == (tags, True, 3)


def three_pages(registry: FakeRegistry) -> Client:
    for number in range(6):
        registry.push("app", f"1.{number}")
    registry.most_per_page = 2
    return Client(registry.settings())


@pytest.mark.parametrize(
    "fault", [status(500), web_page(), cut(), cut(0), redirect("/v2/other/tags/list"), status(404), status(401), omit()]
)
def test_a_fault_on_the_second_page_makes_the_list_incomplete(fake_registry: FakeRegistry, fault: Any) -> None:
    fake_registry.fault(fault, path="last=1.1")
    with three_pages(fake_registry) as client:
        listing = client.listing("app")
    # A page without a Link is an end like any other: nothing can tell it from the true one.
    assert listing.complete == (fault.__qualname__.startswith("omit"))
    assert {"1.0", "1.1"} <= listing.tags
    if not listing.complete:
        assert listing.error is not None
        assert listing.observations == ()


def test_links_in_a_circle_end_the_walk_incomplete(fake_registry: FakeRegistry) -> None:
    def circle(exchange: Exchange) -> None:
        usual = exchange.usual()
        usual.headers["Link"] = '</v2/app/tags/list?last=1.1&n=2>; rel="next"'
        exchange.answer(usual)

    fake_registry.fault(circle, path="last=1.3")
    with three_pages(fake_registry) as client:
        listing = client.listing("app", look_at_none)
    assert not listing.complete
    assert "circles" in str(listing.error)


def test_links_that_never_repeat_end_when_they_bring_nothing_new(fake_registry: FakeRegistry) -> None:
    def on_and_on(exchange: Exchange) -> None:
        usual = exchange.usual()
        usual.headers["Link"] = f'</v2/app/tags/list?page={len(fake_registry.requests)}>; rel="next"'
        exchange.answer(usual)

    fake_registry.push("app", "1.0")
    fake_registry.fault(on_and_on)
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app", look_at_none)
    assert not listing.complete
    assert listing.requests == 2


def test_an_empty_page_with_a_link_is_walked_through(fake_registry: FakeRegistry) -> None:
    link = '</v2/app/tags/list?last=z>; rel="next"'
    fake_registry.push("app", "1.0")
    fake_registry.fault(status(200, {"Link": link}, b'{"tags":[]}'), times=1)
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app", look_at_none)
    assert (listing.complete, listing.requests) == (True, 2)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b'"tags"', b'{"tags":{}}', b'{"tags":"a"}', b'{"tags":7}', b"[" * 100_000],
)
def test_what_is_no_list_is_an_error(fake_registry: FakeRegistry, body: bytes) -> None:
    fake_registry.fault(status(200, {"Content-Type": "application/json"}, body))
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app")
    assert isinstance(listing.error, BadAnswer)
    assert not listing.complete


def test_hostile_names_are_counted_and_dropped(fake_registry: FakeRegistry) -> None:
    names = [
        "ok",
        "a\x00",
        "\ud800",
        "<script>",
        "../x",
        "sha256:" + "a" * 64,
        "=1+1",
        None,
        7,
        ["a"],
        "x" * 129,
        "a\n",
    ]
    fake_registry.fault(status(200, {}, json.dumps({"tags": names}).encode()), path="tags/list")
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app", look_at_none)
    assert listing.tags == {"ok"}
    assert listing.refused_names == len(names) - 1
    assert listing.complete


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"app","tags":["1.0","\xff"]}',
        b'{"name":"app","tags":["1.0"],"n":' + b"9" * 10_000 + b"}",
        b'{"name":"app","tags":["1.0"],"tags":[]}',
    ],
    ids=["a byte that is no UTF-8", "a huge number", "tags told twice"],
)
def test_what_is_odd_in_a_list_costs_no_more_than_itself(fake_registry: FakeRegistry, body: bytes) -> None:
    fake_registry.fault(status(200, {"Content-Type": "application/json"}, body), path="tags/list")
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app", look_at_none)
    assert (listing.tags, listing.complete, listing.is_strange) == ({"1.0"}, True, False)


@pytest.mark.parametrize(
    ("body", "is_strange"),
    [
        (b'{"name":"shop/app","tags":["1.0"]}', False),
        (b'{"name":"remote/shop/app","tags":["1.0"]}', False),
        (b'{"name":"app","tags":["1.0"]}', False),
        (b'{"name":7,"tags":["1.0"]}', False),
        (b'{"tags":["1.0"]}', False),
        (b'{"tags":["1.0","<b>"]}', False),
        (b'{"name":"shop/cart","tags":["1.0"]}', True),
        (b'{"name":"shop/app","tags":["1.0",["latest"]]}', True),
        (b'{"name":"shop/app","tags":["1.0",null]}', True),
    ],
)
def test_a_list_that_may_be_another_one_is_strange(fake_registry: FakeRegistry, body: bytes, is_strange: bool) -> None:
    fake_registry.fault(status(200, {"Content-Type": "application/json"}, body), path="tags/list")
    with Client(fake_registry.settings()) as client:
        listing = client.listing("shop/app", look_at_none)
    assert (listing.tags, listing.complete, listing.is_strange) == ({"1.0"}, True, is_strange)


def test_a_bomb_ends_at_the_ceiling(fake_registry: FakeRegistry) -> None:
    fake_registry.fault(gzip_bomb(40))
    with Client(fake_registry.settings()) as client:
        assert isinstance(client.listing("app").error, TooLarge)


def test_a_page_of_too_many_names_is_not_even_parsed(fake_registry: FakeRegistry) -> None:
    body = gzip.compress(b'{"tags":[' + b"0," * 2_100_000 + b"0]}")
    fake_registry.fault(status(200, {"Content-Encoding": "gzip"}, body))
    with Client(fake_registry.settings()) as client:
        assert isinstance(client.listing("app").error, TooLarge)


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_a_list_behind_another_host_is_paged_on_at_our_own(auth: str) -> None:
    """Else the second page would be a new request to that host, with our credentials."""
    with FakeRegistry(most_per_page=2) as there, FakeRegistry(auth=auth, username="ann", password="x") as here:
        for tag in "abcde":
            there.push("app", tag)
        here.push("known", "1.0")
        here.fault(lambda e: redirect(f"{there.url}{e.request.path}")(e), path="app/tags/list")
        with Client(here.settings(approved_realms=neighbours(there.url))) as client:
            client.listing("known")  # so that the client knows what to send from the first request on
            listing = client.listing("app", look_at_none)
        assert (sorted(listing.tags), listing.complete) == (list("abcde"), True)
        assert [r.query.get("last") for r in here.asked("app/tags/list")] == [None, ["b"], ["d"]]
        assert all("Authorization" in r.headers for r in here.asked("app/tags/list"))
        assert len(there.requests) == 3
        assert not [r for r in there.requests if "Authorization" in r.headers]


def test_a_redirect_that_loses_the_query_makes_no_list_complete(fake_registry: FakeRegistry) -> None:
    """Every page is the first one then, and its Link leads to the page that was asked for."""
    with FakeRegistry(most_per_page=2) as there:
        for tag in "abcde":
            there.push("app", tag)
        fake_registry.fault(redirect(f"{there.url}/v2/app/tags/list"), path="tags/list")
        with Client(fake_registry.settings(approved_realms=neighbours(there.url))) as client:
            listing = client.listing("app", look_at_none)
    assert not listing.complete
    assert isinstance(listing.error, BadAnswer)


@pytest.mark.parametrize(
    "location", ["/v2/s3cret/path", "/v2/a\x00\x1b[31m", "/v2/a b", "/v2/\xe9\x85", "//s3cret\x07.example.com/"]
)
def test_a_path_the_registry_chose_is_in_no_message(fake_registry: FakeRegistry, location: str) -> None:
    fake_registry.fault(redirect(location), path="tags/list")
    with Client(fake_registry.settings()) as client:
        error = client.listing("app").error
    assert isinstance(error, RegistryError)
    assert str(error).startswith(fake_registry.address)
    assert str(error).endswith("(GET /v2/app/tags/list)")
    assert str(error).isprintable()
    assert "s3cret" not in str(error)


def test_the_list_s_times_span_all_its_pages(fake_registry: FakeRegistry) -> None:
    with three_pages(fake_registry) as client:
        listing = client.listing("app")
    assert listing.sent_at < listing.received_at
    assert all(listing.received_at <= observation.sent_at for observation in listing.observations)


def test_an_error_in_words(fake_registry: FakeRegistry) -> None:
    fake_registry.fault(status(503, {"Retry-After": "5"}))
    with Client(fake_registry.settings()) as client:
        error = client.listing("app").error
    assert isinstance(error, ServerError)
    assert error.retry_after == 5
    assert str(error) == f"{fake_registry.address} answered with error 503 (GET /v2/app/tags/list)"
