"""Docker Hub's API in the shapes that registries.md 4.1 has on record."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tags.registry import BadAnswer, CredentialsRefused, Misconfigured, RateLimited, RepositoryMissing, Settings
from tags.registry.listing import Past
from tags.registry.vendors.dockerhub import DockerHub
from tests.fakeregistry import Answer, FakeRegistry, Manifest, Recorded, not_found
from tests.faults import status, too_many_requests

from .polls import REFUSALS, again, digests

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
API = "/v2/namespaces/"


class FakeHub(FakeRegistry):
    """`entry` may be set by a test to change what the API says of a tag; `strangers` counts what nobody lists."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.touched: dict[tuple[str, str], datetime] = {}
        self.odd: dict[str, dict[str, Any]] = {}
        self.api_tokens: list[str] = []
        self.private = False
        self.miscounted = 0
        self.oldest_first = False
        self._ticks = itertools.count()

    def push(self, repository: str, tag: str, content: str = "", manifest: Manifest | None = None) -> str:
        self.touch(repository, tag)
        return super().push(repository, tag, content, manifest)

    def move(self, repository: str, tag: str, to: str) -> str:
        self.touch(repository, tag)
        return super().move(repository, tag, to)

    def touch(self, repository: str, tag: str) -> None:
        self.touched[repository, tag] = START + timedelta(seconds=next(self._ticks), microseconds=506_400)

    def answer(self, request: Recorded) -> Answer:
        path = urlsplit(request.path).path
        if path == "/v2/auth/token":
            return self._log_in(request)
        if not path.startswith(API):
            return super().answer(request)
        if self.private and request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.api_tokens:
            return Answer(401, body=b'{"detail":"object not found","message":"unauthorized"}')
        namespace, _, rest = path.removeprefix(API).partition("/repositories")
        if not rest:
            names = [name for name in self.repositories if name.startswith(f"{namespace}/")]
            return self._paged(request, [{"name": name.partition("/")[2], "namespace": namespace} for name in names])
        repository = namespace + rest.removesuffix("/tags")
        if repository not in self.repositories:
            return not_found("NAME_UNKNOWN")
        return self._paged(request, list(self._entries(repository)))

    def _log_in(self, request: Recorded) -> Answer:
        known = json.loads(request.body) == {"identifier": self.username, "secret": self.password}
        if request.method != "POST" or not known:
            return Answer(401, body=b'{"detail":"Incorrect authentication credentials"}')
        self.api_tokens.append(f"jwt-{len(self.api_tokens)}")
        return Answer(body=json.dumps({"access_token": self.api_tokens[-1]}).encode())

    def _entries(self, repository: str) -> Iterator[dict[str, Any]]:
        tags = self.repositories[repository]
        for tag in sorted(tags, key=lambda tag: self.touched[repository, tag], reverse=not self.oldest_first):
            moment = self.touched[repository, tag].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            usual = {
                "name": tag,
                "digest": tags[tag],
                "media_type": "application/vnd.oci.image.index.v1+json",
                "last_updated": moment,
                "tag_last_pushed": moment,
                "tag_status": "active",
                "images": [{"architecture": "amd64", "os": "linux", "digest": tags[tag]}],
            }
            yield usual | self.odd.get(tag, {})

    def _paged(self, request: Recorded, entries: list[dict[str, Any]]) -> Answer:
        size, page = int(request.query["page_size"][0]), int(request.query.get("page", ["1"])[0])
        url = f"{self.url}{urlsplit(request.path).path}?page={page + 1}&page_size={size}&ordering=last_updated"
        more = len(entries) > page * size
        body = {
            "count": len(entries) + self.miscounted,
            "next": url if more else None,
            "previous": None,
            "results": entries[(page - 1) * size : page * size],
        }
        return Answer(body=json.dumps(body).encode())


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub() as hub:
        for number in range(500):
            hub.push("shop/app", f"1.{number}")
        yield hub


@pytest.fixture
def client(hub: FakeHub) -> Iterator[DockerHub]:
    with DockerHub(hub.settings()) as client:
        yield client


