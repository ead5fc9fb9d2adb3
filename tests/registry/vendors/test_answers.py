import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tags.registry.deadline import deadline, has_passed
from tags.registry.errors import BadAnswer, CredentialsRefused, Misconfigured, RateLimited, TooLarge
from tags.registry.listing import Bulk
from tags.registry.transport import Request, Response
from tags.registry.vendors import answers
from tags.registry.vendors.answers import (
    api_get,
    catalog_by_namespace,
    catalog_of,
    json_list,
    json_object,
    linked_next,
    namespaces,
    objects,
    pages,
    put,
    same_origin_next,
)

URL = "https://api.example/v2/tags?page=1"
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
ONE, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64


def answer(body: Any = None, *, status: int = 200, url: str = URL, headers: dict[str, str] | None = None) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(Request("GET", url), url, status, headers or {}, raw, NOW, NOW)


def test_an_object_and_a_list_are_what_the_body_holds() -> None:
    assert json_object(answer({"a": 1})) == {"a": 1}
    assert json_list(answer([1, None])) == [1, None]
    assert objects(answer(), [{}, {"a": 1}]) == [{}, {"a": 1}]


@pytest.mark.parametrize(
    "body", [b"<html>Sign in</html>", b'{"a": 1', b"", b"[" * 100_000, b"\xff\xfe", 7, None, "text"]
)
def test_what_is_no_json_as_promised_is_a_bad_answer(body: Any) -> None:
    for read in (json_object, json_list):
        with pytest.raises(BadAnswer):
            read(answer(body))


def test_a_web_page_is_called_one() -> None:
    with pytest.raises(BadAnswer, match=r"api\.example gave a web page"):
        json_object(answer(b"\n <html>"))


@pytest.mark.parametrize("value", [None, {}, "text", [1], [{}, None], [[]]])
def test_entries_that_are_no_objects_are_a_bad_answer(value: Any) -> None:
    with pytest.raises(BadAnswer):
        objects(answer(), value)


def test_a_page_of_millions_of_values_is_not_parsed() -> None:
    with pytest.raises(TooLarge):
        json_list(answer(b"[" + b"{}," * 2_000_001 + b"{}]"))


@pytest.mark.parametrize(("status", "error"), [(401, CredentialsRefused), (429, RateLimited), (204, BadAnswer)])
def test_another_status_is_told_before_the_body_is_read(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        json_object(answer({}, status=status))


@pytest.mark.parametrize(
    ("seconds", "is_taken"), [(0, True), (-1, True), (2, True), (-4, False), (4, False), (3600, False)]
)
def test_a_push_time_by_a_clock_that_is_not_ours_narrows_nothing(seconds: int, is_taken: bool) -> None:
    bulk = Bulk(NOW, NOW)
    date = format_datetime(NOW + timedelta(seconds=seconds))
    put(bulk, "1.0", ONE, answer(headers={"Date": date}), NOW)
    assert (bulk.observations["1.0"].pushed_at is not None) == is_taken


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 10:00:00 GMT"])
def test_without_a_date_that_can_be_read_a_push_time_is_taken_as_it_is(date: str) -> None:
    bulk = Bulk(NOW, NOW)
    put(bulk, "1.0", ONE, answer(headers={"Date": date}), NOW)
    assert bulk.observations["1.0"].pushed_at == NOW


@pytest.mark.parametrize("target", ["https://api.example/v2/tags?page=2", "/v2/tags?page=2", "?page=2"])
def test_a_next_page_keeps_the_origin_and_the_path(target: str) -> None:
    assert same_origin_next(answer(), target) == "https://api.example/v2/tags?page=2"
    assert linked_next(answer(headers={"Link": f'<{target}>; rel="next"'})) == "https://api.example/v2/tags?page=2"


def test_the_last_page_names_no_next_one() -> None:
    assert same_origin_next(answer(), None) is same_origin_next(answer(), "") is linked_next(answer()) is None


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/v2/tags?page=2",
        "https://api.example:8443/v2/tags?page=2",
        "//evil.example/?page=2",
        "https://api.example@evil.example/?page=2",
        "https://api.example\\@evil.example/?page=2",
        URL,
        "https://api.example/v2/tags?page=2>; rel=next, <https://evil.example/?page=3",
        ["https://api.example/v2/tags?page=2"],
        7,
    ],
)
def test_a_next_page_elsewhere_is_refused(target: Any) -> None:
    with pytest.raises(BadAnswer):
        same_origin_next(answer(), target)


