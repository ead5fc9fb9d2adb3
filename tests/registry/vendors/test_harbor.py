"""Harbor's API in the shapes of its own description (api/v2.0/swagger.yaml)."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tags.registry import Forbidden, RateLimited, ServersDisagree
from tags.registry.agreement import ANSWERS_TO_BE_SURE
from tags.registry.challenge import Challenge
from tags.registry.glance import Glance
from tags.registry.listing import Past
from tags.registry.vendors.harbor import Harbor
from tests.fakeregistry import Answer, FakeRegistry, Manifest, Recorded
from tests.faults import in_turn, out_of_step, per_connection, status, too_many_requests, without_header

from .polls import REFUSALS, again, digests

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
API = "/api/v2.0/"
MEDIA_TYPE = "application/vnd.docker.distribution.manifest.list.v2+json"


class FakeHarbor(FakeRegistry):
    """With the proxy before it, which decodes a path once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.put_at: dict[tuple[str, str], datetime] = {}
        self.odd: dict[str, dict[str, Any]] = {}
        self.lists_all = True
        self._ticks = itertools.count()

    def push(self, repository: str, tag: str, content: str = "", manifest: Manifest | None = None) -> str:
        self._touch(repository, tag)
        return super().push(repository, tag, content, manifest)

    def move(self, repository: str, tag: str, to: str) -> str:
        self._touch(repository, tag)
        return super().move(repository, tag, to)

    def answer(self, request: Recorded) -> Answer:
        path = unquote(urlsplit(request.path).path)
        if not path.startswith(API):
            return super().answer(request)
        if request.headers.get("Authorization") and not self._knows(request.headers["Authorization"]):
            return Answer(401, body=b'{"errors":[{"code":"UNAUTHORIZED","message":"unauthorized"}]}')
        match path.removeprefix(API).split("/"):
            case ["repositories"] if self.lists_all:
                return self._paged(request, [{"name": name} for name in self.repositories])
            case ["projects"]:
                return self._paged(
                    request, [{"name": name} for name in sorted({n.split("/")[0] for n in self.repositories})]
                )
            case ["projects", project, "repositories"]:
                return self._paged(request, [{"name": n} for n in self.repositories if n.startswith(f"{project}/")])
            case ["projects", project, "repositories", name, "artifacts"]:
                return self._paged(request, self._artifacts(f"{project}/{unquote(name)}"))
        return Answer(404, body=b'{"errors":[{"code":"NOT_FOUND","message":"not found"}]}')

    def _artifacts(self, repository: str) -> list[dict[str, Any]]:
        """Of a repository that is not there: none, and no error."""
        artifacts: dict[str, dict[str, Any]] = {}
        for tag, digest in self.repositories.get(repository, {}).items():
            put_at = self.put_at[repository, tag].isoformat().replace("+00:00", "Z")
            shown = {"name": tag, "push_time": put_at, "immutable": False} | self.odd.get(tag, {})
            usual = {"digest": digest, "manifest_media_type": MEDIA_TYPE, "type": "IMAGE", "tags": []}
            artifacts.setdefault(digest, usual)["tags"].append(shown)
        return [artifacts[digest] for digest in self.manifests if digest in artifacts]

    def _paged(self, request: Recorded, entries: list[dict[str, Any]]) -> Answer:
        size, page = int(request.query["page_size"][0]), int(request.query["page"][0])
        body = entries[(page - 1) * size : page * size]
        return Answer(200, {"X-Total-Count": str(len(entries))}, json.dumps(body).encode())

    def _touch(self, repository: str, tag: str) -> None:
        self.put_at[repository, tag] = START + timedelta(seconds=next(self._ticks), microseconds=123_000)


@pytest.fixture
def harbor() -> Iterator[FakeHarbor]:
    with FakeHarbor(auth="bearer") as harbor:
        for number in range(500):
            harbor.push("shop/app", f"1.{number}")
        yield harbor


@pytest.fixture
def client(harbor: FakeHarbor) -> Iterator[Harbor]:
    with Harbor(harbor.settings()) as client:
        yield client


def test_500_tags_cost_five_requests_each_time(harbor: FakeHarbor, client: Harbor) -> None:
    listing = client.listing("shop/app")
    assert digests(listing) == harbor.repositories["shop/app"]
    assert listing.requests == len(harbor.requests) == 5
    assert listing.sent_at == min(seen.sent_at for seen in listing.observations)
    assert listing.received_at == max(seen.received_at for seen in listing.observations)
    assert again(client, listing).requests == 5
    assert listing.proves_absence
    assert not listing.vouched


