"""GitHub's API of packages, as it pages: Link with another path, `rel="last"`, versions without tags between."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tags.registry import Misconfigured, RateLimited, Settings
from tags.registry.errors import CredentialsMissing
from tags.registry.vendors.ghcr import Ghcr
from tests.fakeregistry import Answer, FakeRegistry, Recorded
from tests.faults import status, too_many_requests
from tests.registry.vendors.polls import REFUSALS, digests, remembered

VERSIONS = "/packages/container/"


class FakeGitHub(FakeRegistry):
    """The API and the registry at one origin; `team` is an organisation, `ann` a user."""

    def __init__(self) -> None:
        super().__init__(username="ann", password="ghp")
        self.untagged = 0

    def answer(self, request: Recorded) -> Answer:
        path = urlsplit(request.path).path
        kind, _, rest = path.lstrip("/").partition("/")
        if kind not in ("orgs", "users"):
            return super().answer(request)
        owner, _, what = rest.partition("/")
        if request.headers.get("Authorization") != "Bearer ghp":
            return Answer(401, body=b'{"message":"Requires authentication"}')
        if (kind == "orgs") is not (owner == "team"):
            return Answer(404, body=b'{"message":"Not Found"}')
        if what == "packages":
            names = [name.partition("/")[2] for name in self.repositories if name.startswith(f"{owner}/")]
            return self._paged(request, [{"name": name, "package_type": "container"} for name in names])
        package = what.removeprefix("packages/container/").removesuffix("/versions").replace("%2F", "/")
        tags_of: dict[str, list[str]] = {}
        for tag, digest in self.repositories[f"{owner}/{package}"].items():
            tags_of.setdefault(digest, []).append(tag)
        versions = [
            {"name": f"sha256:{number:064}", "metadata": {"container": {"tags": []}}} for number in range(self.untagged)
        ]
        versions += [
            {"name": d, "metadata": {"package_type": "container", "container": {"tags": t}}} for d, t in tags_of.items()
        ]
        return self._paged(request, versions)

    def _paged(self, request: Recorded, entries: list[dict[str, Any]]) -> Answer:
        number = int(request.query.get("page", ["1"])[0])
        last = -(-len(entries) // 100)
        where = f"{self.url}/organizations/122929872/packages?per_page=100&page="
        links = [f'<{where}{number + 1}>; rel="next"', f'<{where}{last}>; rel="last"'] if number < last else []
        page = entries[100 * (number - 1) : 100 * number]
        return Answer(200, {"Link": ", ".join(links)} if links else {}, json.dumps(page).encode())


def filled(tags: int = 500, repository: str = "team/app") -> FakeGitHub:
    registry = FakeGitHub()
    for number in range(tags):
        registry.push(repository, f"1.{number}")
    return registry


def test_a_page_of_versions_tells_a_hundred_digests() -> None:
    with filled() as registry, Ghcr(registry.settings()) as client:
        listing = client.listing("team/app")
        assert digests(listing) == registry.repositories["team/app"]
        assert listing.requests == len(registry.requests) == 5
        assert listing.proves_absence
        assert not [o for o in listing.observations if o.pushed_at]


def test_a_user_is_found_once_and_known_from_then_on() -> None:
    with filled(30, "ann/tools/app") as registry, Ghcr(registry.settings()) as client:
        first = client.listing("ann/tools/app")
        assert first.requests == 2
        assert first.cursor.endswith(" users")
        listing = client.listing("ann/tools/app", past=remembered(first))
        assert digests(listing) == digests(first)
        assert listing.requests == 1
        assert "tools%2Fapp" in registry.requests[-1].path


def test_moves_new_tags_and_deletions_are_seen() -> None:
    with filled(30) as registry, Ghcr(registry.settings()) as client:
        first = client.listing("team/app")
        registry.move("team/app", "1.1", to="1.2")
        registry.push("team/app", "2.0")
        registry.delete("team/app", "1.9")
        listing = client.listing("team/app", past=remembered(first))
        assert digests(listing) == registry.repositories["team/app"]
        assert listing.proves_absence
        assert len(registry.asked("/tags/list")) == 1  # what is gone is asked for at the registry too


def test_a_package_with_far_more_versions_than_tags_is_read_the_plain_way() -> None:
    with filled(3) as registry, Ghcr(registry.settings()) as client:
        registry.untagged = 4554
        listing = client.listing("team/app")
        assert digests(listing) == registry.repositories["team/app"]
        assert len(registry.asked(VERSIONS)) == 1


def test_without_a_token_it_is_read_the_plain_way() -> None:
    with filled(3) as registry, Ghcr(registry.settings(username="", secret="")) as client:
        assert digests(client.listing("team/app")) == registry.repositories["team/app"]
        assert not registry.asked(VERSIONS)


def answering(body: Any) -> Any:
    return lambda exchange: exchange.answer(Answer(body=json.dumps(body).encode()))


@pytest.mark.parametrize(
    "fault",
    [
        *REFUSALS,
        answering([]),
        answering({}),
        answering([7]),
        answering([{"name": 7, "metadata": {"container": {"tags": []}}}]),
        answering([{"name": "sha256:" + "1" * 64, "metadata": None}]),
    ],
)
def test_a_refused_empty_or_unreadable_answer_leads_to_the_plain_way(fault: Any) -> None:
    with filled(3) as registry, Ghcr(registry.settings()) as client:
        registry.fault(fault, path=VERSIONS)
        listing = client.listing("team/app")
        assert digests(listing) == registry.repositories["team/app"]
        assert len(registry.asked("/tags/list")) == 1


def test_a_next_page_elsewhere_is_not_followed() -> None:
    with filled(3) as registry, FakeRegistry() as sink, Ghcr(registry.settings()) as client:
        foreign = {"Link": f'<{sink.url}/steal?page=2>; rel="next"'}
        registry.fault(lambda exchange: exchange.answer(Answer(200, foreign, b"[]")), path=VERSIONS)
        assert digests(client.listing("team/app")) == registry.repositories["team/app"]
        assert sink.requests == []


def test_a_tag_on_two_versions_is_looked_up_by_itself() -> None:
    """It was moved while the pages were read."""
    two = [
        {"name": "sha256:" + digit * 64, "metadata": {"container": {"tags": ["1.0", "a b", None]}}} for digit in "12"
    ]
    with filled(1) as registry, Ghcr(registry.settings()) as client:
        registry.fault(answering(two), path=VERSIONS)
        listing = client.listing("team/app")
        assert digests(listing) == registry.repositories["team/app"]
        assert listing.refused_names == 4
        assert len(registry.asked("/manifests/1.0", "HEAD")) == 1


def test_too_many_requests_end_the_listing() -> None:
    with filled(3) as registry, Ghcr(registry.settings()) as client:
        registry.fault(too_many_requests("7"), path=VERSIONS)
        assert isinstance(client.listing("team/app").error, RateLimited)


def test_packages_are_listed_by_owner() -> None:
    with filled(1) as registry, Ghcr(registry.settings()) as client:
        for name in ("team/deep/tool", "ann/dotfiles"):
            registry.push(name, "latest")
        assert client.catalog(["team/*", "ann/*"]).names == ("ann/dotfiles", "team/app", "team/deep/tool")


def test_what_is_missing_for_a_catalog_is_told_in_words() -> None:
    with filled(1) as registry:
        with Ghcr(registry.settings()) as client:
            catalog = client.catalog(["*"])
            assert isinstance(catalog.error, Misconfigured)
            assert "myteam/*" in str(catalog.error)
        with Ghcr(registry.settings(username="", secret="")) as client:
            catalog = client.catalog(["team/*"])
            assert isinstance(catalog.error, CredentialsMissing)
            assert "read:packages" in str(catalog.error)
        assert registry.requests == []


def test_a_cut_catalog_is_not_complete() -> None:
    with filled(1) as registry, Ghcr(registry.settings()) as client:
        registry.fault(status(500), path="/packages")
        assert not client.catalog(["team/*"]).complete


def test_the_api_is_github_s_for_its_registry_and_nowhere_else() -> None:
    assert Ghcr.api_address(Settings("GHCR.io")) == "https://api.github.com"
    assert Ghcr.api_address(Settings("ghcr.io", api_address="https://x.example.com")) == "https://x.example.com"
    assert Ghcr.api_address(Settings("127.0.0.1:5000", plain_http=True)) == "http://127.0.0.1:5000"
