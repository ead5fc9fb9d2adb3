import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tags.registry import BadAnswer, Client, CredentialsRefused, Description, RateLimited, RepositoryMissing
from tags.registry.manifest import DOCKER_MANIFEST, MANIFEST_LIST, SCHEMA1, SIGNED_SCHEMA1
from tests.fakeregistry import FakeRegistry, Manifest, neighbours
from tests.faults import gzip_bomb, redirect, status, too_many_requests, web_page
from tests.images import CONFIG, attestation, blob, image, index, manifest, on

CREATED = datetime(2026, 5, 4, 8, 0, 0, 123456, UTC)


@pytest.fixture
def client(fake_registry: FakeRegistry) -> Iterator[Client]:
    with Client(fake_registry.settings()) as client:
        yield client


def described(registry: FakeRegistry, descriptor: dict[str, Any]) -> Description:
    with Client(registry.settings()) as client:
        return client.describe("shop/app", descriptor["digest"])


def test_an_image_is_told_by_its_manifest_and_config(fake_registry: FakeRegistry) -> None:
    labels = {"org.opencontainers.image.revision": "abc123", "maintainer": "ann"}
    pushed = image(fake_registry, platform="linux/arm64/v8", labels=labels, annotations={"team": "shop"})
    told = described(fake_registry, pushed)
    config = next(iter(fake_registry.blobs.values()))
    assert told.platforms == ("linux/arm64/v8",)
    assert told.size == 1000 + 200 + len(config)
    assert told.created == CREATED
    assert told.labels == {**labels, "team": "shop"}
    assert [request.method for request in fake_registry.requests] == ["GET", "GET"]


def test_an_index_is_told_by_itself_and_one_of_its_images(fake_registry: FakeRegistry) -> None:
    arm = image(fake_registry, "arm", platform="linux/arm64", layers=(7000,))
    amd = image(fake_registry, "amd", labels={"version": "2.1"}, layers=(5000,))
    pushed = index(
        fake_registry,
        on("linux/arm64", arm),
        on("linux/amd64", amd),
        attestation(fake_registry, amd),
        media_type=MANIFEST_LIST,
        annotations={"org.opencontainers.image.source": "https://git.example.com/shop"},
    )
    told = described(fake_registry, pushed)
    assert told.media_type == MANIFEST_LIST
    assert told.platforms == ("linux/arm64", "linux/amd64")
    assert told.size is not None
    assert 5000 < told.size < 7000
    assert told.labels == {"version": "2.1", "org.opencontainers.image.source": "https://git.example.com/shop"}
    assert told.created == CREATED
    assert len(fake_registry.requests) == 3


def test_other_attestations_do_not_make_other_content_but_another_image_does(fake_registry: FakeRegistry) -> None:
    amd, arm = image(fake_registry, "a"), image(fake_registry, "b", platform="linux/arm64")
    entries = on("linux/amd64", amd), on("linux/arm64", arm)
    first = described(fake_registry, index(fake_registry, *entries, attestation(fake_registry, amd, "1")))
    again = described(fake_registry, index(fake_registry, *reversed(entries), attestation(fake_registry, amd, "2")))
    fewer = described(fake_registry, index(fake_registry, entries[0]))
    assert first.content == again.content != fewer.content
    assert first.content.startswith("sha256:")


def test_an_index_of_one_image_has_the_content_of_that_image(fake_registry: FakeRegistry) -> None:
    alone = image(fake_registry)
    wrapped = index(fake_registry, on("linux/amd64", alone), attestation(fake_registry, alone))
    assert described(fake_registry, wrapped).content == described(fake_registry, alone).content


def test_an_index_of_nothing_has_no_content(fake_registry: FakeRegistry) -> None:
    only_about_others = index(fake_registry, attestation(fake_registry, image(fake_registry)))
    assert described(fake_registry, only_about_others).content == ""
    assert described(fake_registry, index(fake_registry)).content == ""


def test_an_index_within_an_index_is_followed_but_not_for_ever(fake_registry: FakeRegistry) -> None:
    pushed = index(fake_registry, image(fake_registry))
    assert described(fake_registry, index(fake_registry, pushed)).platforms == ("linux/amd64",)
    for _ in range(10):
        pushed = index(fake_registry, pushed)
    fake_registry.requests.clear()
    assert described(fake_registry, pushed).platforms == ()
    assert len(fake_registry.requests) == 4