def test_what_its_api_says_of_a_tag_is_held_against_what_its_registry_says(harbor: FakeHarbor, client: Harbor) -> None:
    listing = client.listing("shop/app")
    sure = client.ask_again(listing, {"1.6", "1.7"})
    assert (sure.observations, sure.failures) == (listing.observations, {})
    assert len(harbor.asked("/manifests/1.7", "HEAD")) >= ANSWERS_TO_BE_SURE  # one may have been asked for a token
    harbor.fault(out_of_step(harbor, per_connection(in_turn())), path="/manifests/")
    harbor.push("shop/app", "1.7", "rebuilt")
    unsure = client.ask_again(client.listing("shop/app"), {"1.6", "1.7"})
    assert [type(error) for error in unsure.failures.values()] == [ServersDisagree]
    assert digests(unsure).keys() == unsure.tags - {"1.7"}


def test_tags_of_one_image_cost_no_request_of_their_own(harbor: FakeHarbor, client: Harbor) -> None:
    for number in range(200):
        harbor.repositories["shop/app"][f"also-{number}"] = harbor.repositories["shop/app"]["1.7"]
        harbor.put_at["shop/app", f"also-{number}"] = START
    assert client.listing("shop/app").requests == 5


@pytest.mark.parametrize("tags", [0, 499, 501])
def test_a_registry_that_does_not_count_is_read_to_a_page_that_is_not_full(
    harbor: FakeHarbor, client: Harbor, tags: int
) -> None:
    harbor.repositories["shop/app"] = dict(list(harbor.repositories["shop/app"].items())[:tags])
    if tags > 500:
        harbor.push("shop/app", "2.0")
    harbor.fault(without_header("X-Total-Count"), API)
    assert digests(client.listing("shop/app")) == harbor.repositories["shop/app"]


def test_a_full_last_page_of_a_registry_that_does_not_count_costs_one_more(harbor: FakeHarbor, client: Harbor) -> None:
    harbor.fault(without_header("X-Total-Count"), API)
    assert client.listing("shop/app").requests == 6


def test_pages_smaller_than_asked_for_are_read_as_far_as_the_registry_counts(
    harbor: FakeHarbor, client: Harbor
) -> None:
    def smaller(exchange: Any) -> None:
        request = exchange.request
        small = Recorded(request.method, request.path.replace("page_size=100", "page_size=50"), request.headers)
        exchange.answer(exchange.registry.answer(small))

    harbor.fault(smaller, API)
    assert digests(client.listing("shop/app")) == harbor.repositories["shop/app"]


def test_a_tag_that_moved_back_is_seen_with_its_time(harbor: FakeHarbor, client: Harbor) -> None:
    before = client.listing("shop/app")
    digest = harbor.move("shop/app", "1.499", "1.3")
    seen = next(seen for seen in again(client, before).observations if seen.tag == "1.499")
    assert (seen.digest, seen.pushed_at) == (digest, harbor.put_at["shop/app", "1.499"])
    assert seen.media_type == MEDIA_TYPE


def test_a_new_tag_is_seen(harbor: FakeHarbor, client: Harbor) -> None:
    before = client.listing("shop/app")
    digest = harbor.push("shop/app", "2.0")
    assert digests(again(client, before))["2.0"] == digest


def test_a_deletion_is_confirmed_by_the_registry_s_own_list(harbor: FakeHarbor, client: Harbor) -> None:
    before = client.listing("shop/app")
    harbor.delete("shop/app", "1.3")
    listing = again(client, before)
    assert "1.3" not in listing.tags
    assert listing.proves_absence
    assert harbor.asked("/v2/shop/app/tags/list")


def test_a_tag_that_only_the_registry_s_own_list_has_is_looked_up(harbor: FakeHarbor, client: Harbor) -> None:
    before = client.listing("shop/app")
    harbor.fault(
        lambda e: e.answer(
            Answer(body=json.dumps([a for a in json.loads(e.usual().body) if a["tags"][0]["name"] != "1.3"]).encode())
        ),
        API,
    )
    assert digests(again(client, before)) == harbor.repositories["shop/app"]


def test_a_tag_that_moved_while_pages_were_read_is_looked_up(harbor: FakeHarbor, client: Harbor) -> None:
    harbor.move("shop/app", "also", "1.3")

    def move(_exchange: Any) -> bool:
        harbor.move("shop/app", "1.3", "1.450")
        return False

    harbor.fault(move, "page=3", times=1)
    assert digests(client.listing("shop/app")) == harbor.repositories["shop/app"]
    assert harbor.asked("manifests/1.3")


def test_a_name_with_slashes_is_encoded_twice() -> None:
    with FakeHarbor() as harbor, Harbor(harbor.settings()) as client:
        harbor.push("shop/deep/er/app", "1.0")
        assert digests(client.listing("shop/deep/er/app")) == harbor.repositories["shop/deep/er/app"]
        assert harbor.requests[0].path.startswith("/api/v2.0/projects/shop/repositories/deep%252Fer%252Fapp/artifacts?")
        assert len(harbor.requests) == 1


def test_a_repository_without_a_project_goes_the_plain_way() -> None:
    with FakeHarbor() as harbor, Harbor(harbor.settings()) as client:
        harbor.push("app", "1.0")
        assert client.listing("app").tags == {"1.0"}
        assert not harbor.asked(API)


