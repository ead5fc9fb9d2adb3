import json
from typing import Any

import pytest

from tags.registry import Listing, Past
from tags.registry.glance import Glance
from tags.registry.vendors.zot import Zot
from tests.fakeregistry import JSON, Answer, FakeRegistry, Recorded
from tests.faults import status
from tests.registry.vendors.polls import REFUSALS, digests, remembered

SEARCH = "/v2/_zot/ext/search"
DISCOVERY = {
    "extensions": [
        {
            "name": "_zot",
            "url": "https://github.com/project-zot/zot/blob/v2.1.0/pkg/extensions/_zot.md",
            "description": "zot registry extensions",
            "endpoints": [SEARCH, "/v2/_zot/ext/mgmt"],
        }
    ]
}


class FakeZot(FakeRegistry):
    """Its search finds `images` if a test has set them, else what it holds."""

    images: object = ...

    def answer(self, request: Recorded) -> Answer:
        if request.path != SEARCH:
            return super().answer(request)
        repository = json.loads(request.body)["query"].split('"')[1]
        refusal = self._refusal(request, f"repository:{repository}:pull")
        return refusal or Answer(200, {"Content-Type": JSON}, json.dumps(self._found(repository)).encode())

    def _found(self, repository: str) -> object:
        held = self.repositories.get(repository, {})
        images = [{"Tag": tag, "Digest": digest} for tag, digest in held.items()]
        return {"data": {"ExpandedRepoInfo": {"Images": images if self.images is ... else self.images}}}


@pytest.fixture
def zot():
    with FakeZot() as zot:
        for number in range(8):
            zot.push("shop/app", f"1.{number}")
        yield zot


def look(zot: FakeZot, seen: Past | None = None, **settings: Any) -> Listing:
    with Zot(zot.settings(**settings)) as client:
        return client.listing("shop/app", past=seen)


def test_five_hundred_tags_cost_one_request_once_the_search_has_proved_right(zot):
    for number in range(500):
        zot.push("shop/app", f"1.{number}")
    first = look(zot)
    second = look(zot, remembered(first))
    assert len(second.tags) == 500
    assert digests(first) == digests(second) == zot.repositories["shop/app"]
    assert (first.requests, second.requests) == (3, 1)
    assert second.complete
    assert second.proves_absence


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_it_is_asked_with_what_the_registry_wants_for_authorization(auth):
    with FakeZot(auth=auth, username="ann", password="secret") as zot:
        pushed = zot.push("shop/app", "1.0")
        assert digests(look(zot)) == {"1.0": pushed}
        assert len(zot.asked(SEARCH, "POST")) == 2  # the first of them without


def test_a_move_a_new_tag_and_a_deletion_are_seen(zot):
    first = look(zot)
    moved, new = zot.move("shop/app", "1.0", "1.1"), zot.push("shop/app", "2.0")
    zot.delete("shop/app", "1.2")
    second = look(zot, remembered(first))
    assert digests(second)["1.0"] == moved
    assert digests(second)["2.0"] == new
    assert "1.2" not in second.tags
    assert second.proves_absence
    assert second.requests == 2  # the registry's own list has the last word on what is gone


def test_what_it_calls_one_tag_with_two_digests_is_looked_up(zot):
    """zot before 2.0 lists a tag once for each platform."""
    held = zot.repositories["shop/app"]
    zot.repositories["shop/app"] = {"1.0": held["1.0"]}
    zot.images = [{"Tag": "1.0", "Digest": held["1.1"]}, {"Tag": "1.0", "Digest": held["1.2"]}]
    assert digests(look(zot)) == {"1.0": held["1.0"]}


def test_hostile_entries_cost_no_other_tag(zot):
    held = zot.repositories["shop/app"]
    zot.repositories["shop/app"] = {"1.0": held["1.0"], "1.1": held["1.1"], "1.2": held["1.2"]}
    zot.images = [
        {"Tag": "1.0", "Digest": held["1.0"]},
        {"Tag": "1.1", "Digest": ["no", "digest"]},
        {"Tag": "1.2", "Digest": held["1.2"].removeprefix("sha256:")},
        {"Tag": "a\nb", "Digest": held["1.0"]},
        {"Tag": None},
        {},
    ]
    listing = look(zot)
    assert digests(listing) == zot.repositories["shop/app"]
    assert listing.refused_names == 3


@pytest.mark.parametrize(
    "answer",
    [
        {"errors": [{"message": "no such repository", "path": ["ExpandedRepoInfo"]}], "data": None},
        {"errors": [{"message": "half"}], "data": {"ExpandedRepoInfo": {"Images": [{"Tag": "x", "Digest": "y"}]}}},
        {"data": None},
        {"data": {"ExpandedRepoInfo": None}},
        {"data": {"ExpandedRepoInfo": {"Images": None}}},
        {"data": {"ExpandedRepoInfo": {"Images": []}}},
        {"data": {"ExpandedRepoInfo": {"Images": "all of them"}}},
        {"data": {"ExpandedRepoInfo": {"Images": [None]}}},
        {"data": []},
        [],
        None,
    ],
)
def test_an_answer_without_tags_leads_to_the_plain_way_and_removes_nothing(zot, answer):
    first = look(zot)
    zot.fault(status(200, {"Content-Type": JSON}, json.dumps(answer).encode()), path=SEARCH)
    listing = look(zot, remembered(first))
    assert digests(listing) == digests(first)
    assert listing.complete


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refused_search_leads_to_the_plain_way(zot, fault):
    zot.fault(fault, path=SEARCH)
    assert digests(look(zot)) == zot.repositories["shop/app"]


def test_too_many_requests_are_not_answered_with_more(zot):
    zot.fault(status(429), path=SEARCH)
    assert look(zot).requests == 1


def test_it_is_seen_in_what_it_says_of_its_extensions():
    def seen(body: bytes) -> bool:
        return Zot.is_seen_in(Glance(200, {}, None, body))

    assert seen(json.dumps(DISCOVERY).encode())
    assert not seen(json.dumps({"extensions": [{"name": "_zot", "endpoints": ["/v2/_zot/ext/mgmt"]}]}).encode())
    assert not seen(json.dumps({"extensions": [{"name": "other", "endpoints": [SEARCH]}]}).encode())
    for other in (b"", b"<html>", b"[]", b'{"extensions":{}}', b'{"extensions":[7]}', b"[" * 100_000):
        assert not seen(other)
