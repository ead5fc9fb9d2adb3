"""The page of movements: its picture, and the time and the tags that it is about."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tags.models import Registry
from tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, example, keep_watching, look, moved, watch
from tests.listings import EXAMPLE
from tests.views.pasts import long_story
from tests.views.reading import bars_of, read, text_of

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

APP = "/movements/registry.example.com/shop/app/"


def test_one_move_draws_two_bars(client: Client) -> None:
    moved()
    bars = [bar for bar in bars_of(client.get(APP)) if bar.startswith("production")]
    assert bars == [
        "production on 1.3 from today 13:50 or earlier to today 14:00 (at least 10 min)",
        "production on 2.0 since today between 13:55 and 14:00 (4 s to 5 min), still current",
    ]


def test_one_registry_alone_is_not_named_again_and_again(client: Client) -> None:
    moved()
    assert "registry.example.com" not in read(client, "/movements/")


def test_after_one_minute_and_one_move_both_bars_fill_the_picture(client: Client) -> None:
    repository = watch()
    look(repository, {**EXAMPLE, "production": "1.3"}, NOW - 55 * SECOND)
    look(repository, EXAMPLE, NOW - 25 * SECOND)
    for query in ("", "?span=all"):
        response = client.get(f"{APP}{query}")
        [lane] = [lane for lane in response.context["lanes"] if lane.tag == "production"]
        assert [piece.label for piece in lane.pieces] == ["1.3", "2.0"]
        assert sum(float(piece.strip.width.rstrip("%")) for piece in lane.pieces) > 95
        assert 'aria-current="true">All<' in response.text


def test_a_past_of_more_than_a_month_begins_with_the_last_one(client: Client) -> None:
    example(at=NOW - 40 * DAY)
    response = client.get(APP)
    assert 'aria-current="true">Month<' in response.text
    assert response.context["window"].start == NOW + 5 * SECOND - 30 * DAY


def test_the_time_before_the_first_look_is_drawn_as_what_it_is(client: Client) -> None:
    example(at=NOW - DAY)
    page = client.get(f"{APP}?span=month")
    assert "not watched yet" in text_of(page)
    assert page.text.count('class="ahead"') == 1 + 5  # the legend's and one a lane
    assert "not watched yet" not in read(client, f"{APP}?span=day")


def test_a_digest_that_lost_its_version_keeps_its_name_in_all_lanes(client: Client) -> None:
    repository = watch()
    look(repository, {**EXAMPLE, "production": "1.3"}, NOW - 10 * MINUTE)
    look(repository, {**EXAMPLE, "production": "2.1"}, NOW - 5 * MINUTE)
    look(repository, {**EXAMPLE, "production": "2.1", "2.1": "2.1 made anew"})
    last = {lane.tag: lane.pieces[-1] for lane in client.get(APP).context["lanes"]}
    assert last["production"].label == last["qatesting"].label == "2.1"
    assert last["production"].look == last["qatesting"].look


def test_lost_versions_cost_one_query_however_many(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    look(repository, {**EXAMPLE, "2.1": "2.1 made anew", "2.0": "2.0 made anew", "1.3": "1.3 made anew"})
    with django_assert_num_queries(24):
        client.get(APP)


def test_the_page_asks_as_often_for_many_moves_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    moved("registry.example.com/shop/cart")
    with django_assert_num_queries(24):
        client.get("/movements/registry.example.com/shop/cart/")
    long_story()
    with django_assert_num_queries(24):
        client.get(APP)
    with django_assert_num_queries(26):
        client.get("/movements/")


class TestThePast:
    """Production went from 1.3 to 2.0 five days ago, and on to 2.1 today."""

    AT = "at=2026-05-12T12:00Z"

    def two_moves(self) -> None:
        repository = moved(at=NOW - 5 * DAY)
        keep_watching(repository, EXAMPLE, NOW - 5 * DAY, NOW - 5 * DAY + 30 * MINUTE)
        keep_watching(repository, EXAMPLE, NOW - 3 * DAY - 10 * MINUTE, NOW - 3 * DAY + 10 * MINUTE)
        repository.interval = 30 * 24 * 3600
        repository.save()
        look(repository, {**EXAMPLE, "production": "2.1"})

    def test_picture_and_list_end_at_the_moment(self, client: Client) -> None:
        self.two_moves()
        response = client.get(f"{APP}?{self.AT}")
        assert "production moved forward from 1.3 to 2.0 current then" in text_of(response)
        assert "from 2.0 to 2.1" not in text_of(response)
        assert [bar for bar in bars_of(response) if bar.startswith("production")] == [
            "production on 1.3 from Sun 10 May 13:50 or earlier to Sun 10 May 14:00 (at least 10 min)",
            "production on 2.0 since Sun 10 May between 13:55 and 14:00 (47 h), current then",
        ]
        assert "You look at 12 May 2026 14:00" in text_of(response)

    def test_what_was_current_while_nobody_looked_is_not_known(self, client: Client) -> None:
        self.two_moves()
        response = client.get(f"{APP}?at=2026-05-11T12:00Z")
        assert "production moved forward from 1.3 to 2.0" in text_of(response)
        assert "current then" not in response.text
        doubt = "not known whether it still was then: no worker was polling since Sun 10 May 14:30"
        assert f"production moved forward from 1.3 to 2.0 {doubt}" in text_of(response)
        [bar] = [bar for bar in bars_of(response) if bar.startswith("production on 2.0")]
        assert bar == (
            "production on 2.0 since Sun 10 May between 13:55 and 14:00; "
            "not known whether it still was then: no worker was polling since Sun 10 May 14:30"
        )

    def test_links_stay_in_the_past(self, client: Client) -> None:
        self.two_moves()
        page = client.get(f"{APP}?{self.AT}").text
        assert 'href="/registry.example.com/shop/app:production/?at=2026-05-12T12%3A00Z"' in page
        assert 'href="/registry.example.com/shop/app/?at=2026-05-12T12%3A00Z"' in page

    def test_before_anybody_watched_nothing_is_known(self, client: Client) -> None:
        self.two_moves()
        page = read(client, f"{APP}?at=2026-05-01")
        assert "What was where at that moment is not known: not watched before 10 May 2026" in page
        assert "production moved" not in page
        assert "not watched before Fri 1 May" not in page

    def test_a_moment_asks_as_often_for_many_moves_as_for_few(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        moved("registry.example.com/shop/cart", at=NOW - HOUR)
        long_story()
        for name in ("cart", "app"):
            with django_assert_num_queries(29):
                client.get(f"/movements/registry.example.com/shop/{name}/?at=2026-05-15T11:30Z")


class TestFilters:
    def test_an_image_is_found_by_a_part_of_its_name(self, client: Client) -> None:
        moved()
        moved("127.0.0.1:5000/shop/cart")
        Registry.objects.filter(address="127.0.0.1:5000").update(name="Mirror")
        for text, found, other in (
            ("CAR", "cart", "app"),
            ("example.com/shop/a", "app", "cart"),
            ("mir", "cart", "app"),
        ):
            response = client.get(f"/movements/?q={text}")
            assert {lane.repository for lane in response.context["lanes"]} == {f"shop/{found}"}
            assert f"moved together shop/{found}" in text_of(response)
            assert f"moved together shop/{other}" not in text_of(response)

    def test_each_filter_can_be_taken_away_alone(self, client: Client) -> None:
        moved()
        page = client.get(
            "/movements/?q=app&tag=production&tag=rollback&kind=forward&cursor=&at=2026-05-15T12:00Z"
        ).text
        chips = page.partition('class="filters"')[2].partition("</ul>")[0]
        assert 'href="?tag=production&amp;tag=rollback&amp;kind=forward&amp;at=' in chips
        assert 'href="?q=app&amp;tag=rollback&amp;kind=forward&amp;at=' in chips
        assert 'href="?q=app&amp;tag=production&amp;tag=rollback&amp;at=' in chips

    def test_a_form_that_was_left_empty_filters_nothing(self, client: Client) -> None:
        moved()
        response = client.get(f"{APP}?q=&tag=&kind=&from=&to=&span=")
        assert "moved together" in text_of(response)
        assert not response.context["asked"].is_filtered

    def test_what_was_chosen_twice_counts_once(self, client: Client) -> None:
        moved()
        assert client.get(f"{APP}?tag=production&tag=production").context["asked"].tags == ("production",)

    def test_the_names_to_choose_from_are_the_pointers(self, client: Client) -> None:
        moved()
        response = client.get(f"{APP}?tag=latest")
        assert response.context["names"] == ["perftesting", "production", "qatesting", "rollback"]

    def test_where_all_is_shown_nothing_earlier_is_offered(self, client: Client) -> None:
        moved(at=NOW - 5 * DAY)
        everything, day = (client.get(f"{APP}?span={span}").context["asked"] for span in ("all", "day"))
        assert (everything.earlier, everything.wider) == (None, None)
        assert None not in (day.earlier, day.wider)

    def test_zooming_keeps_the_middle_and_does_not_reach_beyond_now(self, client: Client) -> None:
        moved(at=NOW - 5 * DAY)
        asked = client.get(f"{APP}?from=2026-05-10T00:00Z&to=2026-05-12T00:00Z&tag=production").context["asked"]
        assert asked.closer == ("2026-05-10T12:00:00.000000Z", "2026-05-11T12:00:00.000000Z")
        assert asked.wider == ("2026-05-09T00:00:00.000000Z", "2026-05-13T00:00:00.000000Z")
        assert client.get(f"{APP}?span=day").context["asked"].wider == (
            "2026-05-13T12:00:05.000000Z",
            "2026-05-15T12:00:05.000000Z",
        )
        assert client.get(f"{APP}?from=2026-05-15T11:59Z").context["asked"].closer is None


def test_a_lane_that_moved_too_often_is_counted_by_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_story()
    address = f"{APP}?span=month"
    each = bars_of(client.get(address))
    monkeypatch.setattr("tags.pages.sources.MOST_MOVES", 3)
    assert bars_of(client.get(address)) == each
    assert any("on 25 images from" in bar for bar in each)


def test_moves_too_close_together_are_counted_and_lead_on_to_a_version(client: Client) -> None:
    long_story()
    few, many = (client.get(f"{APP}?span={span}") for span in ("all", "day"))
    assert "so many images, too briefly there" not in text_of(few)
    assert "so many images, too briefly there to be drawn each, and what came then; follow it to zoom in" in text_of(
        many
    )
    assert '<text class="count" x="50%" y="19">25<tspan class="then"> → 1.25</tspan></text>' in many.text
    assert '<text class="count" x="50%" y="19">25</text>' in client.get(f"{APP}?span=month").text


def test_a_caption_without_room_on_a_phone_is_marked(client: Client) -> None:
    long_story()
    page = client.get(f"{APP}?span=all").text
    assert 'class="label tight"' in page
    assert 'class="label" x="' not in page
    moved("registry.example.com/shop/cart")
    assert 'class="label" x="' in client.get("/movements/registry.example.com/shop/cart/").text


def test_what_production_was_before_a_rebuild_looks_different(client: Client) -> None:
    repository = example(at=NOW - 10 * MINUTE)
    look(repository, {**EXAMPLE, "2.1": "2.1 made anew"}, NOW - 5 * MINUTE)
    look(repository, {**EXAMPLE, "2.1": "2.1 made anew", "qatesting": "2.1 made anew"})
    lanes = {lane.tag: lane.pieces for lane in client.get(APP).context["lanes"]}
    assert [piece.label for piece in lanes["qatesting"]] == ["2.1", "2.1 (rebuilt)"]
    assert lanes["perftesting"][-1].look == lanes["qatesting"][0].look != lanes["qatesting"][1].look


def test_without_any_repository_the_page_says_what_to_do(client: Client) -> None:
    assert "No pointer was there in this time." in read(client, "/movements/")


def test_before_anybody_looked_nothing_is_known(client: Client) -> None:
    moved()
    page = read(client, f"{APP}?from=2026-03-01&to=2026-03-02")
    assert "Not known: nobody had looked before 15 May 2026" in page
    assert "Whether anything moved in this time is not known." in page


def test_a_filter_that_finds_nothing_says_what_was_perhaps_meant(client: Client) -> None:
    moved()
    for query, link, name in (
        ("tag=prodction", "?tag=production", "production"),
        ("q=shp", "?q=shop", "shop"),
    ):
        response = client.get(f"/movements/?{query}")
        assert f'Did you mean <a href="{link}">{name}</a>?' in response.text
        assert "Lanes appear as soon as" not in response.text
    page = read(client, "/movements/?q=nothing+like+it")
    assert "No such pointer was there in this time." in page
    assert "Did you mean" not in page
    assert "Lanes appear as soon as" not in page


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("from=2027-01-01&to=2027-02-01", "This time is still to come: choose an earlier “from”."),
        ("from=2027-01-01", "This time is still to come: choose an earlier “from”."),
        ("from=2027-02-01&to=2027-01-01", "The time ends before it begins: choose an earlier “from” or a later “to”."),
        (
            "from=2026-05-15T11:58Z&at=2026-05-15T11:57Z",
            "This time begins after the moment you look at: choose an earlier “from”.",
        ),
    ],
)
def test_a_time_in_which_nothing_can_be_seen_says_why(client: Client, query: str, problem: str) -> None:
    moved()
    assert problem in read(client, f"{APP}?{query}")


def test_a_file_has_the_moves_of_one_look_in_the_order_of_the_page(client: Client) -> None:
    repository = example(at=NOW - 10 * MINUTE)
    look(repository, {**EXAMPLE, "production": "2.1", "latest": "2.1", "rollback": "2.0"}, NOW - 5 * MINUTE)
    look(repository, {**EXAMPLE, "production": "2.0", "latest": "2.1", "rollback": "2.0"})
    file = json.loads(client.get(f"{APP}?format=json").getvalue())
    page = re.findall(r'id="move-(\d+)"', client.get(APP).text)
    assert [str(row["id"]) for row in file] == page
    assert [row["tag"] for row in file] == ["production", "latest", "production", "rollback"]
