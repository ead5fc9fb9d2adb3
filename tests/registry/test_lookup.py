import hashlib
from typing import Any

import pytest

from tags.registry import BadAnswer, Client, Forbidden, RegistryError, ServerError
from tags.registry.manifest import INDEX
from tests.fakeregistry import FakeRegistry, Manifest
from tests.faults import status, web_page, without_header
from tests.registry.cases import ScriptedRegistry, acceptable, cases

MANIFESTS = "/v2/app/manifests/x"
KNOWN = {"digest", "media_type", "missing", "error"}
LIST = {"path": "/v2/app/tags/list", "status": 200, "headers": {}, "body": {"tags": ["x"]}}


@cases("digests")
def test_finds_the_digest_as_real_registries_give_it(case: dict[str, Any]) -> None:
    with ScriptedRegistry([LIST, *case["routes"]], MANIFESTS) as registry, Client(registry.settings()) as client:
        listing = client.listing("app")
        asked = registry.asked("manifests")
    observation = next(iter(listing.observations), None)
    found: dict[str, Any] = {}
    if observation is None:
        found["error"] = isinstance(listing.failures["x"], RegistryError)
    elif observation.digest is None:
        found["missing"] = True
    else:
        found = {"digest": observation.digest, "media_type": observation.media_type}
    assert any(found.items() >= {k: expect[k] for k in expect if k in KNOWN}.items() for expect in acceptable(case))
    assert len(asked) <= case["expect"].get("max_requests", 2)
    assert asked[0].method == "HEAD"
    assert listing.complete


@pytest.fixture
def registry(fake_registry: FakeRegistry) -> FakeRegistry:
    fake_registry.push("app", "1.0")
    fake_registry.push("app", "1.1")
    return fake_registry


def look(registry: FakeRegistry) -> Any:
    with Client(registry.settings(concurrency=1)) as client:
        return client.listing("app")


def test_all_kinds_are_asked_for_in_one_header(registry: FakeRegistry) -> None:
    look(registry)
    (accept, _) = (r.headers.get_all("Accept") for r in registry.asked("manifests"))  # type: ignore[attr-defined]
    assert len(accept) == 1
    assert accept[0].startswith(INDEX)


@pytest.mark.parametrize("code", [404, 405, 501])
def test_a_registry_without_head_is_asked_by_get_after_three_tags(registry: FakeRegistry, code: int) -> None:
    for tag in ("1.2", "1.3", "1.4"):
        registry.push("app", tag)
    registry.fault(status(code), method="HEAD")
    listing = look(registry)
    assert {o.tag: o.digest for o in listing.observations} == registry.repositories["app"]
    assert [r.method for r in registry.asked("manifests")] == ["HEAD", "GET"] * 3 + ["GET", "GET"]


def test_a_head_that_works_clears_those_that_did_not(registry: FakeRegistry) -> None:
    for tag in ("1.2", "1.3", "1.4", "1.5"):
        registry.push("app", tag)
    registry.fault(status(404), method="HEAD", path=r"1\.[0134]")
    look(registry)
    assert [r.method for r in registry.asked("manifests")] == [
        *["HEAD", "GET"] * 2,
        "HEAD",
        *["HEAD", "GET"] * 2,
        "HEAD",
    ]


def test_one_tag_never_turns_head_off(registry: FakeRegistry) -> None:
    registry.fault(status(404), method="HEAD", path="1.0")
    with Client(registry.settings()) as client:
        for _ in range(4):
            client.listing("app", lambda tags, span: {"1.0"})
    assert len(registry.asked("manifests", "HEAD")) == 4


def test_a_missing_image_says_nothing_about_head(registry: FakeRegistry) -> None:
    registry.forget_manifest(registry.repositories["app"]["1.0"])
    listing = look(registry)
    assert {o.tag: o.digest for o in listing.observations} == {"1.0": None, "1.1": registry.repositories["app"]["1.1"]}
    assert [r.method for r in registry.asked("manifests")] == ["HEAD", "GET", "HEAD"]
    assert listing.error is None


def test_a_missing_digest_header_costs_a_get(registry: FakeRegistry) -> None:
    registry.fault(without_header("Docker-Content-Digest"))
    assert {o.tag: o.digest for o in look(registry).observations} == registry.repositories["app"]


def test_a_digest_that_is_not_the_body_s_is_not_recorded(registry: FakeRegistry) -> None:
    lie = {"Docker-Content-Digest": "sha256:" + "0" * 64, "Content-Type": "application/json"}
    registry.fault(status(404), method="HEAD")
    registry.fault(status(200, lie, Manifest.with_content("x").body), path="manifests")
    listing = look(registry)
    assert listing.observations == ()
    assert all(isinstance(error, BadAnswer) for error in listing.failures.values())


def test_a_manifest_cut_in_the_middle_has_no_digest(registry: FakeRegistry) -> None:
    registry.fault(status(405), method="HEAD")
    registry.fault(status(200, {}, Manifest.with_content("x").body[:-5]), path="manifests")
    assert set(look(registry).failures) == {"1.0", "1.1"}


def test_a_sha512_digest_is_checked_as_one(registry: FakeRegistry) -> None:
    manifest = Manifest.with_content("x")
    claimed = f"sha512:{hashlib.sha512(manifest.body).hexdigest()}"
    registry.fault(status(405), method="HEAD")
    registry.fault(status(200, {"Docker-Content-Digest": claimed}, manifest.body), path="manifests")
    assert {o.digest for o in look(registry).observations} == {claimed}


def test_one_bad_tag_does_not_cost_the_others(registry: FakeRegistry) -> None:
    registry.fault(status(403), path="manifests/1.0")
    listing = look(registry)
    assert [o.tag for o in listing.observations] == ["1.1"]
    assert isinstance(listing.failures["1.0"], Forbidden)
    assert listing.complete
    assert listing.error is listing.failures["1.0"]


@pytest.mark.parametrize("fault", [status(500), status(502)])
def test_a_server_error_is_not_followed_by_a_get(registry: FakeRegistry, fault: Any) -> None:
    registry.fault(fault, path="manifests/1.0")
    assert isinstance(look(registry).failures["1.0"], ServerError)
    assert [r.method for r in registry.asked("manifests/1.0")] == ["HEAD"]


def test_a_login_page_has_no_digest(registry: FakeRegistry) -> None:
    registry.fault(web_page(), path="manifests")
    assert set(look(registry).failures) == {"1.0", "1.1"}
