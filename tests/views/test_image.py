from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tags.models import Image, Tag
from tags.pages import image as images
from tests.factories import DAY, HOUR, MINUTE, NOW, example, keep_watching, look, moved, watch
from tests.listings import EXAMPLE, digest
from tests.views.partly import disputed
from tests.views.pasts import GOING, gone_and_back
from tests.views.reading import read, rows_of, text_of

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def page_of(content: str, query: str = "") -> str:
    return f"/{digest(content)}/{query}"


def described(content: str, **facts: object) -> Image:
    """What is known of an image; labels and the rest are given."""
    told = {"media_type": "application/vnd.oci.image.index.v1+json", "described_at": NOW, "describe_at": None, **facts}
    return Image.objects.update_or_create(digest=digest(content), defaults=told)[0]


def test_who_points_here_now_is_told_in_every_repository_and_registry(client: Client) -> None:
    example()
    look(watch("harbor.example.org/mirror/app"), {"2.1": "2.1", "stable": "2.1"})
    response = client.get(page_of("2.1"))
    rows = rows_of(response)
    assert rows[1].startswith("mirror/app harbor.example.org stable today 14:00 or earlier")
    assert rows[3].startswith("shop/app registry.example.com perftesting today")
    assert [row.split()[0] for row in rows[4:]] == ["qatesting", "2.1"]
    assert "2.1 · sha256:" in response.text


def test_who_pointed_here_before_is_told_from_when_until_when(client: Client) -> None:
    moved()
    page = read(client, page_of("1.3"))
    assert "Who points here now" in page
    assert "rollback today 14:00 or earlier (4 s to 5 min)" in page
    assert "production before today 13:50 today between 13:55 and 14:00 2.0" in page


def test_a_tag_that_came_again_has_stayed_twice(client: Client) -> None:
    repository = watch()
    for minute, content in enumerate(("a", "b", "a", "b")):
        look(repository, {"1.0": "a", "2.0": "b", "production": content}, NOW - (4 - minute) * 5 * MINUTE)
    assert text_of(client.get(page_of("a"))).count("2.0 ") == 2


def test_the_page_can_be_asked_about_a_moment(client: Client) -> None:
    moved()
    page = read(client, page_of("1.3", "?at=2026-05-15T13:57%2B02:00"))
    assert "You look at" in page
    assert "Who pointed here then" in page
    assert "production" in page
    assert "Who pointed here before" not in page
    assert "?at=2026-05-15T13" in client.get(page_of("1.3", "?at=2026-05-15T13:57%2B02:00")).text


