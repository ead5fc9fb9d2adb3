"""Quay's API in the shapes of its own source (endpoints/api/tag.py, endpoints/api/repository.py)."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tags.registry import Forbidden, Misconfigured, Settings
from tags.registry.challenge import Challenge
from tags.registry.glance import Glance
from tags.registry.listing import Past, Spell
from tags.registry.vendors.quay import Quay
from tests.fakeregistry import JSON, Answer, FakeRegistry, Manifest, Recorded, not_found
from tests.faults import status

from .polls import REFUSALS, again, digests

START = 1_777_881_600
API = "/api/v1/repository"


@dataclass
class Row:
    tag: str
    digest: str
    start: int
    end: int | None = None


class FakeQuay(FakeRegistry):
    """Keeps a row for each time a tag was put somewhere; its clock ticks with every change."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.rows: dict[str, list[Row]] = {}
        self.odd: dict[str, dict[str, Any]] = {}
        self.api_token = ""
        self.now = START
        self._ticks = itertools.count(START, 10)

    def push(self, repository: str, tag: str, content: str = "", manifest: Manifest | None = None) -> str:
        digest = super().push(repository, tag, content, manifest)
        self._put(repository, tag, digest)
        return digest

    def move(self, repository: str, tag: str, to: str) -> str:
        digest = super().move(repository, tag, to)
        self._put(repository, tag, digest)
        return digest

    def delete(self, repository: str, tag: str) -> None:
        super().delete(repository, tag)
        self._end(repository, tag)

    def expire(self, repository: str, tag: str, end: int) -> None:
        self._active(repository, tag).end = end

    def answer(self, request: Recorded) -> Answer:
        path = urlsplit(request.path).path
        if not path.startswith(API):
            return super().answer(request)
        if self._refuses(request.headers.get("Authorization", "")):
            return Answer(401, {"WWW-Authenticate": "Bearer"}, b'{"error_type":"invalid_token"}')
        if path == API:
            return self._repositories(request)
        repository = path.removeprefix(f"{API}/").removesuffix("/tag/")
        if repository not in self.rows:
            return not_found("NotFound")
        return self._history(request, repository)

    def _refuses(self, authorization: str) -> bool:
        """A token is judged wherever it comes, on public repositories too."""
        return authorization != (f"Bearer {self.api_token}" if self.api_token else "")

    def _history(self, request: Recorded, repository: str) -> Answer:
        limit, page = int(request.query["limit"][0]), int(request.query["page"][0])
        rows = list(reversed(self.rows[repository]))
        rows.sort(key=lambda row: -row.start)
        if request.query["onlyActiveTags"] == ["true"]:
            rows = [row for row in rows if row.end is None or row.end > self.now]
        shown = rows[(page - 1) * limit : page * limit]
        body = {"tags": list(map(self._shown, shown)), "page": page, "has_additional": len(rows) > page * limit}
        date = format_datetime(datetime.fromtimestamp(self.now, UTC), usegmt=True)
        return Answer(200, {"Content-Type": JSON, "Date": date}, json.dumps(body).encode())

    def _shown(self, row: Row) -> dict[str, Any]:
        shown: dict[str, Any] = {"name": row.tag, "reversion": False, "start_ts": row.start}
        if row.end:
            shown |= {"end_ts": row.end, "expiration": "Tue, 05 May 2026 08:00:00 -0000"}
        shown |= {"manifest_digest": row.digest, "is_manifest_list": True, "size": None}
        return {key: value for key, value in (shown | self.odd.get(row.tag, {})).items() if value != "left out"}

    def _repositories(self, request: Recorded) -> Answer:
        names = [name for name in sorted(self.rows) if name.startswith(request.query["namespace"][0] + "/")]
        begin = int(request.query.get("next_page", ["0"])[0])
        shown = [{"namespace": n.split("/")[0], "name": n.split("/")[1], "kind": "image"} for n in names]
        body: dict[str, Any] = {"repositories": [*shown[begin : begin + 100], {"kind": "application", "name": "helm"}]}
        if begin + 100 < len(names):
            body["next_page"] = str(begin + 100)
        return Answer(body=json.dumps(body).encode())

    def _put(self, repository: str, tag: str, digest: str) -> None:
        self._end(repository, tag)
        self.rows.setdefault(repository, []).append(Row(tag, digest, self.now))

    def _end(self, repository: str, tag: str) -> None:
        self.now = next(self._ticks)
        if row := self._active(repository, tag):
            row.end = self.now

    def _active(self, repository: str, tag: str) -> Any:
        rows = [row for row in self.rows.get(repository, []) if row.tag == tag and (row.end or self.now + 1) > self.now]
        return rows[-1] if rows else None


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.fixture
def quay() -> Iterator[FakeQuay]:
    with FakeQuay(auth="bearer") as quay:
        for number in range(500):
            quay.push("shop/app", f"1.{number}")
        yield quay


