"""GitLab's GraphQL, in the shapes that its own pages ask for."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tags.registry import Misconfigured, Past, RateLimited, Settings, TooLarge
from tags.registry.challenge import Challenge
from tags.registry.glance import Glance
from tags.registry.vendors import gitlab
from tags.registry.vendors.gitlab import GitLab
from tests.fakeregistry import Answer, Exchange, FakeRegistry, Recorded
from tests.faults import too_many_requests
from tests.registry.vendors.polls import REFUSALS, digests, remembered

MORNING = datetime(2026, 5, 15, 8, tzinfo=UTC)
GRAPHQL = "/api/graphql"
REPOSITORY = "group/sub/project/image"


class FakeGitLab(FakeRegistry):
    """The API and the registry at one origin; the project is `group/sub/project`."""

    def __init__(self) -> None:
        super().__init__(username="ann", password="glpat")
        self.published: dict[str, datetime] = {}
        self.now = MORNING
        self.count_off = 0
        self.page_size = 100

    def push(self, repository: str, tag: str, *more: Any, **named: Any) -> str:
        before = self.repositories.get(repository, {}).get(tag)
        digest = super().push(repository, tag, *more, **named)
        if digest != before:
            self.now += timedelta(minutes=2)
            self.published[tag] = self.now
        return digest

    def answer(self, request: Recorded) -> Answer:
        if request.path != GRAPHQL:
            return super().answer(request)
        if request.headers.get("Authorization") != "Bearer glpat":
            return Answer(401, body=b'{"errors":[{"message":"Invalid token"}]}')
        asked = json.loads(request.body)
        of = self._tags_of if "tagsCount" in asked["query"] else self._repositories_of
        return Answer(body=json.dumps({"data": of(asked["variables"])}).encode())

    def _repositories_of(self, wanted: dict[str, Any]) -> dict[str, Any]:
        name, path = wanted["name"] or "", wanted["path"]
        nodes = [
            {"id": f"gid://gitlab/ContainerRepository/{number}", "path": repository}
            for number, repository in enumerate(self.repositories)
            if repository.startswith(path) and name in repository
        ]
        found = {"containerRepositories": {"nodes": nodes, "pageInfo": {"hasNextPage": False, "endCursor": "x"}}}
        return {
            "project": found if path == "group/sub/project" else None,
            "group": found if path in ("group", "group/sub") else None,
        }

    def _tags_of(self, wanted: dict[str, Any]) -> dict[str, Any]:
        number = int(wanted["id"].rpartition("/")[2])
        repository = list(self.repositories)[number]
        tags = self.repositories[repository]
        newest = sorted(tags, key=lambda tag: self.published[tag], reverse=True)
        begin = int(wanted["after"] or 0)
        end = begin + self.page_size
        nodes = [
            {"name": tag, "digest": tags[tag], "publishedAt": self.published[tag].strftime("%Y-%m-%dT%H:%M:%SZ")}
            for tag in newest[begin:end]
        ]
        page = {"nodes": nodes, "pageInfo": {"hasNextPage": end < len(newest), "endCursor": str(end)}}
        return {
            "containerRepository": {"path": repository, "tagsCount": len(tags) + self.count_off, "tags": page},
        }


def filled(tags: int = 500) -> FakeGitLab:
    registry = FakeGitLab()
    registry.push("group/sub/project", "latest")
    for number in range(tags):
        registry.push(REPOSITORY, f"1.{number}")
    registry.requests.clear()
    return registry


def test_the_first_look_finds_the_repository_and_reads_all_its_pages() -> None:
    with filled() as registry, GitLab(registry.settings()) as client:
        listing = client.listing(REPOSITORY)
        assert digests(listing) == registry.repositories[REPOSITORY]
        assert listing.proves_absence
        assert listing.requests == len(registry.requests) == 2 + 5  # the project is the second candidate
        assert {r.method for r in registry.requests} == {"POST"}


def test_an_image_named_as_its_project_is_found_at_once() -> None:
    with filled() as registry, GitLab(registry.settings()) as client:
        assert client.listing("group/sub/project").requests == 2


def test_a_steady_look_costs_one_request() -> None:
    with filled() as registry, GitLab(registry.settings()) as client:
        first = client.listing(REPOSITORY)
        listing = client.listing(REPOSITORY, past=remembered(first))
        assert listing.requests == 1
        assert listing.tags == first.tags
        assert len(listing.vouched) == 400
        assert listing.proves_absence
        assert listing.cursor == first.cursor


def test_a_move_and_a_new_tag_are_seen_with_the_time_of_their_push() -> None:
    with filled() as registry, GitLab(registry.settings()) as client:
        first = client.listing(REPOSITORY)
        moved = registry.push(REPOSITORY, "1.3", "another")
        new = registry.push(REPOSITORY, "2.0")
        listing = client.listing(REPOSITORY, past=remembered(first))
        by_tag = {o.tag: o for o in listing.observations}
        assert (by_tag["1.3"].digest, by_tag["2.0"].digest) == (moved, new)
        assert by_tag["2.0"].pushed_at == registry.published["2.0"]
        assert listing.requests == 1
        assert listing.proves_absence
        assert len(listing.tags) == 501


def test_more_moves_than_a_page_holds_are_all_read() -> None:
    with filled() as registry, GitLab(registry.settings()) as client:
        first = client.listing(REPOSITORY)
        for number in range(150):
            registry.push(REPOSITORY, f"1.{number}", f"again {number}")
        listing = client.listing(REPOSITORY, past=remembered(first))
        assert digests(listing).items() <= registry.repositories[REPOSITORY].items()
        assert listing.requests == 2
        assert listing.tags == first.tags


def test_a_count_that_went_down_makes_it_read_all_and_ask_the_registry() -> None:
    with filled() as registry, GitLab(registry.settings()) as client:
        first = client.listing(REPOSITORY)
        registry.delete(REPOSITORY, "1.7")
        listing = client.listing(REPOSITORY, past=remembered(first))
        assert "1.7" not in listing.tags
        assert listing.proves_absence
        assert listing.requests == 5 + 1
        assert len(registry.asked("/tags/list")) == 1


def test_a_deletion_behind_a_new_tag_is_seen_too() -> None:
    with filled() as registry, GitLab(registry.settings()) as client:
        first = client.listing(REPOSITORY)
        registry.delete(REPOSITORY, "1.7")
        registry.push(REPOSITORY, "2.0")
        listing = client.listing(REPOSITORY, past=remembered(first))
        assert listing.tags == set(registry.repositories[REPOSITORY])


def test_an_old_tag_that_is_not_as_it_was_makes_it_read_all() -> None:
    with filled() as registry, GitLab(registry.settings()) as client:
        first = client.listing(REPOSITORY)
        registry.repositories[REPOSITORY]["1.450"] = registry.repositories[REPOSITORY]["1.1"]
        listing = client.listing(REPOSITORY, past=remembered(first))
        assert digests(listing) == registry.repositories[REPOSITORY]


def test_a_tag_that_is_pushed_while_the_pages_are_read_is_not_lost() -> None:
    with filled() as registry, GitLab(registry.settings()) as client:

        def push(_exchange: Exchange) -> bool:
            registry.push(REPOSITORY, "1.0", "again")  # the oldest goes up to the first page
            return False

        registry.fault(push, path=GRAPHQL, skip=4, times=1)
        assert digests(client.listing(REPOSITORY)) == registry.repositories[REPOSITORY]
        assert len(registry.asked("/tags/list")) == len(registry.asked("/manifests/")) == 1


def test_another_repository_under_the_known_id_is_not_taken_for_ours() -> None:
    with filled(3) as registry, GitLab(registry.settings()) as client:
        first = client.listing(REPOSITORY)
        past = Past(first.cursor.replace("ContainerRepository/1", "ContainerRepository/0"), dict)
        listing = client.listing(REPOSITORY, past=past)
        assert digests(listing) == registry.repositories[REPOSITORY]
        assert len(registry.asked("/manifests/")) == 3


def test_a_tag_without_a_digest_is_looked_up_by_itself() -> None:
    with filled(3) as registry, GitLab(registry.settings()) as client:
        registry.repositories[REPOSITORY]["1.1"] = "sha256:short"
        listing = client.listing(REPOSITORY)
        assert len(registry.asked("/manifests/1.1", "HEAD")) == 1
        assert listing.tags == {"1.0", "1.1", "1.2"}


def answering(**fields: Any) -> Any:
    """A page of tags in which this stands instead."""
    page = {"nodes": [], "pageInfo": {"hasNextPage": False}}
    found = {"path": REPOSITORY, "tagsCount": 3, "tags": page, **fields}
    return lambda exchange: exchange.answer(Answer(body=json.dumps({"data": {"containerRepository": found}}).encode()))


NODE = {"name": "1.0", "digest": "sha256:" + "1" * 64, "publishedAt": "2026-05-15T08:00:00Z"}


@pytest.mark.parametrize(
    "fault",
    [
        *REFUSALS,
        answering(tags=None),
        answering(tags=[]),
        answering(tags={"nodes": None}),
        answering(tags={"nodes": [7]}),
        answering(tags={"nodes": [{**NODE, "publishedAt": None}]}),
        answering(tags={"nodes": [NODE], "pageInfo": {"hasNextPage": True, "endCursor": None}}),
        answering(tags={"nodes": [NODE], "pageInfo": {"hasNextPage": True, "endCursor": "same"}}),
        answering(path="group/other"),
        lambda exchange: exchange.answer(Answer(body=b'{"errors":[{"message":"x"}],"data":null}')),
        lambda exchange: exchange.answer(Answer(body=b'{"data":{"containerRepository":null}}')),
        lambda exchange: exchange.answer(Answer(body=b'{"data":{"containerRepository":7}}')),
    ],
)
def test_a_refused_empty_or_unreadable_answer_leads_to_the_plain_way(fault: Any) -> None:
    with filled(3) as registry, GitLab(registry.settings()) as client:
        registry.fault(fault, path=GRAPHQL, skip=2)
        listing = client.listing(REPOSITORY)
        assert digests(listing) == registry.repositories[REPOSITORY]
        assert len(registry.asked("/tags/list")) == 1


def test_names_that_are_none_are_counted_and_left_out() -> None:
    nodes = [NODE, {**NODE, "name": "a b"}, {**NODE, "name": None}, {**NODE, "name": ["x"]}]
    with filled(1) as registry, GitLab(registry.settings()) as client:
        registry.fault(answering(tags={"nodes": nodes}), path=GRAPHQL, skip=2)
        listing = client.listing(REPOSITORY)
        assert (listing.tags, listing.refused_names) == ({"1.0"}, 3)


@pytest.mark.parametrize("cursor", ["", "x", "[]", "[1, 2]", "{}", '["gid://gitlab/ContainerRepository/9", "later"]'])
def test_a_cursor_that_cannot_be_read_means_to_read_all(cursor: str) -> None:
    with filled(3) as registry, GitLab(registry.settings()) as client:
        assert digests(client.listing(REPOSITORY, past=Past(cursor, dict))) == registry.repositories[REPOSITORY]


def test_too_many_requests_end_the_listing() -> None:
    with filled(3) as registry, GitLab(registry.settings()) as client:
        registry.fault(too_many_requests("7"), path=GRAPHQL)
        listing = client.listing(REPOSITORY)
        assert isinstance(listing.error, RateLimited)
        assert len(registry.requests) == 1


def test_a_token_for_the_api_goes_before_the_password() -> None:
    with filled(3) as registry, GitLab(registry.settings(secret="deploy", api_token="glpat")) as client:
        assert client.listing(REPOSITORY).requests == 3


def test_repositories_are_found_below_a_group_or_a_project() -> None:
    with filled(1) as registry, GitLab(registry.settings()) as client:
        assert client.catalog(["group/*"]).names == ("group/sub/project", REPOSITORY)
        assert client.catalog(["group/sub/project/*"]).names == ("group/sub/project", REPOSITORY)


def test_what_is_no_group_or_project_is_told_and_the_others_are_listed() -> None:
    with filled(1) as registry, GitLab(registry.settings()) as client:
        catalog = client.catalog(["nobody/*", "group/*"])
        assert catalog.names == ("group/sub/project", REPOSITORY)
        assert not catalog.complete
        assert "nobody" in str(catalog.error)


def test_without_a_group_it_says_what_to_write() -> None:
    with filled(1) as registry, GitLab(registry.settings()) as client:
        catalog = client.catalog(["*"])
        assert isinstance(catalog.error, Misconfigured)
        assert "mygroup/*" in str(catalog.error)
        assert registry.requests == []


def test_where_there_is_no_gitlab_it_says_what_to_set() -> None:
    with FakeRegistry() as registry, GitLab(registry.settings()) as client:
        assert "address of GitLab's API" in str(client.catalog(["group/*"]).error)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"address": "registry.gitlab.com"}, "https://gitlab.com"),
        ({"address": "registry.gitlab.com", "api_address": "https://proxy.example.com"}, "https://proxy.example.com"),
        ({"address": "registry.example.com"}, "https://registry.example.com"),
    ],
)
def test_the_api_is_at_gitlab_com_for_its_registry_and_nowhere_else(settings: dict[str, Any], expected: str) -> None:
    assert GitLab.api_address(Settings(**settings)) == expected


@pytest.mark.parametrize(
    ("realm", "service", "expected"),
    [
        ("https://gitlab.example.com/jwt/auth", "container_registry", True),
        ("https://git.example.com/v2/token", "container_registry", False),
        ("https://gitlab.example.com/jwt/auth", "other", False),
    ],
)
def test_it_is_known_by_where_it_sends_for_tokens(realm: str, service: str, expected: bool) -> None:
    challenge = Challenge("bearer", {"realm": realm, "service": service})
    assert GitLab.is_seen_in(Glance(401, {}, challenge, b"")) is expected


def test_pages_that_take_too_long_lead_to_the_plain_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitlab, "MOST_SECONDS", -1)
    with filled(3) as registry, GitLab(registry.settings()) as client:
        assert client.listing(REPOSITORY).complete
        assert not registry.asked(GRAPHQL)
        assert isinstance(client.catalog(["group/*"]).error, TooLarge)
