"""Gitea's and Forgejo's own list of packages."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tags.registry import BadAnswer, Forbidden
from tags.registry.challenge import Challenge
from tags.registry.glance import Glance
from tags.registry.vendors.gitea import Gitea
from tests.fakeregistry import Answer, FakeRegistry, Recorded
from tests.faults import status, web_page

PACKAGES = "/api/v1/packages/"


class FakeGitea(FakeRegistry):
    """Its pages hold thirty at most, whatever `limit` is, and its links lead to another host's name."""

    def answer(self, request: Recorded) -> Answer:
        path = urlsplit(request.path).path
        if not path.startswith(PACKAGES):
            return super().answer(request)
        owner, number = path.removeprefix(PACKAGES), int(request.query["page"][0])
        versions: list[dict[str, Any]] = [
            {"type": "container", "name": name.partition("/")[2], "version": tag}
            for name, tags in self.repositories.items()
            if name.startswith(f"{owner}/")
            for tag in tags
        ]
        links = {"Link": '<https://git.example.com/api/v1/packages/team?page=2>; rel="next"'}
        return Answer(200, links, json.dumps(versions[30 * (number - 1) : 30 * number]).encode())


def filled() -> FakeGitea:
    registry = FakeGitea()
    for number in range(50):
        registry.push("team/app", f"1.{number}")
    registry.push("team/deep/tool", "latest")
    registry.push("other/app", "latest")
    return registry


def test_its_catalog_is_asked_first() -> None:
    with filled() as registry, Gitea(registry.settings()) as client:
        assert client.catalog(["team/*"]).names == tuple(sorted(registry.repositories))
        assert not registry.asked(PACKAGES)


def test_where_the_catalog_is_closed_packages_are_listed_by_owner() -> None:
    with filled() as registry, Gitea(registry.settings()) as client:
        registry.fault(status(403), path="_catalog")
        catalog = client.catalog(["team/*"])
        assert (catalog.names, catalog.complete) == (("team/app", "team/deep/tool"), True)
        assert len(registry.asked(PACKAGES)) == 3


def test_without_an_owner_a_closed_catalog_stays_refused() -> None:
    with filled() as registry, Gitea(registry.settings()) as client:
        registry.fault(status(403), path="_catalog")
        catalog = client.catalog(["*"])
        assert (catalog.names, catalog.complete) == ((), False)
        assert isinstance(catalog.error, Forbidden)


def test_a_web_page_is_no_list() -> None:
    with filled() as registry, Gitea(registry.settings()) as client:
        registry.fault(web_page(), path=f"_catalog|{PACKAGES}")
        assert isinstance(client.catalog(["team/*"]).error, BadAnswer)


def test_tags_are_read_the_plain_way() -> None:
    with filled() as registry, Gitea(registry.settings()) as client:
        assert client.listing("team/app").requests == 51


@pytest.mark.parametrize(
    ("realm", "service", "expected"),
    [
        ("https://git.example.com/v2/token", "container_registry", True),
        ("https://gitlab.example.com/jwt/auth", "container_registry", False),
        ("https://x.jfrog.io/v2/token", "x.jfrog.io", False),
    ],
)
def test_it_is_known_by_where_it_sends_for_tokens(realm: str, service: str, expected: bool) -> None:
    challenge = Challenge("bearer", {"realm": realm, "service": service, "scope": "*"})
    assert Gitea.is_seen_in(Glance(401, {}, challenge, b"")) is expected


def test_nothing_is_known_without_a_challenge() -> None:
    assert not Gitea.is_seen_in(Glance(404, {}, None, b""))