def test_pages_are_asked_for_until_there_is_no_next() -> None:
    asked = []

    def send(request: Request) -> Response:
        asked.append(request)
        return answer(url=request.url)

    first = api_get(URL, "Bearer x")
    following = iter([f"{URL}2", f"{URL}3", None])
    stops: list[int] = []
    read = [a.url for a in pages(send, first, lambda _answer: next(following), lambda: stops.append(1))]
    assert read == [request.url for request in asked] == [URL, f"{URL}2", f"{URL}3"]
    assert {request.headers["Authorization"] for request in asked} == {"Bearer x"}
    assert len(stops) == 3


def test_pages_that_go_round_in_circles_are_refused() -> None:
    other = f"{URL}2"
    walk = pages(lambda r: answer(url=r.url), api_get(URL), lambda a: URL if a.url == other else other)
    with pytest.raises(BadAnswer, match="circles"):
        list(walk)


def test_pages_without_an_end_are_given_up() -> None:
    with pytest.raises(TooLarge):
        list(pages(lambda r: answer(url=r.url), api_get(URL), lambda a: f"{a.url}1"))


def test_an_entry_is_taken_with_what_it_tells() -> None:
    bulk = Bulk(NOW, NOW)
    put(bulk, "1.0", ONE, answer(), NOW, "application/vnd.oci.image.index.v1+json; charset=utf-8")
    seen = bulk.observations["1.0"]
    assert (seen.digest, seen.pushed_at, seen.media_type) == (ONE, NOW, "application/vnd.oci.image.index.v1+json")
    assert not bulk.nameless


@pytest.mark.parametrize("digest", [None, "", "sha256:1", "md5:" + "1" * 32, 7, [], {}, ONE.upper()])
def test_a_tag_without_a_digest_is_to_be_looked_up(digest: Any) -> None:
    bulk = Bulk(NOW, NOW)
    put(bulk, "1.0", digest, answer(), media_type=[])
    assert bulk.nameless == {"1.0"}
    assert not bulk.observations


def test_a_tag_said_to_be_in_two_places_is_to_be_looked_up() -> None:
    bulk = Bulk(NOW, NOW)
    for digest in (ONE, ONE, OTHER, ONE):
        put(bulk, "1.0", digest, answer())
    assert bulk.nameless == {"1.0"}
    assert not bulk.observations


@pytest.mark.parametrize("tag", [None, 7, [], {}, "", "a b", "../x", "x" * 129, "-x", "ä"])
def test_names_that_are_none_are_counted_and_left_out(tag: Any) -> None:
    bulk = Bulk(NOW, NOW)
    put(bulk, tag, ONE, answer())
    assert (bulk.refused_names, bulk.tags) == (1, frozenset())


def test_a_catalog_holds_what_are_names_of_repositories() -> None:
    catalog = catalog_of(["b", "a/b", "a/b", None, 7, "A", "../x", "x" * 300])
    assert (catalog.names, catalog.complete, catalog.error) == (("a/b", "b"), True, None)


def test_a_catalog_that_breaks_off_says_why() -> None:
    error = BadAnswer("broken")

    def names() -> Any:
        yield "a"
        raise error

    catalog = catalog_of(names())
    assert (catalog.names, catalog.complete, catalog.error) == (("a",), False, error)


def test_namespaces_are_the_first_segments_that_name_one() -> None:
    assert namespaces(["shop/*", "shop/app", "team/x/*", "*", "*/x", "a?/b", "[ab]/c", "alone", "UP/x"]) == (
        "shop",
        "team",
    )


def test_without_a_namespace_people_are_told_what_to_write() -> None:
    catalog = catalog_by_namespace("Docker Hub", ["*"], lambda _namespace: [])
    assert isinstance(catalog.error, Misconfigured)
    assert "write a pattern such as myteam/*" in str(catalog.error)
    assert not catalog.complete


def test_more_tags_than_can_be_held_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_TAGS", 3)
    bulk = Bulk(NOW, NOW)
    for number in range(3):
        put(bulk, f"v{number}", ONE if number % 2 else None, answer())
    with pytest.raises(TooLarge, match="more than 3 names"):
        put(bulk, "v4", ONE, answer())


def test_a_catalog_ends_though_no_name_ever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_SECONDS", 0.01)
    catalog = catalog_of(itertools.chain(["shop/app"], itertools.repeat(None)))
    assert catalog.names == ("shop/app",)
    assert isinstance(catalog.error, TooLarge)


def test_all_lists_of_a_catalog_have_one_deadline_together(monkeypatch: pytest.MonkeyPatch) -> None:
    def names() -> Iterator[str]:
        with deadline(60):  # that of one request
            ended.append(has_passed())
        yield "shop/app"

    ended: list[bool] = []
    monkeypatch.setattr(answers, "MOST_SECONDS", -1)
    assert not catalog_of(names()).complete
    assert ended == [True]
