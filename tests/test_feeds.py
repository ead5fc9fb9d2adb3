from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import feedparser
import pytest
from django.test import Client, override_settings
from django.utils import timezone

from tags.models import AccessToken, Registry
from tests.factories import MINUTE, NOW, example, look, moved, watch
from tests.listings import EXAMPLE

if TYPE_CHECKING:
    from django.http import HttpResponse
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
APP = "registry.example.com/shop/app"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TAG_URI = re.compile(r"tag:[a-z0-9.-]+,\d{4}(-\d\d){0,2}:[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*")
FEED_HOLDS_ONCE = ("id", "title", "updated", "author", "subtitle")
ENTRY_HOLDS_ONCE = ("id", "title", "updated", "published", "content")
MAY_HOLD = {*FEED_HOLDS_ONCE, *ENTRY_HOLDS_ONCE, "link", "entry", "category"}


def valid(response: HttpResponse) -> ET.Element:
    """The feed, after asking what RFC 4287 asks of it."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    parsed = feedparser.parse(response.content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    root = ET.fromstring(response.content)
    assert root.tag == f"{ATOM}feed"
    assert_holds(root, FEED_HOLDS_ONCE)
    assert_linked(root, {"alternate", "self"}, frozenset({"next"}))
    entries = root.findall(f"{ATOM}entry")
    for entry in entries:
        assert_holds(entry, ENTRY_HOLDS_ONCE)
        assert_linked(entry, {"alternate"})
        content = entry.find(f"{ATOM}content")
        assert content is not None
        assert content.get("type") == "html"
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    return root


def assert_holds(element: ET.Element, names: tuple[str, ...]) -> None:
    for name in names:
        assert len(element.findall(ATOM + name)) == 1, name
    assert {child.tag.removeprefix(ATOM) for child in element} <= MAY_HOLD
    assert TAG_URI.fullmatch(element.findtext(f"{ATOM}id") or "")
    for name in ("updated", "published"):
        for time in element.findall(ATOM + name):
            assert RFC_3339.fullmatch(time.text or "")


def assert_linked(element: ET.Element, relations: set[str], may: frozenset[str] = frozenset()) -> None:
    links = element.findall(f"{ATOM}link")
    assert relations <= {link.get("rel") for link in links} <= relations | may
    assert all((link.get("href") or "").startswith("http://testserver/") for link in links)


def titles(client: Client, address: str) -> list[str | None]:
    root = valid(client.get(address))
    return [entry.findtext(f"{ATOM}title") for entry in root.findall(f"{ATOM}entry")]


def test_the_feed_of_everything_tells_the_movements_of_all_images(client: Client) -> None:
    moved()
    moved("127.0.0.1:5000/legacy/billing", NOW - MINUTE)
    assert titles(client, "/atom/") == [
        "shop/app: rollback moved forward from 1.2 to 1.3",
        "shop/app: production moved forward from 1.3 to 2.0",
        "legacy/billing: rollback moved forward from 1.2 to 1.3",
        "legacy/billing: production moved forward from 1.3 to 2.0",
    ]


def test_a_repository_and_a_tag_have_feeds_of_their_own(client: Client) -> None:
    moved()
    moved("127.0.0.1:5000/legacy/billing", NOW - MINUTE)
    assert len(titles(client, f"/atom/{APP}/")) == 2
    assert titles(client, f"/atom/{APP}:production/") == ["shop/app: production moved forward from 1.3 to 2.0"]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("tag=production", 1),
        ("kind=rollback", 0),
        ("kind=forward", 2),
        ("q=app", 2),
        ("q=nothing", 0),
        ("at=2026-05-15T13:57", 0),
        ("from=2026-05-14&to=2026-05-14", 0),
    ],
)
def test_a_feed_is_filtered_as_the_page_is(client: Client, query: str, number: int) -> None:
    moved()
    assert len(titles(client, f"/atom/?{query}")) == number


def test_a_feed_links_to_itself_and_to_the_page_with_the_same_filter(client: Client) -> None:
    moved()
    root = valid(client.get(f"/atom/{APP}/?tag=production"))
    assert {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")} == {
        "self": f"http://testserver/atom/{APP}/?tag=production",
        "alternate": f"http://testserver/movements/{APP}/?tag=production",
    }


def test_an_entry_says_when_between_which_looks_and_where_to_read_on(client: Client) -> None:
    moved()
    entry = valid(client.get(f"/atom/{APP}:production/")).find(f"{ATOM}entry")
    assert entry is not None
    content = entry.findtext(f"{ATOM}content") or ""
    assert "between 13:55:00 and 14:00:01" in content or "between 13:55 and 14:00" in content
    assert "Europe/Berlin" in content
    assert f'href="http://testserver/{APP}:production/"' in content
    assert (entry.findtext(f"{ATOM}updated") or "").startswith("2026-05-15T12:00:0")
    assert (entry.findtext(f"{ATOM}published") or "").startswith("2026-05-15T12:00:01")


def test_ids_stay_when_the_host_is_called_otherwise(client: Client) -> None:
    moved()
    told = [re.findall(r"<id>[^<]*", client.get("/atom/", headers={"host": host}).text) for host in ("a.example", "b")]
    assert told[0] == told[1]


def test_a_feed_without_entries_is_valid_and_stays_the_same(client: Client) -> None:
    first, second = client.get("/atom/"), client.get("/atom/")
    valid(first)
    assert first.content == second.content


def test_whoever_has_the_feed_is_not_sent_it_again(client: Client) -> None:
    repository = moved()
    first = client.get("/atom/")
    etag, at = first.headers["ETag"], first.headers["Last-Modified"]
    again = client.get("/atom/", headers={"if-none-match": etag})
    assert again.status_code == 304
    assert not again.content
    assert client.get("/atom/", headers={"if-modified-since": at}).status_code == 304
    look(repository, {**EXAMPLE, "production": "2.1"}, NOW + 5 * MINUTE)
    assert client.get("/atom/", headers={"if-none-match": etag}).status_code == 200


def test_at_most_fifty_are_told_by_as_many_queries(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    moved("127.0.0.1:5000/small")
    with django_assert_num_queries(2):
        client.get("/atom/127.0.0.1:5000/small/")
    repository = watch()
    versions = {f"1.{number}": str(number) for number in range(60)}
    for number in range(60):
        look(repository, {**versions, "latest": str(number)}, NOW - (60 - number) * 5 * MINUTE)
    with django_assert_num_queries(2):
        assert len(titles(client, f"/atom/{APP}/")) == 50


def links(feed: ET.Element) -> dict[str, str]:
    return {link.get("rel", ""): link.get("href", "") for link in feed.findall(f"{ATOM}link")}


def test_what_is_older_is_told_page_by_page(client: Client) -> None:
    repository = watch()
    versions = {f"1.{number}": str(number) for number in range(60)}
    for number in range(60):
        look(repository, {**versions, "latest": str(number)}, NOW - (60 - number) * 5 * MINUTE)
    first = valid(client.get(f"/atom/{APP}/?tag=latest"))
    look(repository, {**versions, "latest": "0"})
    second = valid(client.get(links(first)["next"]))
    told = [entry.findtext(f"{ATOM}title") for feed in (first, second) for entry in feed.iter(f"{ATOM}entry")]
    assert told == [f"shop/app: latest moved forward from 1.{number - 1} to 1.{number}" for number in range(59, 0, -1)]
    assert first.findtext(f"{ATOM}id") == second.findtext(f"{ATOM}id")
    assert links(second) == {"self": links(first)["next"], "alternate": links(first)["alternate"]}
    assert client.get("/atom/?cursor=nowhere").status_code == 400


def test_nothing_that_people_or_registries_write_breaks_the_feed(client: Client) -> None:
    moved()
    Registry.objects.update(name='<script>alert("x")</script>&\x01')
    for query in ("q=%00%01%0b%3Cb%3E%26", "q=%22%27%5D%5D%3E", "q=%EF%BF%BE%EF%BF%BF", "q=gr%C3%B6%C3%9Fe"):
        valid(client.get(f"/atom/?{query}"))
    assert "<script" not in client.get("/atom/").text


def test_what_is_not_there_is_not_found_and_what_cannot_be_read_is_refused(client: Client) -> None:
    example()
    assert client.get("/atom/nowhere.example.com/app/").status_code == 404
    assert client.get(f"/atom/{APP}:nope/").status_code == 404
    assert client.get("/atom/?kind=nonsense").status_code == 400
    assert client.get("/atom/?at=yesterday").status_code == 400
    backwards = client.get(f"/atom/{APP}/?from=2026-05-20&to=2026-05-01")
    assert backwards.status_code == 400
    assert "The time ends before it begins" in backwards.text
    assert client.post("/atom/").status_code == 405


def test_a_feed_speaks_the_language_it_is_asked_in(client: Client) -> None:
    response = client.get("/atom/", headers={"accept-language": "de"})
    assert valid(response).get("{http://www.w3.org/XML/1998/namespace}lang") == "de"
    assert "Accept-Language" in response.headers["Vary"]


@override_settings(PUBLIC_READ=False)
def test_where_people_sign_in_feed_readers_show_a_key(client: Client) -> None:
    token = AccessToken(name="feed reader", created_at=timezone.now())
    key = token.make_key()
    token.save()
    assert client.get("/atom/").status_code == 401
    valid(client.get("/atom/", headers={"authorization": f"Bearer {key}"}))