def test_a_first_look_at_500_tags_costs_five_requests(hub: FakeHub, client: DockerHub) -> None:
    listing = client.listing("shop/app")
    assert digests(listing) == hub.repositories["shop/app"]
    assert listing.requests == len(hub.requests) == 5
    assert listing.sent_at == min(seen.sent_at for seen in listing.observations)
    assert listing.received_at == max(seen.received_at for seen in listing.observations)
    assert listing.proves_absence
    assert not listing.vouched
    assert listing.cursor


def test_a_steady_look_costs_one(hub: FakeHub, client: DockerHub) -> None:
    steady = again(client, client.listing("shop/app"))
    assert steady.requests == 1
    assert len(steady.observations) == 100
    assert len(steady.vouched) == 400
    assert steady.tags == hub.repositories["shop/app"].keys()
    assert steady.proves_absence


def test_a_tag_that_moved_is_seen_with_one_request_and_its_time(hub: FakeHub, client: DockerHub) -> None:
    before = client.listing("shop/app")
    digest = hub.move("shop/app", "1.7", "1.3")
    steady = again(client, before)
    assert steady.requests == 1
    moved = next(seen for seen in steady.observations if seen.tag == "1.7")
    assert moved.digest == digest
    assert moved.pushed_at == hub.touched["shop/app", "1.7"]
    assert moved.media_type == "application/vnd.oci.image.index.v1+json"


def test_a_new_tag_is_seen_with_one_request(hub: FakeHub, client: DockerHub) -> None:
    before = client.listing("shop/app")
    digest = hub.push("shop/app", "2.0")
    steady = again(client, before)
    assert steady.requests == 1
    assert digests(steady)["2.0"] == digest
    assert len(steady.tags) == 501


def test_a_day_of_many_moves_is_read_as_far_as_it_goes(hub: FakeHub, client: DockerHub) -> None:
    before = client.listing("shop/app")
    for number in range(150):
        hub.push("shop/app", f"1.{number}", f"again {number}")
    steady = again(client, before)
    assert steady.requests == 2
    assert digests(steady).items() <= hub.repositories["shop/app"].items()
    assert {f"1.{number}" for number in range(150)} <= digests(steady).keys()


def test_polls_go_on_from_each_other_without_reading_all_again(hub: FakeHub, client: DockerHub) -> None:
    listing = client.listing("shop/app")
    known = digests(listing)
    for number in range(3):
        hub.push("shop/app", f"3.{number}")
        listing = client.listing("shop/app", past=Past(listing.cursor, lambda known=known: dict(known)))
        known |= digests(listing)
        assert listing.requests == 1
    assert known == hub.repositories["shop/app"]


def test_a_lower_count_has_everything_read_and_the_missing_confirmed(hub: FakeHub, client: DockerHub) -> None:
    before = client.listing("shop/app")
    hub.delete("shop/app", "1.3")
    steady = again(client, before)
    assert steady.requests == 5 + 1
    assert "1.3" not in steady.tags
    assert steady.proves_absence
    assert len(hub.asked("/v2/shop/app/tags/list")) == 1


def test_a_deletion_that_a_new_tag_hides_in_the_count_is_seen(hub: FakeHub, client: DockerHub) -> None:
    before = client.listing("shop/app")
    hub.delete("shop/app", "1.3")
    hub.push("shop/app", "2.0")
    steady = again(client, before)
    assert "1.3" not in steady.tags
    assert "2.0" in steady.tags
    assert steady.proves_absence


def test_what_the_api_hides_and_the_registry_lists_is_looked_up(hub: FakeHub, client: DockerHub) -> None:
    before = client.listing("shop/app")
    hidden = hub.repositories["shop/app"]["1.3"]
    del hub.repositories["shop/app"]["1.3"]
    hub.fault(
        lambda exchange: exchange.answer(
            Answer(body=json.dumps({"tags": ["1.3", *hub.repositories["shop/app"]]}).encode())
        ),
        "tags/list",
    )
    hub.fault(status(200, {"Docker-Content-Digest": hidden}), "manifests/1.3")
    listing = again(client, before)
    assert digests(listing)["1.3"] == hidden