@pytest.fixture
def client(quay: FakeQuay) -> Iterator[Quay]:
    with Quay(quay.settings()) as client:
        yield client


def test_a_first_look_at_500_tags_costs_five_requests(quay: FakeQuay, client: Quay) -> None:
    listing = client.listing("shop/app")
    assert digests(listing) == quay.repositories["shop/app"]
    assert listing.requests == len(quay.requests) == 5
    assert listing.sent_at == min(seen.sent_at for seen in listing.observations)
    assert listing.received_at == max(seen.received_at for seen in listing.observations)
    assert listing.proves_absence
    assert len(listing.history) == 500


def test_a_steady_look_costs_one(quay: FakeQuay, client: Quay) -> None:
    steady = again(client, client.listing("shop/app"))
    assert steady.requests == 1
    assert len(steady.observations) == 100
    assert len(steady.vouched) == 400
    assert steady.tags == quay.repositories["shop/app"].keys()
    assert not steady.proves_absence
    assert steady.complete


def test_a_tag_that_moved_twice_between_two_looks_is_told_of_twice(quay: FakeQuay, client: Quay) -> None:
    first = quay.repositories["shop/app"]["1.7"]
    before = client.listing("shop/app")
    second = quay.move("shop/app", "1.7", "1.3")
    moved = quay.now
    third = quay.move("shop/app", "1.7", "1.4")
    steady = again(client, before)
    assert steady.requests == 1
    assert [spell for spell in steady.history if spell.tag == "1.7"] == [
        Spell("1.7", second, moment(moved), moment(quay.now)),
        Spell("1.7", third, moment(quay.now), None),
    ]
    seen = next(seen for seen in steady.observations if seen.tag == "1.7")
    assert (seen.digest, seen.pushed_at) == (third, moment(quay.now))
    assert first not in {seen.digest for seen in steady.observations if seen.tag == "1.7"}


def test_the_first_look_tells_what_was_before_it(quay: FakeQuay, client: Quay) -> None:
    begun = quay.rows["shop/app"][7].start
    first = quay.repositories["shop/app"]["1.7"]
    second = quay.move("shop/app", "1.7", "1.3")
    assert [spell for spell in client.listing("shop/app").history if spell.tag == "1.7"] == [
        Spell("1.7", first, moment(begun), moment(quay.now)),
        Spell("1.7", second, moment(quay.now), None),
    ]


def test_history_comes_the_oldest_first(quay: FakeQuay, client: Quay) -> None:
    history = client.listing("shop/app").history
    assert list(history) == sorted(history, key=lambda spell: spell.since)


def test_moves_of_one_second_stay_in_their_order(quay: FakeQuay, client: Quay) -> None:
    quay.rows["shop/app"] += [Row("x", "sha256:" + digit * 64, quay.now, quay.now) for digit in "12"]
    quay.rows["shop/app"] += [Row("x", "sha256:" + "3" * 64, quay.now)]
    listing = client.listing("shop/app")
    assert [spell.digest[-1] for spell in listing.history if spell.tag == "x"] == ["1", "2", "3"]
    assert digests(listing)["x"] == "sha256:" + "3" * 64


def test_pushing_the_same_image_again_is_no_new_spell(quay: FakeQuay, client: Quay) -> None:
    begun = quay.rows["shop/app"][7].start
    digest = quay.push("shop/app", "1.7", "shop/app:1.7")
    listing = client.listing("shop/app")
    assert [spell for spell in listing.history if spell.tag == "1.7"] == [Spell("1.7", digest, moment(begun), None)]
    assert next(seen.pushed_at for seen in listing.observations if seen.tag == "1.7") == moment(begun)


def test_a_tag_that_came_back_to_the_same_image_has_two_spells(quay: FakeQuay, client: Quay) -> None:
    quay.delete("shop/app", "1.7")
    quay.push("shop/app", "1.7")
    assert len([spell for spell in client.listing("shop/app").history if spell.tag == "1.7"]) == 2


