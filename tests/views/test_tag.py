from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.test import Client

from tags.models import Image, Repository
from tags.registry import Spell
from tests.factories import DAY, HOUR, MINUTE, NOW, example, keep_watching, look, moved, watch
from tests.listings import EXAMPLE, digest, make_repository, record, seen
from tests.views.partly import MINUTE as NOW_AS_MINUTE
from tests.views.partly import disputed, unanswered
from tests.views.pasts import COMING, GOING, gone_and_back
from tests.views.reading import bars_of, read, text_of

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

APP = "/registry.example.com/shop/app"


def test_a_pointer_tells_where_it_is_since_when_and_with_whom(client: Client) -> None:
    example()
    page = read(client, f"{APP}:qatesting/")
    assert "Points to 2.1 Since today 14:00 or earlier (at least 4 s) Together with perftesting" in page
    assert "State present Kind of tag pointer: it is meant to move Checked today 14:00 (5 s ago)" in page


def test_a_version_tells_who_points_to_it(client: Client) -> None:
    example()
    page = read(client, f"{APP}:2.1/")
    assert "Image 2.1" in page
    assert "Pointed to by perftesting qatesting" in page
    assert "version: it should never move" in page


def test_all_moves_of_a_tag_are_told_and_drawn(client: Client) -> None:
    moved()
    response = client.get(f"{APP}:production/")
    assert len(bars_of(response)) == 2
    assert "production moved forward from 1.3 to 2.0" in response.text
    assert "rollback moved forward" not in response.text


def test_a_removed_tag_keeps_its_page(client: Client) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    look(repository, {name: content for name, content in EXAMPLE.items() if name != "rollback"})
    page = read(client, f"{APP}:rollback/")
    assert "Now removed" in page
    assert "rollback was removed (it pointed to 1.3)" in page


def test_a_tag_whose_image_is_missing_says_so(client: Client) -> None:
    look(watch(), {"1.0": "a", "next": None})
    assert "Now listed, but its image is missing" in read(client, f"{APP}:next/")


def test_a_tag_that_lost_its_image_says_so_beside_what_it_was_on_now_and_then(client: Client) -> None:
    repository = watch()
    tags: dict[str, str | None] = {"1.0": "a", "1.1": "b", "next": "a"}
    look(repository, tags, NOW - 10 * MINUTE)
    look(repository, {**tags, "1.1": None, "next": None}, NOW - 5 * MINUTE)
    look(repository, {**tags, "1.1": None, "next": None})
    for query, points in (("", "Points to"), ("?at=2026-05-15T11:58Z", "Pointed to")):
        assert f"{points} 1.0 its image is missing" in read(client, f"{APP}:next/{query}")
        assert "Image 1.1 its image is missing" in read(client, f"{APP}:1.1/{query}")
    assert "its image is missing" not in read(client, f"{APP}:next/?at=2026-05-15T11:54Z")


def test_a_pointer_on_no_version_shows_its_digest(client: Client) -> None:
    look(watch(), {"nightly": "night"})
    assert "no version tag" in read(client, f"{APP}:nightly/")


def test_each_name_of_a_joined_version_leads_to_its_tag(client: Client) -> None:
    repository = watch()
    tags = {"2.0": "a", "2.0.0-final": "a", "3.0": "b"}
    look(repository, {**tags, "production": "a", "staging": "a"}, NOW - 5 * MINUTE)
    look(repository, {**tags, "production": "b", "staging": "a"})
    for name, told in (("staging", "Points to 2.0 = 2.0.0-final"), ("production", "Was on 2.0 = 2.0.0-final")):
        response = client.get(f"{APP}:{name}/")
        assert told in text_of(response)
        for version in ("2.0", "2.0.0-final"):
            assert f'href="{APP}:{version}/">{version}</a>' in response.text
        for link in re.findall(rf'href="({APP}:[^"?]*)"', response.text):
            assert client.get(link).status_code == 200


def test_a_tag_that_gives_no_answer_claims_no_newer_look(client: Client) -> None:
    unanswered("perftesting")
    response = client.get(f"{APP}:perftesting/")
    page = text_of(response)
    assert "No answer for this tag · checked 60 min ago" in page
    assert "In the last look this tag gave no answer: registry timed out." in page
    assert "Checked today 13:00 (60 min ago)" in page
    assert [hatch.words for hatch in response.context["lanes"][0].hatches if not hatch.is_ahead][-1:] == [
        "not watched since today 13:00: this tag gave no answer"
    ]