@pytest.mark.parametrize("fault", [status(404), status(403), web_page(), status(200, {}, b"{}"), gzip_bomb(8)])
@pytest.mark.parametrize("path", ["/blobs/", "/manifests/{arm}"])
def test_what_is_missing_or_broken_below_is_left_out(fake_registry: FakeRegistry, path: str, fault: Any) -> None:
    arm = image(fake_registry, platform="linux/arm64")
    pushed = index(fake_registry, on("linux/arm64", arm), annotations={"version": "2.1"})
    whole = described(fake_registry, pushed)
    fake_registry.fault(fault, path=path.format(arm=arm["digest"]))
    told = described(fake_registry, pushed)
    assert (told.platforms, told.labels) == (("linux/arm64",), {"version": "2.1"})
    assert told.content == whole.content
    assert told.created is None


@pytest.mark.parametrize("path", ["/manifests/", "/blobs/"])
def test_a_registry_that_wants_no_more_is_asked_again_later(fake_registry: FakeRegistry, path: str) -> None:
    pushed = image(fake_registry)
    fake_registry.fault(too_many_requests("7"), path=path)
    with pytest.raises(RateLimited) as caught:
        described(fake_registry, pushed)
    assert caught.value.retry_after == 7


def test_what_cannot_be_had_or_believed_at_all_is_an_error(fake_registry: FakeRegistry, client: Client) -> None:
    pushed = image(fake_registry)
    with pytest.raises(RepositoryMissing):
        client.describe("shop/app", f"sha256:{'0' * 64}")
    fake_registry.fault(status(200, {}, b'{"schemaVersion": 2, "layers": []}'))
    with pytest.raises(BadAnswer, match="does not have the digest"):
        client.describe("shop/app", pushed["digest"])


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[1]",
        b"[" * 100_000,
        b'{"schemaVersion":2,"layers":[' + b'{"":0},' * 500_000 + b"0]}",
        b'{"schemaVersion":2,"manifests":[],"layers":[]}',
    ],
    ids=["page", "list", "deep", "many", "both"],
)
def test_bodies_made_to_do_harm_are_an_error(fake_registry: FakeRegistry, client: Client, body: bytes) -> None:
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    fake_registry.fault(status(200, {"Content-Type": "application/json"}, body))
    with pytest.raises(BadAnswer):
        client.describe("shop/app", digest)


def test_a_digest_in_another_algorithm_is_held_to_that(fake_registry: FakeRegistry, client: Client) -> None:
    body = b'{"schemaVersion":2,"layers":[]}'
    digest = f"sha512:{hashlib.sha512(body).hexdigest()}"
    fake_registry.fault(status(200, {}, body))
    assert client.describe("shop/app", digest).size is None  # there is no config to know the size of
    with pytest.raises(BadAnswer):
        client.describe("shop/app", f"sha512:{'0' * 128}")


def test_a_config_may_lie_on_another_host_which_gets_no_credentials() -> None:
    with FakeRegistry(auth="basic", username="ann", password="secret") as here, FakeRegistry() as store:
        pushed = image(here, labels={"a": "b"})
        store.blobs = here.blobs
        path = f"/v2/store/blobs/{next(iter(here.blobs))}"
        here.fault(redirect(f"{store.url}{path}?signature=1"), path="/blobs/")
        settings = here.settings(approved_realms=neighbours(store.url))
        with Client(settings) as client:
            assert client.describe("shop/app", pushed["digest"]).labels == {"a": "b"}
        assert [request.headers.get("Authorization") for request in store.requests] == [None]


def test_credentials_that_are_refused_are_an_error(fake_registry: FakeRegistry, client: Client) -> None:
    pushed = image(fake_registry)
    fake_registry.fault(status(401), path="/blobs/")
    with pytest.raises(CredentialsRefused):
        client.describe("shop/app", pushed["digest"])


def test_what_is_no_image_has_no_platform_and_its_config_is_not_read(fake_registry: FakeRegistry) -> None:
    config = blob(fake_registry, b'{"os":"linux","architecture":"amd64"}', "application/vnd.cncf.helm.config.v1+json")
    annotations = {"org.opencontainers.image.created": "2026-05-04T08:00:00Z"}
    chart = manifest(fake_registry, {"config": config, "layers": [], "annotations": annotations})
    told = described(fake_registry, chart)
    assert (told.platforms, told.labels) == ((), annotations)
    assert told.created == CREATED.replace(microsecond=0)
    assert len(fake_registry.requests) == 1


