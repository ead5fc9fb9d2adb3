import json
import re
from base64 import b64encode
from typing import Any

import pytest

from tags.registry import Catalog, Listing, Past
from tags.registry.glance import Glance
from tags.registry.vendors.artifactory import Artifactory
from tests.fakeregistry import JSON, Answer, FakeRegistry, Recorded
from tests.faults import status, web_page
from tests.registry.vendors.polls import REFUSALS, digests, remembered

AQL = "/artifactory/api/search/aql"
KEYS = "/artifactory/api/repositories?packageType=docker"
REPOSITORY = "docker-local/shop/app"
CRITERIA = re.compile(r'items\.find\((.+)\)\.include\("repo","path","name","sha256"\)')


class FakeArtifactory(FakeRegistry):
    """Repositories are `key/image`, unless `stored` says where they are; `files` are added to what is found in them."""

    token = ""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.stored: dict[str, dict[str, str]] | None = None
        self.files: list[object] = []
        self.range: dict[str, object] = {}

    def answer(self, request: Recorded) -> Answer:
        if request.path == KEYS:
            keys = sorted({name.partition("/")[0] for name in self.repositories})
            return Answer(
                200, {"Content-Type": JSON}, json.dumps([{"key": key, "type": "LOCAL"} for key in keys]).encode()
            )
        if match := re.match(r"/artifactory/api/docker/([^/]+)/v2/_catalog", request.path):
            names = [name.partition("/") for name in sorted(self.repositories)]
            return self._list(request, "repositories", [image for key, _, image in names if key == match[1]])
        if request.path != AQL:
            return super().answer(request)
        allowed = request.headers.get("Authorization") == f"Bearer {self.token}"
        refusal = None if self.token and allowed else self._refusal(request, "")
        return refusal or self._found(json.loads(CRITERIA.fullmatch(request.body.decode())[1]))

    def _found(self, criteria: dict[str, Any]) -> Answer:
        assert criteria["name"] == {"$match": "*manifest.json"}
        found = list(self.files)
        for place in criteria.get("$or", [criteria]):
            image = place["path"]["$match"].removesuffix("/*")
            for name, held in (self.stored or self.repositories).items():
                key, _, path = name.partition("/")
                if key == place["repo"] and f"{path}/".startswith(f"{image}/"):
                    found += [file(f"{path}/{tag}", digest, key) for tag, digest in held.items()]
        body = {"results": found, "range": {"start_pos": 0, "end_pos": len(found), "total": len(found), **self.range}}
        return Answer(200, {"Content-Type": JSON}, json.dumps(body).encode())


def file(path: str, digest: str, key: str = "docker-local", name: str = "manifest.json") -> dict[str, object]:
    return {"repo": key, "path": path, "name": name, "sha256": digest.removeprefix("sha256:")}


@pytest.fixture
def artifactory():
    with FakeArtifactory() as artifactory:
        for number in range(8):
            artifactory.push(REPOSITORY, f"1.{number}")
        yield artifactory


def look(
    artifactory: FakeArtifactory, seen: Past | None = None, repository: str = REPOSITORY, **options: Any
) -> Listing:
    host, resolve = options.pop("address", artifactory.address), options.pop("resolve", None)
    settings = artifactory.settings(address=host, **options)
    with Artifactory(settings, **({"resolve": resolve} if resolve else {})) as client:
        return client.listing(repository, past=seen)


def test_five_hundred_tags_cost_one_request_once_the_search_has_proved_right(artifactory):
    for number in range(500):
        artifactory.push(REPOSITORY, f"1.{number}")
    first = look(artifactory)
    second = look(artifactory, remembered(first))
    assert len(second.tags) == 500
    assert digests(first) == digests(second) == artifactory.repositories[REPOSITORY]
    assert (first.requests, second.requests) == (3, 1)
    assert second.proves_absence


def test_a_move_a_new_tag_and_a_deletion_are_seen(artifactory):
    first = look(artifactory)
    moved, new = artifactory.move(REPOSITORY, "1.0", "1.1"), artifactory.push(REPOSITORY, "2.0")
    artifactory.delete(REPOSITORY, "1.2")
    second = look(artifactory, remembered(first))
    assert digests(second)["1.0"] == moved
    assert digests(second)["2.0"] == new
    assert "1.2" not in second.tags
    assert second.proves_absence


