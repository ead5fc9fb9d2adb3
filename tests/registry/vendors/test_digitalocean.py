"""DigitalOcean's API, in the shapes of its documentation."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tags.registry import RateLimited, Settings
from tags.registry.errors import CredentialsMissing
from tags.registry.vendors.digitalocean import DigitalOcean
from tests.fakeregistry import Answer, FakeRegistry, Recorded
from tests.faults import too_many_requests
from tests.registry.vendors.polls import REFUSALS, digests, remembered

TAGS = "/v2/registry/example/repositories/"


class FakeDigitalOcean(FakeRegistry):
    """The API and the registry at one origin; the account's own registry is `example`."""

    def __init__(self) -> None:
        super().__init__(username="token", password="dop_v1")

    def answer(self, request: Recorded) -> Answer:
        path = urlsplit(request.path).path
        if not path.startswith("/v2/registry"):
            return super().answer(request)
        if request.headers.get("Authorization") != "Bearer dop_v1":
            return Answer(401, body=b'{"id":"Unauthorized"}')
        if path == "/v2/registry":
            return Answer(body=b'{"registry":{"name":"example","region":"fra1"}}')
        registry, _, rest = path.removeprefix("/v2/registry/").partition("/")
        if rest == "repositoriesV2":
            names = [name.partition("/")[2] for name in self.repositories if name.startswith(f"{registry}/")]
            return self._paged(request, "repositories", [{"registry_name": registry, "name": name} for name in names])
        name = unquote(rest.removeprefix("repositories/").removesuffix("/tags"))
        tags = self.repositories.get(f"{registry}/{name}")
        if tags is None:
            return Answer(404, body=b'{"id":"not_found"}')
        entries = [
            {"tag": tag, "manifest_digest": digest, "updated_at": "2020-04-09T23:54:25Z", "size_bytes": 1}
            for tag, digest in tags.items()
        ]
        return self._paged(request, "tags", entries)

    def _paged(self, request: Recorded, key: str, entries: list[dict[str, Any]]) -> Answer:
        number, size = int(request.query.get("page", ["1"])[0]), int(request.query["per_page"][0])
        following = f"{self.url}{urlsplit(request.path).path}?page={number + 1}&per_page={size}"
        links = {"pages": {"next": following}} if number * size < len(entries) else {}
        page = {key: entries[size * (number - 1) : size * number], "links": links, "meta": {"total": len(entries)}}
        return Answer(body=json.dumps(page).encode())


def filled(tags: int = 500) -> FakeDigitalOcean:
    registry = FakeDigitalOcean()
    for number in range(tags):
        registry.push("example/my/repo", f"1.{number}")
    return registry


def test_a_page_tells_two_hundred_digests() -> None:
    with filled() as registry, DigitalOcean(registry.settings()) as client:
        listing = client.listing("example/my/repo")
        assert digests(listing) == registry.repositories["example/my/repo"]
        assert listing.requests == len(registry.requests) == 3
        assert "my%2Frepo" in registry.requests[0].path
        assert listing.proves_absence


def test_moves_new_tags_and_deletions_are_seen() -> None:
    with filled(30) as registry, DigitalOcean(registry.settings()) as client:
        first = client.listing("example/my/repo")
        registry.move("example/my/repo", "1.1", to="1.2")
        registry.push("example/my/repo", "2.0")
        registry.delete("example/my/repo", "1.9")
        listing = client.listing("example/my/repo", past=remembered(first))
        assert digests(listing) == registry.repositories["example/my/repo"]
        assert listing.proves_absence
        assert len(registry.asked("/tags/list")) == 1


@pytest.mark.parametrize("repository", ["example/my/repo", "alone"])
def test_without_a_token_or_a_registry_s_name_it_is_read_the_plain_way(repository: str) -> None:
    with filled(3) as registry:
        registry.push("alone", "latest")
        settings = registry.settings(username="", secret="") if "/" in repository else registry.settings()
        with DigitalOcean(settings) as client:
            assert digests(client.listing(repository)) == registry.repositories[repository]
        assert not registry.asked("/v2/registry/")


def answering(body: Any) -> Any:
    return lambda exchange: exchange.answer(Answer(body=json.dumps(body).encode()))


@pytest.mark.parametrize(
    "fault",
    [
        *REFUSALS,
        answering({"tags": []}),
        answering({"tags": None}),
        answering({"tags": [7]}),
        answering([]),
        answering({"tags": [], "links": {"pages": {"next": "http://192.0.2.1/steal?page=2"}}}),
        answering({"tags": [], "links": {"pages": {"next": 7}}}),
    ],
)
def test_a_refused_empty_or_unreadable_answer_leads_to_the_plain_way(fault: Any) -> None:
    with filled(3) as registry, DigitalOcean(registry.settings()) as client:
        registry.fault(fault, path=TAGS)
        listing = client.listing("example/my/repo")
        assert digests(listing) == registry.repositories["example/my/repo"]
        assert len(registry.asked("/tags/list")) == 1


def test_names_and_digests_that_are_none_are_not_believed() -> None:
    entries = [{"tag": "1.0", "manifest_digest": "sha256:1"}, {"tag": "a b"}, {"tag": None}, {}]
    with filled(1) as registry, DigitalOcean(registry.settings()) as client:
        registry.fault(answering({"tags": entries}), path=TAGS)
        listing = client.listing("example/my/repo")
        assert digests(listing) == registry.repositories["example/my/repo"]
        assert listing.refused_names == 3


def test_too_many_requests_end_the_listing() -> None:
    with filled(3) as registry, DigitalOcean(registry.settings()) as client:
        registry.fault(too_many_requests("7"), path=TAGS)
        assert isinstance(client.listing("example/my/repo").error, RateLimited)


def test_repositories_are_those_of_the_registry_a_pattern_names_or_of_the_account_s_own() -> None:
    with filled(1) as registry, DigitalOcean(registry.settings()) as client:
        for number in range(120):
            registry.push(f"example/app{number}", "latest")
        registry.push("other/app", "latest")
        assert client.catalog(["other/*"]).names == ("other/app",)
        assert len(client.catalog().names) == 121
        assert client.catalog(["*"]).complete


def test_a_catalog_needs_a_token_and_says_so() -> None:
    with filled(1) as registry, DigitalOcean(registry.settings(username="", secret="")) as client:
        assert isinstance(client.catalog(["example/*"]).error, CredentialsMissing)


def test_the_api_is_digitalocean_s_for_its_registry_and_nowhere_else() -> None:
    assert DigitalOcean.api_address(Settings("registry.digitalocean.com")) == "https://api.digitalocean.com"
    assert DigitalOcean.api_address(Settings("127.0.0.1:5000", plain_http=True)) == "http://127.0.0.1:5000"