def test_a_new_tag_is_seen_with_one_request(quay: FakeQuay, client: Quay) -> None:
    before = client.listing("shop/app")
    digest = quay.push("shop/app", "2.0")
    steady = again(client, before)
    assert steady.requests == 1
    assert digests(steady)["2.0"] == digest


def test_more_changes_than_one_page_holds_are_read_on(quay: FakeQuay, client: Quay) -> None:
    before = client.listing("shop/app")
    for number in range(150):
        quay.push("shop/app", f"1.{number}", f"again {number}")
    steady = again(client, before)
    assert steady.requests == 2
    assert {f"1.{number}" for number in range(150)} <= digests(steady).keys()
    assert digests(steady).items() <= quay.repositories["shop/app"].items()


def test_changes_of_the_second_that_was_seen_last_are_all_read(quay: FakeQuay, client: Quay) -> None:
    before = client.listing("shop/app")
    quay.rows["shop/app"] += [Row(f"2.{number}", "sha256:" + "1" * 64, quay.now) for number in range(150)]
    steady = again(client, before)
    assert steady.requests == 2
    assert {f"2.{number}" for number in range(150)} <= steady.tags


def test_of_two_rows_that_seem_active_the_newer_one_holds(quay: FakeQuay, client: Quay) -> None:
    digest = quay.move("shop/app", "1.7", "1.3")
    quay.now -= 5
    assert digests(client.listing("shop/app"))["1.7"] == digest
    assert not quay.asked("manifests")


def test_a_deletion_among_the_newest_is_confirmed_by_the_registry_itself(quay: FakeQuay, client: Quay) -> None:
    before = client.listing("shop/app")
    quay.delete("shop/app", "1.490")
    steady = again(client, before)
    assert "1.490" not in steady.tags
    assert len(steady.tags) == 499
    assert steady.proves_absence
    assert len(quay.asked("tags/list", "GET")) == 2  # the first was asked for a token
    assert [spell.until for spell in steady.history if spell.tag == "1.490"] == [moment(quay.now)]


def test_a_deletion_further_down_is_nobody_s_claim(quay: FakeQuay, client: Quay) -> None:
    before = client.listing("shop/app")
    quay.delete("shop/app", "1.7")
    assert not again(client, before).proves_absence
    whole = client.listing("shop/app", past=Past("", lambda: digests(before)))  # type: ignore[arg-type,return-value]
    assert "1.7" not in whole.tags
    assert whole.proves_absence


def test_after_the_plain_way_the_api_is_not_shown_the_registry_s_token(quay: FakeQuay, client: Quay) -> None:
    before = client.listing("shop/app")
    quay.delete("shop/app", "1.490")
    again(client, before)
    assert quay.tokens
    assert client.listing("shop/app").requests == 5


def test_a_tag_that_will_expire_is_there_until_then(quay: FakeQuay, client: Quay) -> None:
    quay.expire("shop/app", "1.490", quay.now + 3600)
    quay.expire("shop/app", "1.491", quay.now)
    listing = client.listing("shop/app")
    assert "1.490" in listing.tags
    assert "1.491" not in listing.tags
    assert next(spell.until for spell in listing.history if spell.tag == "1.490") is None


def test_no_spell_ends_before_it_began(quay: FakeQuay, client: Quay) -> None:
    quay.expire("shop/app", "1.490", START - 86_400)
    spell = next(spell for spell in client.listing("shop/app").history if spell.tag == "1.490")
    assert spell.until == spell.since


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 04 May 2026 09:23:10 -0000"])
def test_the_clock_of_the_registry_decides_and_ours_where_it_has_none(quay: FakeQuay, client: Quay, date: str) -> None:
    quay.expire("shop/app", "1.490", START - 1)
    quay.fault(lambda e: e.answer(Answer(200, {"Date": date}, e.usual().body)), API)
    assert "1.490" not in client.listing("shop/app").tags