@pytest.mark.parametrize("names", [("list.manifest.json", "manifest.json"), ("manifest.json", "list.manifest.json")])
def test_the_digest_of_a_tag_with_an_index_is_that_of_the_index(artifactory, names):
    artifactory.stored = {REPOSITORY: dict(artifactory.repositories[REPOSITORY])}
    index, one_platform = artifactory.push(REPOSITORY, "2.0"), artifactory.repositories[REPOSITORY]["1.0"]
    digest_of = {"list.manifest.json": index, "manifest.json": one_platform}
    artifactory.files = [file("shop/app/2.0", digest_of[name], name=name) for name in names]
    assert digests(look(artifactory))["2.0"] == index
    assert len(artifactory.asked("/manifests/")) == 1  # the one that is compared


def test_a_tag_that_a_virtual_repository_has_from_two_others_is_looked_up(artifactory):
    held = artifactory.repositories[REPOSITORY]
    artifactory.stored = {REPOSITORY: {tag: digest for tag, digest in held.items() if tag not in ("1.0", "1.1")}}
    artifactory.files = [
        file("shop/app/1.0", held["1.3"], key="team-a-local"),
        file("shop/app/1.0", held["1.0"], key="team-b-local"),
        file("shop/app/1.1", held["1.1"], key="team-a-local"),
        file("shop/app/1.1", held["1.3"], key="team-b-local", name="list.manifest.json"),
    ]
    assert digests(look(artifactory)) == held


def test_what_is_no_tag_of_this_image_is_left_out(artifactory):
    digest = artifactory.push("docker-local/shop/app/deeper", "9.9")
    artifactory.files = [
        file(f"shop/app/{digest}", digest),
        file(f"shop/app/{digest.replace(':', '__')}", digest),
        file("shop/app/_uploads", digest),
        file("shop/app/3.0", digest, name="my-manifest.json"),
        file("shop/app", digest),
    ]
    assert digests(look(artifactory)) == artifactory.repositories[REPOSITORY]


def test_hostile_entries_cost_no_other_tag(artifactory):
    held = artifactory.repositories[REPOSITORY]
    artifactory.files = [
        {"path": "shop/app/1.0", "name": ["manifest.json"], "sha256": "0"},
        {"path": None, "name": "manifest.json", "sha256": "0"},
        {"name": "manifest.json"},
        {},
        file("shop/app/a b", held["1.0"]),
    ]
    listing = look(artifactory)
    assert digests(listing) == held
    assert listing.refused_names == 1


def test_a_tag_without_a_checksum_is_looked_up_by_itself(artifactory):
    """Artifactory before 5.5 has none."""
    held = artifactory.repositories[REPOSITORY]
    artifactory.files = [{**file(f"shop/app/{tag}", ""), "sha256": None} for tag in held]
    artifactory.fault(lambda exchange: exchange.answer(_only(artifactory.files)), path=AQL)
    assert digests(look(artifactory)) == held


def _only(files: list[object]) -> Answer:
    return Answer(200, {"Content-Type": JSON}, json.dumps({"results": files}).encode())


def test_a_repository_whose_key_is_the_first_label_of_the_host_is_found_too(artifactory):
    artifactory.stored = dict(artifactory.repositories)
    artifactory.repositories["shop/app"] = artifactory.repositories[REPOSITORY]
    address = f"docker-local.example.test:{artifactory.port}"
    listing = look(artifactory, repository="shop/app", address=address, resolve=artifactory.resolve)
    assert len(artifactory.asked(AQL)) == 1
    assert digests(listing) == artifactory.repositories["shop/app"]
    assert len(artifactory.asked("/manifests/")) == 1


def test_an_image_that_two_of_artifactorys_repositories_hold_is_read_the_plain_way(artifactory):
    artifactory.push("hub/docker-local/shop/app", "1.0", "another")
    listing = look(artifactory, address=f"hub.example.test:{artifactory.port}", resolve=artifactory.resolve)
    assert digests(listing) == artifactory.repositories[REPOSITORY]