def test_an_older_tag_that_is_not_as_it_was_has_everything_read(hub: FakeHub, client: DockerHub) -> None:
    before = client.listing("shop/app")
    hub.repositories["shop/app"]["1.450"] = hub.repositories["shop/app"]["1.2"]  # and its time stays
    steady = again(client, before)
    assert steady.requests == 5
    assert digests(steady) == hub.repositories["shop/app"]


def test_a_list_in_another_order_is_read_to_its_end(hub: FakeHub, client: DockerHub) -> None:
    hub.oldest_first = True
    before = client.listing("shop/app")
    hub.move("shop/app", "1.7", "1.3")
    steady = again(client, before)
    assert steady.requests == 5
    assert digests(steady) == hub.repositories["shop/app"]


def test_what_is_counted_but_never_listed_does_not_cost_more_for_ever(hub: FakeHub, client: DockerHub) -> None:
    hub.miscounted = 3
    hub.odd["1.499"] = {"name": "no tag name"}
    listing = client.listing("shop/app")
    assert listing.refused_names == 1
    assert again(client, listing).requests == 1


@pytest.mark.parametrize("name", [None, 7, [], {}, "a b", "../x"])
def test_what_is_no_tag_name_is_left_out(hub: FakeHub, client: DockerHub, name: Any) -> None:
    hub.odd["1.450"] = {"name": name, "digest": None}
    listing = client.listing("shop/app")
    assert (listing.refused_names, len(listing.tags)) == (1, 499)
    steady = again(client, listing)
    assert (steady.refused_names, len(steady.tags), steady.requests) == (1, 499, 1)


def test_a_tag_without_a_digest_is_looked_up_by_itself(hub: FakeHub, client: DockerHub) -> None:
    hub.odd["1.0"] = {"digest": None}
    listing = client.listing("shop/app")
    assert digests(listing) == hub.repositories["shop/app"]
    assert listing.requests == 5 + 1
    assert again(client, listing).requests == 1


def test_a_tag_without_a_digest_or_an_image_is_looked_at_each_time(hub: FakeHub, client: DockerHub) -> None:
    hub.odd["1.0"] = {"digest": None}
    hub.forget_manifest(hub.repositories["shop/app"]["1.0"])
    listing = client.listing("shop/app")
    assert digests(listing)["1.0"] is None
    steady = again(client, listing)
    assert digests(steady)["1.0"] is None
    assert not hub.asked("tags/list")
    assert len([request for request in hub.requests if request.path.startswith(API)]) == 5 + 1


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "{}",
        "[]",
        "[1,2,3]",
        '["2026-05-04T08:00:00",0,[]]',
        '["2026-05-04T08:00:00Z",0,[7]]',
        '["yesterday",0,[]]',
        "x",
        '["2026-05-04T08:00:00Z",null,[]]',
    ],
)
def test_a_cursor_of_somebody_else_has_everything_read(hub: FakeHub, client: DockerHub, cursor: str) -> None:
    known = dict(hub.repositories["shop/app"])
    assert client.listing("shop/app", past=Past(cursor, lambda: known)).requests == 5


@pytest.mark.parametrize(
    "odd",
    [
        {"last_updated": None},
        {"last_updated": "0001-01-01T00:00:00Z"},
        {"last_updated": 7},
        {"tag_last_pushed": "never", "media_type": 7},
        {"tag_status": "inactive", "images": None},
    ],
)
def test_odd_fields_cost_no_tag(hub: FakeHub, client: DockerHub, odd: dict[str, Any]) -> None:
    hub.odd["1.250"] = odd
    listing = client.listing("shop/app")
    assert digests(listing) == hub.repositories["shop/app"]
    assert again(client, listing).tags == listing.tags