def test_a_history_without_end_is_read_in_part_and_the_tags_in_whole(
    quay: FakeQuay, client: Quay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tags.registry.vendors.quay._MOST_HISTORY", 3)
    for number in range(300):
        quay.push("shop/app", "nightly", f"night {number}")
    listing = client.listing("shop/app")
    assert digests(listing) == quay.repositories["shop/app"]
    assert listing.requests == 3 + 6
    assert {spell.tag for spell in listing.history} == {"nightly"}
    assert listing.proves_absence


def test_old_versions_that_tell_no_digest_have_their_tags_looked_up(quay: FakeQuay, client: Quay) -> None:
    quay.odd["1.499"] = {"manifest_digest": "left out"}
    listing = client.listing("shop/app")
    assert digests(listing) == quay.repositories["shop/app"]
    assert not [spell for spell in listing.history if spell.tag == "1.499"]


@pytest.mark.parametrize(
    "odd",
    [
        {"start_ts": "left out"},
        {"start_ts": "never"},
        {"start_ts": -1},
        {"start_ts": 10**30},
        {"end_ts": "never"},
        {"end_ts": 10**30},
        {"end_ts": 0},
        {"reversion": None, "size": -1},
    ],
)
def test_odd_fields_cost_no_tag(quay: FakeQuay, client: Quay, odd: dict[str, Any]) -> None:
    quay.odd["1.250"] = odd
    listing = client.listing("shop/app")
    assert digests(listing) == quay.repositories["shop/app"]
    assert again(client, listing).tags == listing.tags


@pytest.mark.parametrize("name", [None, 7, [], {}, "a b", "../x"])
def test_what_is_no_tag_name_is_left_out(quay: FakeQuay, client: Quay, name: Any) -> None:
    quay.odd["1.250"] = {"name": name}
    listing = client.listing("shop/app")
    assert listing.refused_names == 1
    assert len(listing.tags) == 499


@pytest.mark.parametrize("cursor", ["x", "[1]", "0", "-5", "9" * 400])
def test_a_cursor_of_somebody_else_has_everything_read(quay: FakeQuay, client: Quay, cursor: str) -> None:
    assert client.listing("shop/app", past=Past(cursor)).requests == 5


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_useless_answer_leads_to_the_plain_way(quay: FakeQuay, client: Quay, refusal: Any) -> None:
    before = client.listing("shop/app")
    quay.fault(refusal, API)
    listing = again(client, before)
    assert digests(listing) == quay.repositories["shop/app"]
    assert listing.complete


def test_a_private_repository_is_read_with_the_token_of_the_api(quay: FakeQuay) -> None:
    quay.api_token = "oauth"
    with Quay(quay.settings(api_token="oauth")) as client:
        assert client.listing("shop/app").requests == 5
    assert not quay.asked("/v2/")


def test_a_repository_without_a_namespace_goes_the_plain_way(quay: FakeQuay, client: Quay) -> None:
    quay.push("app", "1.0")
    assert client.listing("app").tags == {"1.0"}
    assert not quay.asked(API)


def test_a_repository_may_have_further_slashes(quay: FakeQuay, client: Quay) -> None:
    quay.push("shop/deep/app", "1.0")
    assert client.listing("shop/deep/app").requests == 1


def test_the_repositories_of_a_namespace_are_listed(quay: FakeQuay, client: Quay) -> None:
    for number in range(150):
        quay.push(f"team/app{number}", "1.0")
    catalog = client.catalog(["team/*", "shop/*"])
    assert set(catalog.names) == quay.rows.keys()
    assert catalog.complete


def test_a_catalog_that_is_refused_or_needs_a_namespace_says_so(quay: FakeQuay, client: Quay) -> None:
    assert isinstance(client.catalog(["*"]).error, Misconfigured)
    quay.fault(status(403), API)
    assert isinstance(client.catalog(["shop/*"]).error, Forbidden)


@pytest.mark.parametrize(
    ("params", "is_quay"),
    [
        ({"realm": "https://quay.example/v2/auth", "service": "quay.example"}, True),
        ({"realm": "http://quay.example:8080/v2/auth", "service": "quay.example:8080"}, True),
        ({"realm": "https://auth.example/v2/auth", "service": "registry"}, False),
        ({"realm": "https://quay.example/v2/token", "service": "quay.example"}, False),
        ({"realm": "https://quay.example/v2/auth"}, False),
    ],
)
def test_quay_is_known_by_where_it_gives_tokens(params: dict[str, str], is_quay: bool) -> None:
    assert Quay.is_seen_in(Glance(401, {}, Challenge("bearer", params), b"")) == is_quay
    assert not Quay.is_seen_in(Glance(404, {}, None, b""))


def test_the_api_of_quay_is_where_the_registry_is() -> None:
    assert Quay.api_address(Settings("quay.io")) == "https://quay.io"


def test_a_history_without_end_leads_to_the_plain_way(
    quay: FakeQuay, client: Quay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tags.registry.vendors.quay.MOST_TAGS", 3)
    listing = client.listing("shop/app")
    assert listing.complete
    assert not listing.history
    assert quay.asked("tags/list")