def test_docker_s_own_format_is_read_as_well(fake_registry: FakeRegistry) -> None:
    config = b'{"os":"windows","architecture":"amd64","created":"2026-05-04T08:00:00Z"}'
    descriptor = blob(fake_registry, config, "application/vnd.docker.container.image.v1+json")
    told = described(fake_registry, manifest(fake_registry, {"config": descriptor, "layers": []}, DOCKER_MANIFEST))
    assert (told.media_type, told.platforms, told.size) == (DOCKER_MANIFEST, ("windows/amd64",), len(config))


def test_a_signed_manifest_is_read_from_what_its_digest_covers(fake_registry: FakeRegistry, client: Client) -> None:
    config = {"os": "linux", "architecture": "arm", "created": "2026-05-04T08:00:00Z", "config": {"Labels": {"a": "b"}}}
    history = [{"v1Compatibility": json.dumps(config)}]
    payload = json.dumps({"schemaVersion": 1, "name": "old", "history": history}, indent=3).encode()
    head, tail = payload[:-2], payload[-2:]
    protected = {"formatLength": len(head), "formatTail": urlsafe_b64encode(tail).decode().rstrip("=")}
    signature = {"protected": urlsafe_b64encode(json.dumps(protected).encode()).decode().rstrip("=")}
    forged = b',"history":[{"v1Compatibility":"{\\"os\\":\\"evil\\",\\"architecture\\":\\"x\\"}"}]'
    body = head + forged + b',"signatures":' + json.dumps([signature]).encode() + tail
    fake_registry.fault(status(200, {"Content-Type": SIGNED_SCHEMA1}, body))
    told = client.describe("old", Manifest(SCHEMA1, payload).digest)
    assert (told.media_type, told.platforms, told.labels, told.size) == (SCHEMA1, ("linux/arm",), {"a": "b"}, None)
    assert told.content


@pytest.mark.parametrize("labels", [None, [], "x", {"a": 1, "b": None, "c": ["d"]}])
def test_labels_that_are_none_are_left_out(fake_registry: FakeRegistry, labels: object) -> None:
    assert described(fake_registry, image(fake_registry, labels=labels)).labels == {}


def test_labels_fit_into_every_database(fake_registry: FakeRegistry) -> None:
    labels = {"nul\x00": "a\x00b", "half": "\ud83d!", "whole": "\U0001f600"}
    told = described(fake_registry, image(fake_registry, labels=labels))
    assert told.labels == {"nul\ufffd": "a\ufffdb", "half": "\ufffd!", "whole": "\U0001f600"}


def test_labels_are_bounded_and_the_standard_ones_kept(fake_registry: FakeRegistry) -> None:
    labels = {f"label{number}": "x" * 5000 for number in range(500)}
    labels["org.opencontainers.image.version"] = "2.1"
    told = described(fake_registry, image(fake_registry, labels=labels))
    assert len(told.labels) == 100
    assert {len(text) for text in told.labels.values()} == {3, 1000}
    assert told.labels["org.opencontainers.image.version"] == "2.1"


@pytest.mark.parametrize("created", [None, 7, "yesterday", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_not_known(fake_registry: FakeRegistry, created: object) -> None:
    assert described(fake_registry, image(fake_registry, created=created)).created is None


@pytest.mark.parametrize("size", [-1, 2**63, "7", True, None, 1.5])
def test_a_size_that_is_none_is_not_known(fake_registry: FakeRegistry, size: object) -> None:
    assert described(fake_registry, image(fake_registry, layers=(1000, size))).size is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "config", [{}, {"os": "linux"}, {"os": 1, "architecture": 2}, {"os": "<b>", "architecture": "amd64"}, {"os": None}]
)
def test_a_platform_that_is_none_is_not_told(fake_registry: FakeRegistry, config: dict[str, Any]) -> None:
    descriptor = blob(fake_registry, json.dumps(config).encode(), CONFIG)
    assert described(fake_registry, manifest(fake_registry, {"config": descriptor, "layers": []})).platforms == ()


@pytest.mark.parametrize("entries", [None, "x", [1], [{}], [{"digest": "sha256:x"}], [{"digest": 7}]])
def test_an_index_with_entries_that_are_none_is_read_without_them(fake_registry: FakeRegistry, entries: object) -> None:
    told = described(fake_registry, index(fake_registry, manifests=entries))
    assert (told.platforms, told.content) == ((), "")
