from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from django.test import Client, override_settings

from tags.pages.badge import GOOD, QUIET, WARN, width
from tags.registry import TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, example, keep_watching, look, moved, watch
from tests.listings import EXAMPLE
from tests.views.pasts import COMING, GOING, gone_and_back

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

SVG = "{http://www.w3.org/2000/svg}"
APP = "/badge/registry.example.com/shop/app"


def drawn(client: Client, address: str, status: int = 200) -> tuple[str, str]:
    """The sentence of a badge and its colour."""
    response = client.get(address)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "image/svg+xml"
    root = ET.fromstring(response.content)
    assert root.get("role") == "img"
    title = root.findtext(f"{SVG}title") or ""
    assert [text.text for text in root.iter(f"{SVG}text")] == title.split(": ", 1)
    return title, [rect.get("fill") for rect in root.iter(f"{SVG}rect")][-1] or ""


def test_a_badge_says_version_and_since_when(client: Client) -> None:
    repository = moved(at=NOW - 3 * DAY)
    keep_watching(repository, EXAMPLE, NOW - 3 * DAY, NOW)
    assert drawn(client, f"{APP}:production/") == ("production: 2.0 since 3 days", GOOD)


def test_what_was_so_at_the_first_look_was_so_for_at_least_that_time(client: Client) -> None:
    example(at=NOW - 4 * MINUTE)
    assert drawn(client, f"{APP}:qatesting/") == ("qatesting: 2.1 since at least 4 min", GOOD)


def test_a_pointer_on_no_version_shows_its_digest(client: Client) -> None:
    look(watch(), {"nightly": "night"})
    title, _colour = drawn(client, f"{APP}:nightly/")
    assert title.startswith("nightly: sha256:")


def test_what_nobody_watches_or_has_seen_is_a_grey_badge_and_not_found(client: Client) -> None:
    assert drawn(client, f"{APP}:production/", 404) == ("production: not watched", QUIET)
    example()
    assert drawn(client, f"{APP}:nope/", 404) == ("nope: no such tag", QUIET)


def test_a_removed_tag_says_so(client: Client) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    look(repository, {name: content for name, content in EXAMPLE.items() if name != "rollback"}, NOW - 3 * MINUTE)
    assert drawn(client, f"{APP}:rollback/") == ("rollback: removed 3 min ago", QUIET)


def test_a_missing_image_is_amber(client: Client) -> None:
    repository = watch()
    look(repository, {"1.0": "a", "next": "a", "new": None}, NOW - 6 * MINUTE)
    look(repository, {"1.0": "a", "next": None, "new": None}, NOW - 3 * MINUTE)
    assert drawn(client, f"{APP}:new/") == ("new: image missing since at least 6 min", WARN)
    assert drawn(client, f"{APP}:next/") == ("next: image missing since 3 min", WARN)


def test_what_may_no_longer_be_so_is_amber_and_says_when_it_was_checked(client: Client) -> None:
    repository = example(at=NOW - 5 * HOUR)
    title, colour = drawn(client, f"{APP}:production/")
    assert title == "production: 2.0 since at least 5 h · checked 5 h ago"
    assert colour == WARN
    look(repository, {}, error=TimedOut("timed out"))
    assert drawn(client, f"{APP}:production/")[1] == WARN
    look(watch("registry.example.com/shop/cart"), EXAMPLE, NOW - 5 * HOUR, listed=["new"])
    told = drawn(client, "/badge/registry.example.com/shop/cart:new/")
    assert told == ("new: not looked at yet · never checked", WARN)


def test_a_badge_can_be_of_the_past(client: Client) -> None:
    moved()
    assert drawn(client, f"{APP}:production/?at=2026-05-15T13:56")[0].startswith("production: 1.3 since")
    assert drawn(client, f"{APP}:production/?at=2020-01-01") == ("production: not known", QUIET)
    assert drawn(client, f"{APP}:production/?at=yesterday", 400) == ("production: no such moment", QUIET)


