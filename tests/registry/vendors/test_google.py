"""Google's lists, as its registries send them (registries.md 4.2): `child`, and the map of manifests."""

import json
from urllib.parse import urlsplit

import pytest

from tags.registry import BadAnswer, Forbidden, TooLarge
from tags.registry.vendors import google
from tags.registry.vendors.google import Google
from tests.fakeregistry import Answer, FakeRegistry, Recorded
from tests.faults import status, web_page


class FakeGoogle(FakeRegistry):
    def answer(self, request: Recorded) -> Answer:
        path = urlsplit(request.path).path
        if not path.endswith("/tags/list"):
            return super().answer(request)
        here = path.removeprefix("/v2/").removesuffix("/tags/list")
        below = {name.removeprefix(f"{here}/") for name in self.repositories if name.startswith(f"{here}/")}
        tags = self.repositories.get(here, {})
        if not below and not tags:
            return super().answer(request)
        manifests: dict[str, dict[str, object]] = {}
        for tag, digest in tags.items():
            entry = manifests.setdefault(digest, {"timeUploadedMs": "1618865456521", "timeCreatedMs": "0", "tag": []})
            entry["tag"] = [*entry["tag"], tag]  # type: ignore[misc]
        page = {"child": sorted({name.partition("/")[0] for name in below}), "manifest": manifests, "tags": list(tags)}
        return Answer(body=json.dumps(page).encode())


def filled() -> FakeGoogle:
    registry = FakeGoogle()
    for name in ("proj/shop/app", "proj/shop", "proj/tools/deep/ci", "other/app"):
        registry.push(name, "latest")
    return registry


def test_repositories_are_found_below_the_place_a_pattern_names() -> None:
    with filled() as registry, Google(registry.settings()) as client:
        catalog = client.catalog(["proj/*"])
        assert catalog.names == ("proj/shop", "proj/shop/app", "proj/tools/deep/ci")
        assert catalog.complete
        assert not registry.asked("/v2/other")


def test_places_that_no_pattern_could_match_are_left_out() -> None:
    with filled() as registry, Google(registry.settings()) as client:
        assert client.catalog(["proj/sh*"]).names == ("proj/shop", "proj/shop/app")
        assert not registry.asked("tools")


def test_without_a_place_to_begin_at_the_catalog_is_asked() -> None:
    with filled() as registry, Google(registry.settings()) as client:
        assert client.catalog(["*"]).names == tuple(sorted(registry.repositories))


def test_a_place_that_is_not_there_has_no_repositories() -> None:
    with filled() as registry, Google(registry.settings()) as client:
        assert client.catalog(["nobody/*", "other/*"]).names == ("other/app",)


def test_a_refused_list_leaves_what_was_found_and_says_so() -> None:
    with filled() as registry, Google(registry.settings()) as client:
        registry.fault(status(403), path="/v2/proj/tools/")
        catalog = client.catalog(["proj/*"])
        assert (catalog.names, catalog.complete) == (("proj/shop",), False)
        assert isinstance(catalog.error, Forbidden)


def test_a_web_page_is_no_list() -> None:
    with filled() as registry, Google(registry.settings()) as client:
        registry.fault(web_page())
        assert isinstance(client.catalog(["proj/*"]).error, BadAnswer)


def test_children_that_are_no_names_are_left_out() -> None:
    with FakeRegistry() as registry, Google(registry.settings()) as client:
        page = {"child": [7, None, "../../x", "A b", "app"], "manifest": {}, "tags": []}
        registry.fault(lambda exchange: exchange.answer(Answer(body=json.dumps(page).encode())), path="/v2/proj/tags")
        registry.push("proj/app", "latest")
        assert client.catalog(["proj/*"]).names == ("proj/app",)
        assert [r.path for r in registry.requests] == ["/v2/proj/tags/list", "/v2/proj/app/tags/list"]


def test_a_tree_without_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google, "_MOST_LISTS", 3)
    endless = Answer(body=json.dumps({"child": ["a"], "tags": ["latest"]}).encode())
    with FakeRegistry() as registry, Google(registry.settings()) as client:
        registry.fault(lambda exchange: exchange.answer(endless))
        catalog = client.catalog(["proj/*"])
        assert isinstance(catalog.error, TooLarge)
        assert len(registry.requests) == 3


def test_one_request_tells_five_hundred_digests() -> None:
    with FakeGoogle() as registry, Google(registry.settings()) as client:
        for number in range(500):
            registry.push("proj/app", f"1.{number}")
        listing = client.listing("proj/app")
        assert {o.tag: o.digest for o in listing.observations} == registry.repositories["proj/app"]
        assert listing.requests == len(registry.requests) == 1
        assert listing.proves_absence
