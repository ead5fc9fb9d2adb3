import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tags.registry import Catalog, Listing, Past
from tags.registry.challenge import choose, parse_challenges
from tags.registry.glance import Glance
from tags.registry.vendors.acr import Acr
from tests.fakeregistry import JSON, Answer, FakeRegistry, Recorded
from tests.faults import status
from tests.registry.vendors.polls import REFUSALS, digests, remembered

APP = "shop/app"
START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
TAGS = r"/acr/v1/shop/app/_tags"


class FakeAcr(FakeRegistry):
    """Each push is a second after the one before; `entries` are added before all others."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.clock = START
        self.created: dict[tuple[str, str], datetime] = {}
        self.updated: dict[tuple[str, str], datetime] = {}
        self.entries: list[object] = []

    def push(self, repository: str, tag: str, *content: Any, **more: Any) -> str:
        self.touch(repository, tag)
        return super().push(repository, tag, *content, **more)

    def move(self, repository: str, tag: str, to: str) -> str:
        self.touch(repository, tag)
        return super().move(repository, tag, to)

    def touch(self, repository: str, tag: str) -> None:
        self.clock += timedelta(seconds=1)
        self.created.setdefault((repository, tag), self.clock)
        self.updated[repository, tag] = self.clock

    def answer(self, request: Recorded) -> Answer:
        path = request.path.partition("?")[0]
        if path == "/acr/v1/_catalog":
            refusal = self._refusal(request, "registry:catalog:*")
            return refusal or self._list(request, "repositories", sorted(self.repositories))
        if match := re.fullmatch(r"/acr/v1/(.+)/_tags", path):
            refusal = self._refusal(request, f"repository:{match[1]}:metadata_read")
            return refusal or self._page(request, match[1])
        return super().answer(request)

    def _refusal(self, request: Recorded, scope: str) -> Answer | None:
        """As the fake does it, but a token for several actions is one for each."""
        self.tokens = {
            token: [*scopes, *(f"{name}:{action}" for name, _, actions in map(_split, scopes) for action in actions)]
            for token, scopes in self.tokens.items()
        }
        return super()._refusal(request, scope)

    def _page(self, request: Recorded, repository: str) -> Answer:
        if repository not in self.repositories:
            return Answer(404, {"Content-Type": JSON}, b'{"errors":[{"code":"NAME_UNKNOWN"}]}')
        assert request.query["orderby"] == ["timedesc"]
        newest_first = sorted(
            self.repositories[repository], key=lambda tag: self.updated[repository, tag], reverse=True
        )
        begin = int(request.query.get("last", ["1&0"])[0].partition("&")[2])
        end = begin + int(request.query["n"][0])
        entries = [self._entry(repository, tag) for tag in newest_first[begin:end]]
        body = {
            "registry": self.address,
            "imageName": repository,
            "tags": (self.entries if not begin else []) + entries,
        }
        link = f'</acr/v1/{repository}/_tags?last=1%26{end}&n={end - begin}&orderby=timedesc>; rel="next"'
        more = {"Link": link} if end < len(newest_first) else {}
        return Answer(200, {"Content-Type": JSON, **more}, json.dumps(body).encode())

    def _entry(self, repository: str, tag: str) -> dict[str, object]:
        created, updated = self.created[repository, tag], self.updated[repository, tag]
        return entry(tag, self.repositories[repository][tag], updated, created)


def _split(scope: str) -> tuple[str, str, list[str]]:
    name, colon, actions = scope.rpartition(":")
    return name, colon, actions.split(",")


def entry(tag: object, digest: object, updated: datetime, created: datetime | None = None) -> dict[str, object]:
    return {
        "name": tag,
        "digest": digest,
        "createdTime": f"{(created or updated):%Y-%m-%dT%H:%M:%S}.0856539Z",
        "lastUpdateTime": f"{updated:%Y-%m-%dT%H:%M:%S}.0856539Z",
        "signed": False,
        "changeableAttributes": {"deleteEnabled": True, "writeEnabled": True},
    }


@pytest.fixture
def acr():
    with FakeAcr() as acr:
        for number in range(250):
            acr.push(APP, f"1.{number}")
        yield acr


def look(acr: FakeAcr, seen: Past | None = None) -> Listing:
    with Acr(acr.settings()) as client:
        return client.listing(APP, past=seen)


def test_five_hundred_tags_cost_one_request_when_little_has_changed(acr):
    for number in range(500):
        acr.push(APP, f"1.{number}")
    first = look(acr)
    second = look(acr, remembered(first))
    assert (first.requests, second.requests) == (5, 1)
    assert digests(first) == acr.repositories[APP]
    assert first.proves_absence
    assert second.tags == first.tags
    assert len(second.vouched) == 400
    assert not second.proves_absence
    assert second.cursor == first.cursor


def test_a_move_and_a_new_tag_are_seen_in_one_request(acr):
    first = look(acr)
    moved, new = acr.move(APP, "1.0", "1.1"), acr.push(APP, "2.0")
    second = look(acr, remembered(first))
    assert second.requests == 1
    assert digests(second)["1.0"] == moved
    assert digests(second)["2.0"] == new
    assert second.tags == acr.repositories[APP].keys()
    assert second.cursor > first.cursor


def test_more_changes_than_a_page_holds_are_read_on(acr):
    first = look(acr)
    for number in range(120):
        acr.push(APP, f"1.{number}", f"again {number}")
    second = look(acr, remembered(first))
    assert second.requests == 2
    assert {**digests(first), **digests(second)} == acr.repositories[APP]


def test_a_deletion_shows_only_when_all_is_read_again(acr):
    first = look(acr)
    acr.delete(APP, "1.0")
    second = look(acr, remembered(first))
    assert "1.0" in second.vouched
    third = look(acr, Past("", lambda: digests(first)))
    assert "1.0" not in third.tags
    assert third.proves_absence


def test_a_list_of_one_page_shows_a_deletion_at_once():
    with FakeAcr() as acr:
        acr.push(APP, "1.0")
        acr.push(APP, "1.1")
        first = look(acr)
        acr.delete(APP, "1.0")
        second = look(acr, remembered(first))
        assert second.tags == {"1.1"}
        assert second.proves_absence


def test_a_change_that_its_time_does_not_tell_makes_it_read_all(acr):
    """A geo-replica may show a push later than others that came after it."""
    first = look(acr)
    acr.repositories[APP]["1.249"] = acr.repositories[APP]["1.0"]
    acr.repositories[APP]["1.10"] = acr.repositories[APP]["1.0"]
    second = look(acr, remembered(first))
    assert digests(second) == acr.repositories[APP]
    assert second.proves_absence


@pytest.mark.parametrize("when", ["", None, 7, "yesterday", "0001-01-01T00:00:00Z", "2026-13-01T00:00:00Z"])
def test_a_time_that_is_none_makes_it_read_all(acr, when):
    first = look(acr)
    acr.entries = [{**entry("1.249", acr.repositories[APP]["1.249"], acr.clock), "lastUpdateTime": when}]
    acr.move(APP, "1.0", "1.1")
    assert digests(look(acr, remembered(first))) == acr.repositories[APP]


def test_an_order_that_was_not_asked_for_makes_it_read_all(acr):
    first = look(acr)
    acr.move(APP, "1.0", "1.1")
    acr.entries = [entry("1.2", acr.repositories[APP]["1.2"], START)]
    assert digests(look(acr, remembered(first))) == acr.repositories[APP]


def test_a_cursor_that_is_none_makes_it_read_all(acr):
    first = look(acr)
    assert digests(look(acr, Past("what?", lambda: digests(first)))) == acr.repositories[APP]


def test_only_a_tag_that_is_as_it_was_made_has_the_time_it_was_put_there(acr):
    """A lock counts as a change too, so the time of a later one says nothing of the digest."""
    acr.move(APP, "1.0", "1.1")
    acr.push(APP, "2.0")
    seen = {one.tag: one.pushed_at for one in look(acr).observations}
    assert seen["2.0"] == acr.clock.replace(microsecond=85653)
    assert seen["1.0"] is None


def test_the_same_tag_on_two_pages_is_looked_up_by_itself(acr):
    acr.entries = [entry("1.0", f"sha256:{'0' * 64}", acr.clock)]
    assert digests(look(acr)) == acr.repositories[APP]


def test_hostile_entries_cost_no_other_tag(acr):
    digest = acr.repositories[APP]["1.0"]
    acr.entries = [entry("a\nb", digest, START), entry(None, digest, START), entry(["x"], digest, START), {}]
    acr.entries += [entry("1.0", None, START), entry("1.1", "latest", START)]
    listing = look(acr)
    assert digests(listing) == acr.repositories[APP]
    assert listing.refused_names == 4


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"tags":[]}', b'{"tags":null}', b'{"tags":[1]}', b'{"tags":{"a":1}}']
)
def test_an_answer_without_tags_leads_to_the_plain_way_and_removes_nothing(acr, body):
    first = look(acr)
    acr.fault(status(200, {"Content-Type": JSON}, body), path=TAGS)
    listing = look(acr, remembered(first))
    assert digests(listing) == digests(first)
    assert listing.complete


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refused_list_leads_to_the_plain_way(acr, fault):
    acr.fault(fault, path=TAGS)
    assert digests(look(acr)) == acr.repositories[APP]


def test_a_link_to_another_host_is_not_followed(acr):
    def led_away(exchange: Any) -> None:
        usual = exchange.usual()
        exchange.answer(Answer(200, {**usual.headers, "Link": '<https://evil.example/acr>; rel="next"'}, usual.body))

    acr.fault(led_away, path=TAGS)
    assert digests(look(acr)) == acr.repositories[APP]


def test_the_link_goes_back_as_it_came(acr):
    look(acr)
    assert [r.path.partition("?")[2] for r in acr.asked(TAGS)][1:] == [
        "last=1%26100&n=100&orderby=timedesc",
        "last=1%26200&n=100&orderby=timedesc",
    ]


def test_one_token_is_good_for_the_list_and_for_the_manifests():
    with FakeAcr(auth="bearer", username="ann", password="secret") as acr, Acr(acr.settings()) as client:
        for repository in (APP, "shop/other"):
            pushed = acr.push(repository, "1.0")
            acr.entries = [entry("1.0", None, START)]
            assert digests(client.listing(repository)) == {"1.0": pushed}
        assert [r.query["scope"] for r in acr.asked("/token")] == [
            ["repository:shop/app:metadata_read,pull"],
            ["repository:shop/other:metadata_read,pull"],
        ]
        assert len(acr.requests) == 4 + 3  # list, token and manifest, and once the refusal that led there


def test_the_catalog_is_read_page_by_page():
    with (
        FakeAcr(auth="bearer", username="ann", password="secret", most_per_page=2) as acr,
        Acr(acr.settings()) as client,
    ):
        for name in ("a", "b/c", "d"):
            acr.push(name, "1.0")
        assert client.catalog() == Catalog(("a", "b/c", "d"), True, None)
        assert acr.asked("/v2/_catalog") == []


@pytest.mark.parametrize("address", ["acme.azurecr.io", "acme.azurecr.cn", "acme.eastus.geo.azurecr.io"])
def test_it_is_known_by_its_address_and_by_the_service_that_tokens_are_for(address):
    assert re.fullmatch(Acr.ADDRESSES, address)
    assert not re.fullmatch(Acr.ADDRESSES, f"{address}.evil.example")
    challenge = choose(parse_challenges(f'Bearer realm="https://{address}/oauth2/token",service="{address}"'))
    assert Acr.is_seen_in(Glance(401, {}, challenge, b""))
    other = choose(parse_challenges('Bearer realm="https://auth.example/token",service="registry.example"'))
    assert not Acr.is_seen_in(Glance(401, {}, other, b""))
    assert not Acr.is_seen_in(Glance(404, {}, None, b""))