def test_a_label_may_be_chosen_and_is_only_text(client: Client) -> None:
    example()
    assert drawn(client, f"{APP}:production/?label=In+the+shop")[0].startswith("In the shop: 2.0")
    title, _colour = drawn(client, f"{APP}:production/?label=%3Cscript%3E%26%22%5D%5D%3E")
    assert title.startswith('<script>&"]]>: 2.0')


@pytest.mark.parametrize("label", ["%00%01%1b", "%EF%BF%BE", "%F0%9F%9A%A2", "x" * 500])
def test_no_label_breaks_the_picture(client: Client, label: str) -> None:
    example()
    response = client.get(f"{APP}:production/?label={label}")
    root = ET.fromstring(response.content)
    assert int(root.get("width") or 0) < 3000


def test_a_badge_is_kept_for_a_minute_and_not_sent_twice(client: Client) -> None:
    example()
    first = client.get(f"{APP}:production/")
    assert "max-age=60" in first.headers["Cache-Control"]
    again = client.get(f"{APP}:production/", headers={"if-none-match": first.headers["ETag"]})
    assert again.status_code == 304


def test_a_badge_loads_nothing_and_styles_nothing_that_the_policy_refuses(client: Client) -> None:
    example()
    text = client.get(f"{APP}:production/").text
    assert "style" not in text
    assert "href" not in text


def test_the_picture_asks_as_often_whatever_there_is(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    example("registry.example.com/shop/small")
    repository = watch()
    versions = {f"1.{number}": str(number) for number in range(30)}
    for number in range(30):
        look(repository, {**versions, "latest": str(number)}, NOW - (30 - number) * 5 * MINUTE)
    for name in ("small", "app"):
        with django_assert_num_queries(4):
            client.get(f"/badge/registry.example.com/shop/{name}:latest/")


@override_settings(PUBLIC_READ=False)
def test_where_people_sign_in_a_badge_needs_a_key(client: Client) -> None:
    example()
    assert client.get(f"{APP}:production/").status_code == 401


def test_wider_letters_need_more_room() -> None:
    assert width("iiii") < width("0000") < width("WWWW") < width("版版版版")


def test_what_was_listed_and_not_looked_at_was_not_removed(client: Client) -> None:
    repository = watch()
    look(repository, EXAMPLE, NOW - 10 * MINUTE, listed=["canary"])
    look(repository, EXAMPLE, NOW, listed=["canary"])
    page = client.get(f"/badge/{repository.reference}:canary/?at=2026-05-15T11:55:00Z").text
    assert "removed" not in page
    assert "not known" in page


def test_across_a_wide_interval_a_badge_claims_the_shorter_time_only(client: Client) -> None:
    repository = watch(interval=24 * 3600)
    look(repository, {**EXAMPLE, "production": "1.3"}, NOW - 8 * DAY)
    look(repository, EXAMPLE, NOW - 2 * DAY)
    look(repository, EXAMPLE, NOW - HOUR)
    assert drawn(client, f"{APP}:production/") == ("production: 2.0 since at least 2 days", GOOD)


def test_a_badge_of_a_moment_within_a_move_says_so(client: Client) -> None:
    gone_and_back()
    assert drawn(client, f"{APP}:production/?at={GOING}") == (
        "production: 1.0 since at least 6 min · being removed between 13:50 and 13:55", WARN
    )  # fmt: skip
    for name, version in (("production", "1.1"), ("canary", "1.0")):
        words = f"{name}: not known · coming, pointing to {version}, between 13:55 and 14:00"
        assert drawn(client, f"{APP}:{name}/?at={COMING}") == (words, WARN)
    moved("registry.example.com/shop/cart")
    title, _colour = drawn(client, f"/badge/registry.example.com/shop/cart:production/?at={COMING}")
    assert title == "production: 1.3 since at least 6 min · moving to 2.0 between 13:55 and 14:00"


def test_of_what_came_lately_a_badge_claims_the_shorter_time_only(client: Client) -> None:
    moved()
    assert drawn(client, f"{APP}:production/") == ("production: 2.0 since at least 4 s", GOOD)