def test_a_name_that_tells_no_repository_is_read_the_plain_way(artifactory):
    pushed = artifactory.push("app", "1.0")
    assert digests(look(artifactory, repository="app")) == {"1.0": pushed}
    assert artifactory.asked(AQL) == []


def test_results_that_were_trimmed_are_not_taken_for_all(artifactory):
    first = look(artifactory)
    artifactory.push(REPOSITORY, "2.0")
    artifactory.range = {"notification": "AQL query reached the search hard limit, results are trimmed."}
    assert digests(look(artifactory, remembered(first))) == artifactory.repositories[REPOSITORY]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"results":[]}', b'{"results":{}}', b'{"results":[null]}', b'{"results":null}', b"{" * 9],
)
def test_an_answer_without_tags_leads_to_the_plain_way_and_removes_nothing(artifactory, body):
    first = look(artifactory)
    artifactory.fault(status(200, {"Content-Type": JSON}, body), path=AQL)
    listing = look(artifactory, remembered(first))
    assert digests(listing) == digests(first)
    assert listing.complete


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refused_search_leads_to_the_plain_way(artifactory, fault):
    artifactory.fault(fault, path=AQL)
    assert digests(look(artifactory)) == artifactory.repositories[REPOSITORY]


def test_the_search_is_asked_with_the_registrys_own_credentials_at_once():
    with FakeArtifactory(auth="basic", username="ann", password="secret") as artifactory:
        pushed = artifactory.push(REPOSITORY, "1.0")
        assert digests(look(artifactory)) == {"1.0": pushed}
        [search] = artifactory.asked(AQL)
        assert search.headers["Authorization"] == f"Basic {b64encode(b'ann:secret').decode()}"
        assert search.headers["Content-Type"] == "text/plain"


def test_a_token_for_the_api_goes_before_the_password():
    with FakeArtifactory(auth="basic", username="ann", password="secret") as artifactory:
        artifactory.token = "api-token"
        pushed = artifactory.push(REPOSITORY, "1.0")
        assert digests(look(artifactory, api_token="api-token")) == {"1.0": pushed}
        assert artifactory.asked(AQL)[0].headers["Authorization"] == "Bearer api-token"
        assert all("api-token" not in str(r.headers) for r in artifactory.asked("/v2/"))


def test_it_is_seen_in_its_headers():
    def seen(headers: dict[str, str]) -> bool:
        return Artifactory.is_seen_in(Glance(404, headers, None, b""))

    assert seen({"X-JFrog-Version": "Artifactory/7.104.6 80406900"})
    assert seen({"x-artifactory-id": "aa0f2b"})
    assert not seen({"Server": "nginx"})


@pytest.mark.parametrize("address", ["acme.jfrog.io", "acme-docker-local.jfrog.io"])
def test_its_cloud_is_known_by_its_address(address):
    assert re.fullmatch(Artifactory.ADDRESSES, address)
    assert not re.fullmatch(Artifactory.ADDRESSES, f"{address}.evil.example")


def test_the_catalog_of_a_host_that_has_one_is_read_there(artifactory):
    with Artifactory(artifactory.settings()) as client:
        assert client.catalog() == Catalog((REPOSITORY,), True, None)
    assert artifactory.asked(KEYS.partition("?")[0]) == []


def test_elsewhere_the_catalogs_of_all_its_repositories_are_read(artifactory):
    artifactory.push("docker-local/shop/other", "1.0")
    artifactory.push("docker-remote/python", "3.12")
    artifactory.most_per_page = 1
    artifactory.fault(status(404), path="^/v2/_catalog")
    with Artifactory(artifactory.settings()) as client:
        names = (REPOSITORY, "docker-local/shop/other", "docker-remote/python")
        assert client.catalog() == Catalog(names, True, None)
        artifactory.fault(status(500), path="docker-remote/v2/_catalog")
        catalog = client.catalog()
        assert (catalog.names, catalog.complete) == (names[:2], False)


@pytest.mark.parametrize("fault", [status(429), status(403), web_page()])
def test_a_catalog_that_nobody_gives_is_not_complete(artifactory, fault):
    artifactory.fault(fault, path="_catalog|repositories")
    with Artifactory(artifactory.settings()) as client:
        assert not client.catalog().complete