def test_the_api_is_shown_the_user_and_the_password() -> None:
    with (
        FakeHarbor(auth="bearer", username="robot$ci", password="secret") as harbor,
        Harbor(harbor.settings()) as client,
    ):
        harbor.push("shop/app", "1.0")
        assert digests(client.listing("shop/app")) == harbor.repositories["shop/app"]
        assert harbor.requests[0].headers["Authorization"].startswith("Basic ")
        assert len(harbor.requests) == 1


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_useless_answer_leads_to_the_plain_way(harbor: FakeHarbor, client: Harbor, refusal: Any) -> None:
    before = client.listing("shop/app")
    harbor.fault(refusal, API)
    listing = again(client, before)
    assert digests(listing) == harbor.repositories["shop/app"]
    assert listing.complete


def test_too_many_requests_end_the_listing(harbor: FakeHarbor, client: Harbor) -> None:
    harbor.fault(too_many_requests("60"), "page=3")
    listing = client.listing("shop/app")
    assert isinstance(listing.error, RateLimited)
    assert not listing.proves_absence


@pytest.mark.parametrize("odd", [{"push_time": "0001-01-01T00:00:00.000Z"}, {"push_time": 7}, {"push_time": None}])
def test_odd_times_are_none(harbor: FakeHarbor, client: Harbor, odd: dict[str, Any]) -> None:
    harbor.odd["1.250"] = odd
    listing = client.listing("shop/app")
    assert digests(listing) == harbor.repositories["shop/app"]
    assert next(seen.pushed_at for seen in listing.observations if seen.tag == "1.250") is None


@pytest.mark.parametrize("name", [None, 7, [], {}, "a b", "../x"])
def test_what_is_no_tag_name_is_left_out(harbor: FakeHarbor, client: Harbor, name: Any) -> None:
    harbor.odd["1.250"] = {"name": name}
    listing = client.listing("shop/app")
    assert listing.refused_names == 1
    assert len(listing.tags) == 499


@pytest.mark.parametrize("digest", [None, "", "sha256:1", 7, []])
def test_a_digest_that_is_none_has_its_tags_looked_up(harbor: FakeHarbor, client: Harbor, digest: Any) -> None:
    artifact = {"digest": digest, "tags": [{"name": "1.3"}]}
    harbor.fault(
        status(200, {"X-Total-Count": "2"}, json.dumps([artifact, {"digest": None, "tags": None}]).encode()), API
    )
    assert digests(client.listing("shop/app")) == {"1.3": harbor.repositories["shop/app"]["1.3"]}


@pytest.mark.parametrize("total", ["-1", "many", "9" * 9, "9" * 5000])
def test_a_count_that_cannot_be_does_not_make_the_reading_endless(
    harbor: FakeHarbor, client: Harbor, total: str
) -> None:
    harbor.fault(lambda e: e.answer(Answer(200, {"X-Total-Count": total}, e.usual().body)), API)
    listing = client.listing("shop/app")
    assert digests(listing) == harbor.repositories["shop/app"]
    assert listing.requests <= 6


def test_a_link_is_not_needed_and_not_followed(harbor: FakeHarbor, client: Harbor) -> None:
    with FakeRegistry() as sink:
        link = {"Link": f'<{sink.url}/api/v2.0/steal>; rel="next"'}
        harbor.fault(lambda e: e.answer(Answer(200, e.usual().headers | link, e.usual().body)), API)
        assert digests(client.listing("shop/app")) == harbor.repositories["shop/app"]
        assert not sink.requests


def test_all_repositories_are_listed(harbor: FakeHarbor, client: Harbor) -> None:
    for number in range(150):
        harbor.push(f"team/app{number}", "1.0")
    catalog = client.catalog()
    assert set(catalog.names) == harbor.repositories.keys()
    assert catalog.complete


def test_old_versions_list_their_repositories_by_project(harbor: FakeHarbor, client: Harbor) -> None:
    harbor.lists_all = False
    harbor.push("team/deep/app", "1.0")
    catalog = client.catalog()
    assert set(catalog.names) == harbor.repositories.keys()
    assert catalog.complete


def test_a_catalog_that_is_refused_says_so(harbor: FakeHarbor, client: Harbor) -> None:
    harbor.fault(status(403), API)
    catalog = client.catalog()
    assert isinstance(catalog.error, Forbidden)
    assert not catalog.complete


def test_harbor_is_known_by_its_token_service() -> None:
    params = {"realm": "https://harbor.example/service/token", "service": "harbor-registry"}
    assert Harbor.is_seen_in(Glance(401, {}, Challenge("bearer", params), b""))
    assert not Harbor.is_seen_in(Glance(401, {}, Challenge("bearer", params | {"service": "registry"}), b""))
    assert not Harbor.is_seen_in(Glance(404, {}, None, b""))


def test_a_cursor_of_another_kind_means_nothing(client: Harbor) -> None:
    assert client.listing("shop/app", past=Past("1777881600")).requests == 5