def test_a_pointer_that_is_disputed_keeps_its_version_and_says_whom_to_ask(client: Client) -> None:
    disputed("production")
    response = client.get(f"{APP}:production/")
    page = text_of(response)
    assert "The registry's servers disagree · checked 60 min ago" in page
    assert "The registry's servers disagree about this tag since today 14:00; shown is what it was before." in page
    assert "Ask whoever runs the registry: its copies are out of step." in page
    assert "Points to 2.0 Since" in page
    assert "gave no answer" not in page
    assert [hatch.words for hatch in response.context["lanes"][0].hatches if not hatch.is_ahead][-1:] == [
        "not watched since today 13:00: the registry's servers disagree about this tag"
    ]
    assert "disagree" not in read(client, f"{APP}:production/?at=2026-05-15T13:00:30")


def test_the_other_tags_of_a_look_that_missed_one_were_checked(client: Client) -> None:
    unanswered("perftesting")
    response = client.get(f"{APP}:production/")
    assert "Checked today 14:00 (just now)" in text_of(response)
    assert "this tag gave no answer" not in response.text


def test_a_tag_that_never_gave_an_answer_was_never_checked(client: Client) -> None:
    unanswered("next")
    page = read(client, f"{APP}:next/")
    assert "No answer for this tag · checked never" in page
    assert "Checked not yet" in page


def test_a_tag_nobody_has_seen_is_not_found(client: Client) -> None:
    example()
    assert "Nobody has ever seen a tag nope in shop/app." in read(client, f"{APP}:nope/", status=404)


