from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tags.api.movements import Source
from tags.models import Movement
from tests.factories import HOUR, MINUTE, NOW, example, look, moved, watch
from tests.listings import EXAMPLE, digest

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]

APP = "registry.example.com/shop/app"


def test_a_movement_tells_from_where_to_where_and_when(ask: Ask) -> None:
    moved()
    [found] = ask("movements", tag="production")["items"]
    assert found == {
        "id": Movement.objects.get(tag__name="production").pk,
        "repository": APP,
        "tag": "production",
        "kind": "forward",
        "from_digest": digest("1.3"),
        "to_digest": digest("2.0"),
        "from_version": "1.3",
        "to_version": "2.0",
        "after": "2026-05-15T11:55:00Z",
        "before": "2026-05-15T12:00:01Z",
        "source": "poll",
        "sentence": "production moved forward from 1.3 to 2.0",
    }


@pytest.mark.usefixtures("_now")
def test_sentences_are_in_english_whatever_a_browser_prefers() -> None:
    moved()
    headers = {"Accept-Language": "de"}
    found = Client().get("/api/v1/movements?tag=production", headers=headers).json()["items"]
    assert found[0]["sentence"] == "production moved forward from 1.3 to 2.0"


@pytest.mark.usefixtures("_now")
def test_times_without_a_zone_are_in_that_of_the_installation_whatever_a_cookie_says() -> None:
    moved()
    client = Client()
    client.cookies["tz"] = "Asia/Tokyo"
    assert client.get("/api/v1/movements?since=2026-05-15T14:00:00").json()["items"]
    assert not client.get("/api/v1/movements?since=2026-05-15T14:00:02").json()["items"]


def test_movements_are_found_by_repository_tag_text_kind_and_time(ask: Ask) -> None:
    moved(at=NOW - HOUR)
    cart = moved("docker.io/shop/cart", at=NOW - 5 * MINUTE)
    look(cart, {**EXAMPLE, "production": "1.3"})

    def told(**query: object) -> list[str]:
        return [item["sentence"] for item in ask("movements", **query)["items"]]

    back = "production was rolled back from 2.0 to 1.3"
    assert told()[0] == back  # newest first
    assert len(told(repository="shop/cart")) == 3
    assert told(kind="rollback") == [back]
    assert len(told(tag="rollback")) == 2
    assert told(q="2.0", since=NOW.isoformat()) == [back]
    assert len(told(q="ROLL")) == 2
    assert len(told(until=(NOW - 30 * MINUTE).isoformat())) == 2
    assert told(since="2026-05-16") == []


def test_what_was_under_way_at_an_end_is_told_as_on_the_page_of_movements(ask: Ask, client: Client) -> None:
    moved()  # between 11:55 and 12:00:01
    page = f"/movements/{APP}/"
    for since, until, told in (
        ("2026-05-15T11:50:00Z", "2026-05-15T11:55:00Z", 0),
        ("2026-05-15T11:50:00Z", "2026-05-15T11:57:00Z", 2),
        ("2026-05-15T11:57:00Z", "2026-05-15T11:58:00Z", 2),
        ("2026-05-15T12:00:01Z", "2026-05-15T12:00:02Z", 2),
        ("2026-05-15T12:00:02Z", "2026-05-15T12:00:03Z", 0),
    ):
        assert len(ask("movements", since=since, until=until)["items"]) == told
        exported = client.get(page, {"from": since, "to": until, "format": "json"})
        assert len(json.loads(exported.getvalue())) == told


def test_pages_follow_each_other_whatever_moves_meanwhile(ask: Ask) -> None:
    repository = watch()
    versions = {f"1.{number}": str(number) for number in range(9)}
    for number in range(7):
        look(repository, {**versions, "latest": str(number), "stable": str(number)}, NOW - (20 - number) * MINUTE)
    page = ask("movements", limit=5)
    told = [item["id"] for item in page["items"]]
    look(repository, {**versions, "latest": "8", "stable": "8"})
    while page["next"]:
        page = ask("movements", limit=5, cursor=page["next"])
        told += [item["id"] for item in page["items"]]
    assert told == list(Movement.objects.order_by("-before", "-pk").values_list("pk", flat=True)[2:])


def test_all_sources_are_in_the_document() -> None:
    assert [source.value for source in Source] == Movement.Source.values


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"kind": "sideways"}, "kind: Input should be 'forward'"),
        ({"tag": "no tag"}, "tag: no tag can have this name"),
        ({"since": "1999-02-31"}, "since: “1999-02-31” is no date and time"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(ask: Ask, query: dict[str, Any], said: str) -> None:
    assert said in ask("movements", status=422, **query)["detail"]


def test_many_movements_are_asked_for_as_seldom_as_few(ask: Ask) -> None:
    moved("docker.io/shop/cart")
    with CaptureQueriesContext(connection) as few:
        ask("movements")
    for name in ("one", "two", "three"):
        moved(f"{name}.example.com/shop/app")
    example()
    with CaptureQueriesContext(connection) as many:
        assert len(ask("movements")["items"]) == 8
    assert len(many) == len(few) == 1