@pytest.mark.parametrize("count", [None, "500", -1, 1.5, []])
def test_a_count_that_is_none_has_everything_read(hub: FakeHub, client: DockerHub, count: Any) -> None:
    def miscount(exchange: Any) -> None:
        page = json.loads(exchange.usual().body)
        exchange.answer(Answer(body=json.dumps(page | {"count": count}).encode()))

    hub.fault(miscount, API)
    listing = client.listing("shop/app")
    assert digests(listing) == hub.repositories["shop/app"]
    assert again(client, listing).requests == 5


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_useless_answer_leads_to_the_plain_way(hub: FakeHub, client: DockerHub, refusal: Any) -> None:
    before = client.listing("shop/app")
    hub.fault(refusal, API)
    listing = again(client, before)
    assert digests(listing) == hub.repositories["shop/app"]
    assert listing.complete


def test_a_next_page_elsewhere_is_not_followed(hub: FakeHub, client: DockerHub) -> None:
    with FakeRegistry() as sink:

        def lure(exchange: Any) -> None:
            page = json.loads(exchange.usual().body)
            exchange.answer(Answer(body=json.dumps(page | {"next": f"{sink.url}/v2/steal"}).encode()))

        hub.fault(lure, API)
        listing = client.listing("shop/app")
        assert digests(listing) == hub.repositories["shop/app"]
        assert hub.asked("tags/list")
        assert not sink.requests


def test_too_many_requests_end_the_listing(hub: FakeHub, client: DockerHub) -> None:
    hub.fault(too_many_requests("60"), API)
    listing = client.listing("shop/app")
    assert isinstance(listing.error, RateLimited)
    assert not hub.asked("tags/list")


def test_a_name_that_the_hub_cannot_have_goes_the_plain_way() -> None:
    with FakeHub() as hub, DockerHub(hub.settings()) as client:
        hub.push("deep/er/app", "1.0")
        assert client.listing("deep/er/app").tags == {"1.0"}
        assert not hub.asked(API)


def test_a_private_repository_is_read_with_a_token_of_the_api() -> None:
    with FakeHub(username="me", password="secret") as hub, DockerHub(hub.settings()) as client:
        hub.private = True
        hub.push("shop/app", "1.0")
        assert digests(client.listing("shop/app")) == hub.repositories["shop/app"]
        assert client.listing("shop/app").requests == 1
        hub.api_tokens[:] = ["expired"]
        assert client.listing("shop/app").tags == {"1.0"}
        assert [request.path for request in hub.requests].count("/v2/auth/token") == 2
        assert not hub.asked("tags/list")
        assert not [
            r for r in hub.asked(API) if "secret" in str(r.headers) or r.headers["Authorization"][:6] == "Basic "
        ]


def test_a_refused_password_is_not_tried_for_every_repository() -> None:
    with FakeHub(username="me", password="secret") as hub, DockerHub(hub.settings(secret="old")) as client:
        for number in range(9):
            hub.push(f"shop/app{number}", "1.0")
            assert client.listing(f"shop/app{number}").tags == {"1.0"}
        assert len(hub.asked("/v2/auth/token")) == 3


def test_the_hub_is_known_by_its_names_and_its_api_by_its_own() -> None:
    for address in ("docker.io", "index.docker.io", "registry-1.docker.io", "Docker.io"):
        assert DockerHub.api_address(Settings(address)) == "https://hub.docker.com"
    assert (
        DockerHub.api_address(Settings("docker.io", api_address="https://mirror.example")) == "https://mirror.example"
    )
    assert DockerHub.api_address(Settings("hub.example:5000")) == "https://hub.example:5000"


def test_the_repositories_of_a_namespace_are_listed(hub: FakeHub, client: DockerHub) -> None:
    for number in range(150):
        hub.push(f"team/app{number}", "1.0")
    catalog = client.catalog(["team/*", "shop/a*"])
    assert set(catalog.names) == hub.repositories.keys()
    assert catalog.complete


def test_a_catalog_that_is_refused_or_needs_a_namespace_says_so(hub: FakeHub, client: DockerHub) -> None:
    assert isinstance(client.catalog(["*"]).error, Misconfigured)
    for fault, error in ((status(404), RepositoryMissing), (status(401), CredentialsRefused), (status(200), BadAnswer)):
        hub.fault(fault, API, times=1)
        catalog = client.catalog(["shop/*"])
        assert isinstance(catalog.error, error)
        assert not catalog.complete