def test_the_page_asks_as_often_whatever_the_tag_has_done(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    repository = watch()
    versions = {f"1.{number}": str(number) for number in range(30)}
    for number in range(30):
        look(repository, {**versions, "latest": str(number)}, NOW - (30 - number) * 5 * MINUTE)
    example("registry.example.com/shop/cart")
    with django_assert_num_queries(21):  # of what never moved no movement is read
        client.get("/registry.example.com/shop/cart:latest/")
    with django_assert_num_queries(27):
        client.get(f"{APP}:latest/")


class TestThePast:
    """Production went from 1.3 to 2.0 five days ago, and was looked at for an hour."""

    def story(self) -> None:
        repository = moved(at=NOW - 5 * DAY)
        keep_watching(repository, EXAMPLE, NOW - 5 * DAY, NOW - 5 * DAY + HOUR)
        look(repository, {**EXAMPLE, "production": "2.1", "hotfix": "2.0"})

    def test_the_page_tells_where_a_tag_was(self, client: Client) -> None:
        self.story()
        page = read(client, f"{APP}:production/?at=2026-05-10T12:30Z")
        assert "Pointed to 2.0 Since Sun 10 May 14:00 (29 min)" in page
        assert "Was on 1.3 · all versions" in page
        assert "Checked" not in page
        assert "production moved forward from 1.3 to 2.0 current then" in page

    def test_ages_count_to_the_moment_of_the_page(self, client: Client) -> None:
        self.story()
        Image.objects.filter(digest=digest("2.0")).update(created=NOW - 7 * DAY)
        page = read(client, f"{APP}:production/?at=2026-05-10T12:30Z")
        assert "Built Fri 8 May 14:00 (2 days earlier)" in page
        assert "First seen Sun 10 May 13:50 (39 min earlier)" in page

    def test_who_was_there_with_it_then(self, client: Client) -> None:
        self.story()
        page = read(client, f"{APP}:1.3/?at=2026-05-10T11:57Z")
        assert "Image 1.3" in page
        assert "Pointed to by production" in page

    def test_when_nobody_watched_it_is_not_known(self, client: Client) -> None:
        self.story()
        assert "Then not known no worker was polling" in read(client, f"{APP}:production/?at=2026-05-12")
        assert "Then not known not watched before" in read(client, f"{APP}:production/?at=2026-05-01")

    def test_when_it_is_not_known_the_last_known_comes_first(self, client: Client) -> None:
        self.story()
        assert "Was on 2.0 , 1.3 · all versions" in read(client, f"{APP}:production/?at=2026-05-12")

    def test_before_it_appeared_it_was_not_there(self, client: Client) -> None:
        self.story()
        assert "Then was not there" in read(client, f"{APP}:hotfix/?at=2026-05-10T12:30Z")

    def test_while_it_moved_both_are_possible(self, client: Client) -> None:
        self.story()
        page = read(client, f"{APP}:production/?at=2026-05-10T11:58Z")
        assert "Pointed to 1.3 moving to 2.0 between 13:55 and 14:00 It was moving at that moment" in page


def test_what_is_known_of_its_image(client: Client) -> None:
    example()
    labels = {
        "org.opencontainers.image.revision": "0123456789abcdef0123456789abcdef01234567",
        "org.opencontainers.image.source": "https://github.com/shop/app",
    }
    Image.objects.filter(digest=digest("2.0")).update(
        created=NOW - 3 * DAY, size=123_456_789, platforms=["linux/amd64", "linux/arm64"], labels=labels
    )
    response = client.get(f"{APP}:production/")
    page = text_of(response)
    assert "Built Tue 12 May 14:00 (3 days ago)" in page
    assert "Size 117.7 MB Platforms linux/amd64, linux/arm64 Commit 0123456789abcde… on GitHub" in page
    assert f'href="/{digest("2.0")}/"' in response.text


def test_comparisons_with_before_the_last_move_and_with_last_friday(client: Client) -> None:
    moved(at=NOW - 8 * DAY)
    page = client.get(f"{APP}:production/").text
    reference = "registry.example.com%2Fshop%2Fapp%3Aproduction"
    assert f"/compare/?a={reference}%402026-05-07T11%3A55%3A00.000000Z&amp;b={reference}%402026-05-07" in page
    assert f'href="/compare/?a={reference}%402026-05-08T16%3A00%3A00.000000Z&amp;b={reference}"' in page


def test_nothing_to_compare_is_no_line(client: Client) -> None:
    example()
    assert "Compare:" not in read(client, f"{APP}:production/")


def test_the_code_of_a_badge_leads_back_to_the_page(client: Client) -> None:
    example()
    page = read(client, f"{APP}:production/")
    address = f"http://testserver{{}}{APP}:production/"
    assert f"[![production]({address.format('/badge')})]({address.format('')})" in page


def test_a_tag_has_its_table_and_its_feed(client: Client) -> None:
    moved()
    page = client.get(f"{APP}:production/").text
    assert f'type="application/atom+xml" title="These movements as a feed" href="/atom{APP}:production/">' in page
    lines = client.get(f"{APP}:production/?format=csv").getvalue().decode().splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("production moved forward from 1.3 to 2.0")


class TestTheSweep:
    def swept(self) -> None:
        """2.1 looked at five hours ago, and production just now."""
        repository = watch()
        look(repository, {"2.1": "a", "production": "a"}, NOW - 5 * HOUR)
        look(repository, {"production": "a"}, NOW, listed=["2.1"])

    def test_a_version_says_when_the_sweep_looked_at_it(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        self.swept()
        with django_assert_num_queries(21):
            page = read(client, f"{APP}:2.1/")
        assert "Checked 5 h ago, with the daily look" in page
        assert "Checked today 09:00 (5 h ago) with the daily look" in page

    def test_a_pointer_was_looked_at_just_now(self, client: Client) -> None:
        self.swept()
        page = read(client, f"{APP}:production/")
        assert "Checked today 14:00 (5 s ago)" in page
        assert "sweep" not in page

    def test_a_version_whose_turn_has_not_come_did_not_fail_to_answer(self, client: Client) -> None:
        self.swept()
        repository = Repository.objects.get()
        record(repository, seen({}, 361, listed=["2.1"], failing=("production",)))
        assert "no answer" not in read(client, f"{APP}:2.1/").lower()


def test_moves_before_the_first_look_that_the_registry_told_of_are_drawn_and_told(client: Client) -> None:
    repository = make_repository("shop/app", address="registry.example.com")
    past = (
        Spell("production", digest("1.0"), NOW - 3 * DAY, NOW - 2 * DAY),
        Spell("production", digest("1.1"), NOW - 2 * DAY, None),
    )
    record(repository, seen({"1.0": "1.0", "1.1": "1.1", "production": "1.1"}, NOW_AS_MINUTE, history=past))
    for address in (
        f"{APP}:production/",
        f"{APP}:production/?span=all",
        "/movements/registry.example.com/shop/app/?span=all",
    ):
        response = client.get(address)
        assert "production moved forward from 1.0 to 1.1" in text_of(response)
        told = "production on 1.1 since Wed 13 May between 14:00:00 and 14:00:01 (2 days), still current"
        assert told in bars_of(response)


class TestGoneAndBack:
    """Between two looks nobody knows whether a tag that came or went was there."""

    def test_while_it_came_nobody_knows_whether_it_was_there(self, client: Client) -> None:
        gone_and_back()
        for name, version in (("production", "1.1"), ("canary", "1.0")):
            page = read(client, f"{APP}:{name}/?at={COMING}")
            assert f"Then not known coming, pointing to {version}, between 13:55 and 14:00" in page
            assert "Then was not there" not in page
            assert "Since" not in page

    def test_while_it_went_it_says_so(self, client: Client) -> None:
        gone_and_back()
        page = read(client, f"{APP}:production/?at={GOING}")
        assert "Pointed to 1.0 being removed between 13:50 and 13:55 It was moving at that moment" in page