def test_of_very_many_tags_the_first_are_shown_and_all_exported(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MOST_SHOWN", 3)
    look(watch(), {f"1.{number}": "a" for number in range(5)})
    page = read(client, page_of("a"))
    assert "and 2 more tags: download to see them" in page
    assert "1.3" not in page.partition("Who points here now")[2]
    assert len(json.loads(b"".join(client.get(page_of("a", "?format=json")).streaming_content))) == 5


def test_what_nobody_watched_is_not_known(client: Client) -> None:
    repository = example(at=NOW - 10 * DAY)
    look(repository, EXAMPLE)
    page = read(client, page_of("2.1", "?at=2026-05-10T12:00Z"))
    assert "Not known : no worker was polling" in page


def test_what_is_in_it_is_told_and_leads_to_the_commit(client: Client) -> None:
    example()
    described(
        "2.1",
        created=NOW - 3 * DAY,
        size=52_428_800,
        platforms=["linux/amd64", "linux/arm64"],
        labels={
            "org.opencontainers.image.source": "git@github.com:shop/app.git",
            "org.opencontainers.image.revision": COMMIT,
        },
    )
    response = client.get(page_of("2.1"))
    page = text_of(response)
    assert "Size 50.0" in page.replace("\xa0", " ")
    assert "Platforms linux/amd64, linux/arm64" in page
    assert f'href="https://github.com/shop/app/commit/{COMMIT}"' in response.text
    assert "on GitHub" in page


def test_of_the_past_ages_count_to_the_moment_of_the_page(client: Client) -> None:
    keep_watching(example(at=NOW - 3 * DAY), EXAMPLE, NOW - 3 * DAY, NOW - 2 * DAY)
    described("2.1", created=NOW - 5 * DAY, first_seen_at=NOW - DAY)
    page = read(client, page_of("2.1", "?at=2026-05-13T12:00Z"))
    assert "Built Sun 10 May 14:00 (3 days earlier)" in page
    assert "First seen yesterday 14:00 (24 h later)" in page


def test_hostile_labels_are_text_and_long_ones_are_folded(client: Client) -> None:
    example()
    described(
        "2.1",
        labels={
            "<script>alert(1)</script>": "<img src=x onerror=alert(1)>",
            "long": "x" * 900,
            "org.opencontainers.image.source": "javascript:alert(1)",
            "org.opencontainers.image.revision": '"><script>',
        },
    )
    html = client.get(page_of("2.1")).text
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert 'href="javascript' not in html
    assert "<details><summary>" + "x" * 120 + "…</summary>" in html


def test_an_image_that_was_not_read_yet_says_so(client: Client) -> None:
    example()
    assert "has not been read yet" in read(client, page_of("2.1"))


def test_an_image_that_cannot_be_read_says_so(client: Client) -> None:
    example()
    Image.objects.filter(digest=digest("2.1")).update(describe_at=None)
    assert "could not be read" in read(client, page_of("2.1"))


def test_an_image_that_has_lost_its_version_is_called_as_it_was(client: Client) -> None:
    repository = watch()
    look(repository, {"1.0": "a", "production": "a"}, NOW - 10 * MINUTE)
    look(repository, {"1.0": "b", "production": "a"}, NOW)
    assert read(client, page_of("a")).startswith("Image 1.0 sha256:")


class TestBeginnings:
    def test_the_only_image_that_begins_so_is_shown(self, client: Client) -> None:
        example()
        response = client.get(f"/{digest('2.1')[:14].upper().replace('SHA', 'sha')}/?at=2026-05-15T12:00Z")
        assert response["Location"] == f"/{digest('2.1')}/?at=2026-05-15T12:00Z"

    def test_of_several_people_choose(self, client: Client) -> None:
        one, other = f"sha256:abcdef0{'1' * 57}", f"sha256:abcdef0{'2' * 57}"
        Image.objects.bulk_create([Image(digest=one), Image(digest=other)])
        page = read(client, "/sha256:abcdef0/", status=300)
        assert one in page
        assert other in page

    def test_one_character_is_a_beginning_too(self, client: Client) -> None:
        Image.objects.bulk_create([Image(digest=f"sha256:a{number:063x}") for number in range(25)])
        page = read(client, "/sha256:a/", status=300)
        assert page.count("sha256:a0") == 20
        assert "write some more characters" in page

    def test_signatures_are_not_offered(self, client: Client) -> None:
        look(watch(), {"1.0": "a", f"{digest('a').replace(':', '-')}.sig": "b"})
        Image.objects.all().delete()
        read(client, f"/{digest('b')[:20]}/", status=404)

    @pytest.mark.parametrize("unknown", ["sha256:abcdef0", digest("nobody")])
    def test_a_digest_that_nobody_has_seen_has_a_way_on(self, client: Client, unknown: str) -> None:
        page = read(client, f"/{unknown}/", status=404)
        assert f"No tag that is watched is known to have pointed to {unknown}" in page
        assert "Back to the board" in page


class TestPinned:
    """References with a digest, as docker and kubectl print them."""

    @pytest.mark.parametrize("name", ["registry.example.com/shop/app", "registry.example.com/shop/app:2.1", "app"])
    def test_the_digest_decides(self, client: Client, name: str) -> None:
        example()
        response = client.get(f"/{name}@{digest('2.1')}/?at=2026-05-15T12:00Z")
        assert (response.status_code, response["Location"]) == (302, f"/{digest('2.1')}/?at=2026-05-15T12:00Z")

    def test_what_nobody_has_seen_is_told(self, client: Client) -> None:
        example()
        page = read(client, f"/registry.example.com/shop/app@{digest('nobody')}/", status=404)
        assert f"No tag that is watched is known to have pointed to {digest('nobody')}" in page


def test_a_tag_named_like_a_number_keeps_its_address(client: Client) -> None:
    look(watch("docker.io/library/python"), {"3": "a"})
    assert client.get("/python:3/")["Location"] == "/docker.io/library/python:3/"


class TestExport:
    def test_everybody_who_is_and_was_here_is_a_row(self, client: Client) -> None:
        moved()
        lines = b"".join(client.get(page_of("1.3", "?format=csv")).streaming_content).decode().splitlines()
        rows = list(csv.DictReader(lines))
        assert [(row["tag"], row["state"]) for row in rows] == [
            ("rollback", "here"),
            ("1.3", "here"),
            ("production", "gone"),
        ]
        assert rows[2]["moved_on_to"] == digest("2.0")

    def test_json_says_the_same(self, client: Client) -> None:
        moved()
        rows = json.loads(b"".join(client.get(page_of("1.3", "?format=json")).streaming_content))
        assert [row["tag"] for row in rows] == ["rollback", "1.3", "production"]


def test_the_page_asks_as_often_for_many_tags_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    moved()
    with django_assert_num_queries(3):
        client.get(page_of("1.3"))
    many = {f"1.3-{number}": "1.3" for number in range(60)}
    for number in range(10):
        repository = watch(f"registry-{number}.example.com/shop/app")
        look(repository, {"production": "2.0"}, NOW - 2 * HOUR)
        look(repository, {**many, "production": "1.3"}, NOW - HOUR)
    assert Tag.objects.count() > 500
    with django_assert_num_queries(3):
        client.get(page_of("1.3"))


class TestVeryManyMoves:
    """`production` came to image a, and went on to b, again and again."""

    @pytest.fixture(autouse=True)
    def _moved(self) -> None:
        repository = watch()
        for number in range(9):
            look(repository, {"1.0": "a", "production": "ab"[number % 2]}, NOW - (8 - number) * 5 * MINUTE)

    def test_all_stays_are_exported_though_few_are_shown(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(images, "MOST_SHOWN", 2)
        assert "And 2 more before: download to see them." in read(client, page_of("a"))
        rows = json.loads(b"".join(client.get(page_of("a", "?format=json")).streaming_content))
        gone = [row for row in rows if row["state"] == "gone"]
        assert [row["since_before"] for row in gone] == [
            f"2026-05-15T11:{minute}:01Z" for minute in ("50", "40", "30", "20")
        ]
        assert {row["moved_on_to"] for row in gone} == {digest("b")}

    def test_a_moment_long_ago_is_told_from_what_was_moved_until_then(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(images, "MOST_SHOWN", 1)
        address = page_of("a", "?at=2026-05-15T11:32Z")
        page = read(client, address)
        assert "production today 13:30 or earlier (1 min to 7 min) moving to sha256:3e23e81 between 13:30" in page
        rows = json.loads(b"".join(client.get(f"{address}&format=json").streaming_content))
        assert [(row["tag"], row["state"]) for row in rows] == [
            ("production", "here"),
            ("1.0", "here"),
            ("production", "gone"),
        ]
        assert rows[2]["until_before"] == "2026-05-15T11:25:01Z"

    def test_a_move_under_way_is_in_the_file_too(self, client: Client) -> None:
        address = page_of("a", "?at=2026-05-15T11:32Z")
        rows = json.loads(b"".join(client.get(f"{address}&format=json").streaming_content))
        assert [row["moving_to"] for row in rows if row["state"] == "here"] == [digest("b"), None]


def test_an_image_to_which_tags_came_after_the_moment_has_a_page(client: Client) -> None:
    look(watch(), {"1.0": "a"}, NOW)
    Image.objects.all().delete()
    assert "No tag that is watched pointed here then." in read(client, page_of("a", "?at=2026-05-01T12:00Z"))


def test_who_was_being_removed_says_so(client: Client) -> None:
    gone_and_back()
    assert "production today 13:45 or earlier (at least 6 min) being removed between 13:50 and 13:55" in read(
        client, page_of("a", f"?at={GOING}")
    )


def test_who_is_perhaps_elsewhere_because_the_registry_s_servers_disagree_is_marked(client: Client) -> None:
    disputed("production")
    address = page_of(EXAMPLE["production"])
    assert read(client, address).count("the registry's servers disagree") == 1
    assert "disagree" not in read(client, f"{address}?at=2026-05-15T13:00:30")
