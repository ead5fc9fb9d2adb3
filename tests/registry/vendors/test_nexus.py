"""Nexus with routing by path: its search, in the shapes that its API documents."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tags.registry import RateLimited
from tags.registry.glance import Glance
from tags.registry.vendors.nexus import Nexus
from tests.fakeregistry import Answer, FakeRegistry, Recorded
from tests.faults import too_many_requests
from tests.registry.vendors.polls import REFUSALS, digests, remembered

SEARCH, REPOSITORIES = "/service/rest/v1/search", "/service/rest/v1/repositories"
REPOSITORY = "docker-hosted/team/app"


class FakeNexus(FakeRegistry):
    def __init__(self) -> None:
        super().__init__(auth="basic", username="ann", password="secret")
        self.known = [{"name": "docker-hosted", "format": "docker", "type": "hosted", "url": "http://x"}]
        self.page_size = 50

    def answer(self, request: Recorded) -> Answer:
        path = urlsplit(request.path).path
        if not path.startswith("/service/rest/"):
            return super().answer(request)
        if not self._knows(request.headers.get("Authorization", "")):
            return Answer(401, {"WWW-Authenticate": 'BASIC realm="Sonatype Nexus Repository Manager"'})
        if path == REPOSITORIES:
            return Answer(body=json.dumps(self.known).encode())
        hosted, image = request.query["repository"][0], request.query["docker.imageName"][0]
        items = [
            component(tag, digest, repository=hosted, name=image)
            for tag, digest in self.repositories.get(f"{hosted}/{image}", {}).items()
        ]
        begin = int(request.query.get("continuationToken", ["0"])[0])
        end = begin + self.page_size
        page = {"items": items[begin:end], "continuationToken": str(end) if end < len(items) else None}
        return Answer(body=json.dumps(page).encode())


def component(tag: Any, digest: str, repository: str = "docker-hosted", name: str = "team/app") -> dict[str, Any]:
    sums = {"sha1": "0" * 40, "sha256": digest.removeprefix("sha256:")}
    return {
        "id": "ZG9ja2Vy",
        "repository": repository,
        "format": "docker",
        "group": None,
        "name": name,
        "version": tag,
        "assets": [
            {"path": "v2/-/blobs/sha256:" + "0" * 64, "format": "docker", "checksum": {"sha256": "0" * 64}},
            {"path": f"v2/{name}/manifests/{tag}", "format": "docker", "checksum": sums},
        ],
    }


def filled(tags: int = 500) -> FakeNexus:
    registry = FakeNexus()
    for number in range(tags):
        registry.push(REPOSITORY, f"1.{number}")
    return registry


def test_the_first_look_makes_sure_that_the_search_is_about_this_repository() -> None:
    with filled() as registry, Nexus(registry.settings()) as client:
        listing = client.listing(REPOSITORY)
        assert digests(listing) == registry.repositories[REPOSITORY]
        assert listing.proves_absence
        authorized = [r for r in registry.requests if "Authorization" in r.headers]
        assert [
            len([r for r in authorized if part in r.path])
            for part in (REPOSITORIES, SEARCH, "/tags/list", "/manifests/")
        ] == [1, 10, 1, 1]


def test_a_tag_that_the_search_does_not_know_is_looked_up_by_itself() -> None:
    with filled(3) as registry, Nexus(registry.settings()) as client:
        page = {"items": [component("1.0", registry.repositories[REPOSITORY]["1.0"])], "continuationToken": None}
        registry.fault(answering(page), path=SEARCH)
        assert digests(client.listing(REPOSITORY)) == registry.repositories[REPOSITORY]


def test_a_steady_look_costs_one_request_a_page() -> None:
    with filled() as registry, Nexus(registry.settings()) as client:
        first = client.listing(REPOSITORY)
        listing = client.listing(REPOSITORY, past=remembered(first))
        assert digests(listing) == digests(first)
        assert listing.requests == 10


def test_moves_new_tags_and_deletions_are_seen() -> None:
    with filled(30) as registry, Nexus(registry.settings()) as client:
        first = client.listing(REPOSITORY)
        registry.requests.clear()
        registry.move(REPOSITORY, "1.1", to="1.2")
        registry.push(REPOSITORY, "2.0")
        registry.delete(REPOSITORY, "1.9")
        listing = client.listing(REPOSITORY, past=remembered(first))
        assert digests(listing) == registry.repositories[REPOSITORY]
        assert listing.proves_absence
        assert len(registry.asked("/tags/list")) == 1


@pytest.mark.parametrize(
    "known",
    [
        [],
        [{"name": "docker-hosted", "format": "docker", "type": "proxy"}],
        [{"name": "docker-hosted", "format": "docker", "type": "group"}],
        [{"name": "docker-hosted", "format": "raw", "type": "hosted"}],
        [{"name": "other", "format": "docker", "type": "hosted"}],
        [7],
    ],
)
def test_only_hosted_repositories_are_searched(known: list[Any]) -> None:
    """A proxy finds what it has stored, which is not what its upstream has; on a connector the name is none of ours."""
    with filled(3) as registry, Nexus(registry.settings()) as client:
        registry.known = known
        assert digests(client.listing(REPOSITORY)) == registry.repositories[REPOSITORY]
        assert not registry.asked(SEARCH)


def test_a_search_that_does_not_agree_with_the_registry_is_not_believed() -> None:
    with filled(3) as registry, Nexus(registry.settings()) as client:
        page = {"items": [component("1.0", "sha256:" + "1" * 64)], "continuationToken": None}
        registry.fault(answering(page), path=SEARCH)
        assert digests(client.listing(REPOSITORY)) == registry.repositories[REPOSITORY]


def answering(body: Any) -> Any:
    return lambda exchange: exchange.answer(Answer(body=json.dumps(body).encode()))


@pytest.mark.parametrize(
    "fault",
    [
        *REFUSALS,
        answering({"items": []}),
        answering({"items": None}),
        answering({"items": [7]}),
        answering({"items": [], "continuationToken": "same"}),
        answering([]),
    ],
)
def test_a_refused_empty_or_unreadable_answer_leads_to_the_plain_way(fault: Any) -> None:
    with filled(3) as registry, Nexus(registry.settings()) as client:
        registry.fault(fault, path=SEARCH)
        listing = client.listing(REPOSITORY)
        assert digests(listing) == registry.repositories[REPOSITORY]
        assert registry.asked("/tags/list")


def test_what_is_of_others_or_no_tag_is_left_out() -> None:
    with filled(2) as registry, Nexus(registry.settings()) as client:
        ours = registry.repositories[REPOSITORY]
        items = [
            component("1.0", ours["1.0"]),
            component("latest", ours["1.0"], repository="other"),
            component("latest", ours["1.0"], name="team/app-test"),
            component("sha256:" + "1" * 64, "sha256:" + "1" * 64),
            component("a b", ours["1.0"]),
            component(None, ours["1.0"]),
            {
                **component("1.1", ours["1.1"]),
                "assets": [{"path": 7}, None, {"path": "v2/x/manifests/1.1", "checksum": 7}],
            },
        ]
        registry.fault(answering({"items": items, "continuationToken": None}), path=SEARCH)
        listing = client.listing(REPOSITORY)
        assert digests(listing) == ours
        assert listing.refused_names == 2


def test_too_many_requests_end_the_listing() -> None:
    with filled(3) as registry, Nexus(registry.settings()) as client:
        registry.fault(too_many_requests("7"), path=SEARCH)
        assert isinstance(client.listing(REPOSITORY).error, RateLimited)


def test_an_image_without_a_repository_before_it_is_read_the_plain_way() -> None:
    with FakeNexus() as registry, Nexus(registry.settings()) as client:
        registry.push("app", "latest")
        assert digests(client.listing("app")) == registry.repositories["app"]
        assert not registry.asked("/service/")


@pytest.mark.parametrize(("server", "expected"), [("Nexus/3.70.1-02 (OSS)", True), ("nginx", False), ("", False)])
def test_it_is_known_by_what_it_calls_itself(server: str, expected: bool) -> None:
    assert Nexus.is_seen_in(Glance(404, {"Server": server}, None, b"")) is expected
    assert not Nexus.is_seen_in(Glance(404, {}, None, b""))
