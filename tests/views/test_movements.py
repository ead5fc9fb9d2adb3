from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tags.models import Movement
from tags.registry import TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, example, keep_watching, look, moved, watch
from tests.listings import EXAMPLE
from tests.views.reading import bars_of, read, text_of

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

APP = "/movements/registry.example.com/shop/app/"


def test_moves_are_sentences_with_their_interval(client: Client) -> None:
    moved()
    page = read(client, APP)
    assert "Today, Friday 15 May 2026 production and rollback moved together" in page
    assert "between 13:55 and 14:00 production moved forward from 1.3 to 2.0 still current" in page
    assert "between 13:55 and 14:00 rollback moved forward from 1.2 to 1.3 still current" in page


def test_one_move_draws_two_bars(client: Client) -> None:
    moved()
    bars = [bar for bar in bars_of(client.get(APP)) if bar.startswith("production")]
    assert bars == [
        "production on 1.3 from today 13:50 or earlier to today 14:00 (10 min)",
        "production on 2.0 since today between 13:55 and 14:00 (4 s), still current",
    ]


def test_only_the_last_move_is_current(client: Client) -> None:
    repository = watch()
    for minutes, version in ((10, "1.0"), (5, "1.1"), (0, "1.2")):
        look(repository, {"1.0": "1.0", "1.1": "1.1", "1.2": "1.2", "latest": version}, NOW - minutes * MINUTE)
    page = read(client, APP)
    assert "latest moved forward from 1.1 to 1.2 still current" in page
    assert page.count("still current") == 1


def test_a_rebuilt_version_is_marked(client: Client) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    look(repository, {**EXAMPLE, "2.1": "2.1 made anew"})
    assert "2.1 was rebuilt: same name, new content still current ⚠ a version should never change" in read(client, APP)


def test_a_move_across_a_gap_says_that_nobody_could_look(client: Client) -> None:
    repository = example(at=NOW - 2 * HOUR)
    look(repository, {}, NOW - HOUR, error=TimedOut("it took too long"))
    look(repository, {**EXAMPLE, "production": "2.1"})
    page = read(client, APP)
    assert "production moved forward from 2.0 to 2.1 still current nobody could look for part of that time" in page


def test_gaps_stand_among_the_moves(client: Client) -> None:
    repository = example(at=NOW - HOUR)
    look(repository, EXAMPLE, NOW - 5 * MINUTE - 50 * MINUTE)
    look(repository, {}, NOW - 50 * MINUTE, error=TimedOut("it took too long"))
    look(repository, EXAMPLE, NOW - 45 * MINUTE)
    page = read(client, APP)
    assert "not watched today between 13:05 and 13:15: registry timed out" in page
    assert "not watched before today 13:00" in page


def test_on_the_page_of_all_images_only_long_gaps_are_told_once_for_all_they_hit(client: Client) -> None:
    for name in ("app", "cart"):
        repository = example(f"registry.example.com/shop/{name}", at=NOW - 3 * HOUR)
        look(repository, {}, NOW - 2 * HOUR, error=TimedOut("it took too long"))
        look(repository, EXAMPLE, NOW - HOUR)
    page = read(client, "/movements/")
    assert page.count("not watched today between 11:00 and 13:00: registry timed out") == 1


def test_a_gap_that_goes_on_has_no_end(client: Client) -> None:
    repository = example(at=NOW - 3 * HOUR)
    for minutes in (60, 30):
        look(repository, {}, NOW - minutes * MINUTE, error=TimedOut("it took too long"))
    assert "not watched since today 11:00: registry timed out" in read(client, "/movements/")
    assert "not watched since today 11:00: registry timed out" in read(client, APP)


@pytest.mark.usefixtures("_short_pages")
def test_a_gap_that_goes_on_stands_on_the_first_page_only(client: Client) -> None:
    long_story()
    silent = example("registry.example.com/shop/cart", at=NOW - 3 * HOUR)
    look(silent, {}, NOW - 2 * HOUR, error=TimedOut("it took too long"))
    first = client.get("/movements/")
    older = client.get(f"/movements/?cursor={first.context['older']}")
    told = ["not watched since" in page.text.partition('class="journal"')[2] for page in (first, older)]
    assert told == [True, False]


def test_images_of_the_same_name_are_told_apart_by_their_registries(client: Client) -> None:
    for address in ("registry.example.com", "127.0.0.1:5000"):
        repository = moved(f"{address}/shop/app", at=NOW - 2 * HOUR)
        look(repository, {}, NOW - HOUR, error=TimedOut("it took too long"))
    response = client.get("/movements/")
    page = text_of(response)
    for address in ("registry.example.com", "127.0.0.1:5000"):
        assert page.count(f"shop/app {address}") == 1  # over its lanes
        assert f"production and rollback moved together shop/app · {address}" in page
        assert f"registry timed out shop/app · {address}" in page
        assert f'aria-label="Timeline of production in {address}/shop/app"' in response.text


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
    with django_assert_num_queries(15):
        client.get(APP)


def test_the_page_of_all_images_names_the_image_of_each_move(client: Client) -> None:
    moved()
    moved("registry.example.com/shop/cart")
    page = read(client, "/movements/")
    assert "production and rollback moved together shop/app" in page
    assert "production and rollback moved together shop/cart" in page


def test_tag_and_kind_can_be_chosen(client: Client) -> None:
    moved()
    page = read(client, f"{APP}?tag=rollback")
    assert "rollback moved forward" in page
    assert "production moved forward" not in page
    assert "No movement fits these filters." in read(client, f"{APP}?kind=rebuilt")
    assert "moved together" in read(client, f"{APP}?kind=forward&tag=production&tag=rollback")


def test_the_list_keeps_to_the_time_that_was_chosen(client: Client) -> None:
    repository = moved(at=NOW - 5 * DAY)
    keep_watching(repository, EXAMPLE, NOW - HOUR, NOW)
    assert "production moved forward" in read(client, APP)
    assert "production moved forward" not in read(client, f"{APP}?span=day")
    assert "production moved forward" in read(client, f"{APP}?from=2026-05-10&to=2026-05-10")


def test_what_cannot_be_read_is_answered_in_words(client: Client) -> None:
    moved()
    assert "is no span" in read(client, f"{APP}?span=fortnight", status=400)
    assert "is no kind of movement" in read(client, f"{APP}?kind=sideways", status=400)
    assert "is no tag's name" in read(client, f"{APP}?tag=%00", status=400)
    assert "ends before it begins" in read(client, f"{APP}?from=2026-05-10&to=2026-05-01", status=400)
    assert "is no place in this list" in read(client, f"{APP}?cursor=here", status=400)


@pytest.fixture
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tags.views.timeline.MOVES", 10)


def long_story() -> None:
    """Twenty-five moves of one pointer."""
    repository = watch()
    versions = {f"1.{number}": str(number) for number in range(26)}
    for number in range(26):
        look(repository, {**versions, "latest": str(number)}, NOW - (25 - number) * 5 * MINUTE)


def pages(client: Client) -> list[str]:
    found, address = [], APP
    while address:
        response = client.get(address)
        found.append(response.text)
        older = response.context["older"]
        address = f"{APP}?cursor={older}" if older else ""
    return found


@pytest.mark.usefixtures("_short_pages")
def test_older_moves_follow_page_by_page_each_once(client: Client) -> None:
    long_story()
    together = "".join(pages(client))
    assert len(pages(client)) == 3
    for pk in Movement.objects.values_list("pk", flat=True):
        assert together.count(f'id="move-{pk}"') == 1


@pytest.mark.usefixtures("_short_pages")
def test_a_move_at_the_edge_of_a_page_is_no_appearance(client: Client) -> None:
    long_story()
    for page in pages(client):
        assert "appeared" not in page.partition('class="journal"')[2]


@pytest.mark.usefixtures("_short_pages")
def test_the_time_before_the_first_look_stands_on_the_last_page_only(client: Client) -> None:
    long_story()
    told = ["not watched before" in page.partition('class="journal"')[2] for page in pages(client)]
    assert told == [False, False, True]


def test_the_page_asks_as_often_for_many_moves_as_for_few(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    moved("registry.example.com/shop/cart")
    with django_assert_num_queries(15):
        client.get("/movements/registry.example.com/shop/cart/")
    long_story()
    with django_assert_num_queries(15):
        client.get(APP)
    with django_assert_num_queries(14):
        client.get("/movements/")


class TestThePast:
    """Production went from 1.3 to 2.0 five days ago, and on to 2.1 today."""

    AT = "at=2026-05-12T12:00Z"

    def two_moves(self) -> None:
        repository = moved(at=NOW - 5 * DAY)
        keep_watching(repository, EXAMPLE, NOW - 5 * DAY, NOW - 5 * DAY + 30 * MINUTE)
        repository.interval = 30 * 24 * 3600
        repository.save()
        look(repository, {**EXAMPLE, "production": "2.1"})

    def test_picture_and_list_end_at_the_moment(self, client: Client) -> None:
        self.two_moves()
        response = client.get(f"{APP}?{self.AT}")
        assert "production moved forward from 1.3 to 2.0 current then" in text_of(response)
        assert "from 2.0 to 2.1" not in text_of(response)
        assert [bar for bar in bars_of(response) if bar.startswith("production")] == [
            "production on 1.3 from Sun 10 May 13:50 or earlier to Sun 10 May 14:00 (10 min)",
            "production on 2.0 since Sun 10 May between 13:55 and 14:00 (47 h), current then",
        ]
        assert "You look at 12 May 2026 14:00" in text_of(response)

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
            with django_assert_num_queries(18):
                client.get(f"/movements/registry.example.com/shop/{name}/?at=2026-05-15T11:30Z")


class TestFilters:
    def test_an_image_is_found_by_a_part_of_its_name(self, client: Client) -> None:
        moved()
        moved("127.0.0.1:5000/shop/cart")
        for text, found, other in (("CAR", "cart", "app"), ("example.com/shop/a", "app", "cart")):
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

    def test_zooming_keeps_the_middle_and_does_not_reach_beyond_now(self, client: Client) -> None:
        moved()
        asked = client.get(f"{APP}?from=2026-05-10T00:00Z&to=2026-05-12T00:00Z&tag=production").context["asked"]
        assert asked.closer == ("2026-05-10T12:00Z", "2026-05-11T12:00Z")
        assert asked.wider == ("2026-05-09T00:00Z", "2026-05-13T00:00Z")
        assert client.get(f"{APP}?span=day").context["asked"].wider == ("2026-05-13T12:00Z", "2026-05-15T12:00Z")
        assert client.get(f"{APP}?from=2026-05-15T11:59Z").context["asked"].closer is None


class TestExports:
    def test_the_table_holds_all_that_the_filter_finds(self, client: Client) -> None:
        long_story()
        response = client.get(f"{APP}?format=csv&kind=forward")
        lines = response.getvalue().decode().splitlines()
        assert lines[0] == (
            "id,repository,tag,kind,from_digest,to_digest,from_version,to_version,after,before,source,sentence"
        )
        assert len(lines) == 26
        assert "registry.example.com/shop/app,latest,forward" in lines[1]
        assert lines[1].endswith(",poll,latest moved forward from 1.24 to 1.25")

    def test_the_same_for_programs(self, client: Client) -> None:
        moved()
        [found] = json.loads(client.get(f"{APP}?format=json&tag=rollback").getvalue())
        assert found["sentence"] == "rollback moved forward from 1.2 to 1.3"
        assert (found["after"], found["before"]) == ("2026-05-15T11:55:00Z", "2026-05-15T12:00:01Z")

    def test_the_page_leads_to_its_table_and_its_feed(self, client: Client) -> None:
        moved()
        page = client.get(f"{APP}?tag=production&kind=forward&span=week").text
        feed = "/atom/registry.example.com/shop/app/?tag=production&amp;kind=forward"
        assert (
            f'<link rel="alternate" type="application/atom+xml" title="These movements as a feed" href="{feed}">'
            in page
        )
        assert page.count(feed) == 2
        assert 'href="?tag=production&amp;kind=forward&amp;span=week&amp;format=csv"' in page


class TestPermanentLinks:
    @pytest.mark.usefixtures("_short_pages")
    def test_a_movement_is_on_the_page_that_its_link_leads_to(self, client: Client) -> None:
        long_story()
        oldest = Movement.objects.order_by("before")[0]
        assert f'id="move-{oldest.pk}"' not in client.get(APP).text
        page = client.get(f"{APP}?move={oldest.pk}").text
        assert f'class="move forward sought" id="move-{oldest.pk}"' in page
        assert "Newest" in page

    def test_those_found_with_it_stay_with_it(self, client: Client) -> None:
        moved()
        for move in Movement.objects.all():
            assert "production and rollback moved together" in read(client, f"{APP}?move={move.pk}")

    def test_the_picture_shows_its_time(self, client: Client) -> None:
        repository = moved(at=NOW - 200 * DAY)
        look(repository, EXAMPLE)
        move = Movement.objects.all()[0]
        window = client.get(f"{APP}?move={move.pk}").context["window"]
        assert window.start < move.before < window.end

    def test_one_that_is_not_there_is_answered_in_words(self, client: Client) -> None:
        moved()
        for text in ("0", "x", "9" * 40, "²"):
            assert "is no movement that was seen here" in read(client, f"{APP}?move={text}", status=400)


@pytest.mark.usefixtures("_short_pages")
def test_a_look_whose_moves_a_page_cuts_says_so_on_both(client: Client) -> None:
    repository = watch()
    versions = {"1": "a", "2": "b"}
    look(repository, {**versions, **{f"stage-{letter}": "a" for letter in "abcdefghijklmno"}}, NOW - 5 * MINUTE)
    look(repository, {**versions, **{f"stage-{letter}": "b" for letter in "abcdefghijklmno"}})
    first = client.get(APP)
    second = client.get(f"{APP}?cursor={first.context['older']}")
    more, continued = "more moves of the same look are on the next page", "continued: newer moves of the same look"
    assert [words in text_of(first) for words in (more, continued)] == [True, False]
    assert [words in text_of(second) for words in (more, continued)] == [False, True]


@pytest.mark.usefixtures("_short_pages")
def test_looks_that_a_page_holds_as_a_whole_say_nothing_of_pages(client: Client) -> None:
    long_story()
    assert "of the same look" not in "".join(pages(client))


def test_a_lane_that_moved_too_often_is_counted_by_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_story()
    address = f"{APP}?span=month"
    each = bars_of(client.get(address))
    monkeypatch.setattr("tags.pages.sources.MOST_MOVES", 3)
    assert bars_of(client.get(address)) == each
    assert any("moved 25 times in short succession" in bar for bar in each)


def test_what_production_was_before_a_rebuild_looks_different(client: Client) -> None:
    repository = example(at=NOW - 10 * MINUTE)
    look(repository, {**EXAMPLE, "2.1": "2.1 made anew"}, NOW - 5 * MINUTE)
    look(repository, {**EXAMPLE, "2.1": "2.1 made anew", "qatesting": "2.1 made anew"})
    lanes = {lane.tag: lane.pieces for lane in client.get(APP).context["lanes"]}
    assert [piece.label for piece in lanes["qatesting"]] == ["2.1", "2.1 (rebuilt)"]
    assert lanes["perftesting"][-1].look == lanes["qatesting"][0].look != lanes["qatesting"][1].look


def test_without_any_move_the_page_says_why(client: Client) -> None:
    example()
    page = read(client, "/movements/")
    assert "Nothing has moved yet." in page


def test_without_any_repository_the_page_says_what_to_do(client: Client) -> None:
    assert "No pointer was there in this time." in read(client, "/movements/")


def test_before_anybody_looked_nothing_is_known(client: Client) -> None:
    moved()
    page = read(client, f"{APP}?from=2026-03-01&to=2026-03-02")
    assert "Not known: nobody had looked before 15 May 2026" in page
    assert "Whether anything moved in this time is not known." in page


def test_a_move_belongs_to_each_time_in_which_it_may_have_happened(client: Client) -> None:
    moved()  # some time between 13:55 and 14:00
    for times in ("from=2026-05-15T11:50Z&to=2026-05-15T11:57Z", "from=2026-05-15T11:57Z&to=2026-05-15T12:30Z"):
        assert "production moved forward from 1.3 to 2.0" in read(client, f"{APP}?{times}")
    assert "production moved" not in read(client, f"{APP}?from=2026-05-15T11:50Z&to=2026-05-15T11:54Z")


def test_a_place_in_the_list_beyond_the_calendar_is_refused_in_words(client: Client) -> None:
    moved()
    for cursor in ("0001-01-01T00:00%2B14:00~1", "9999-12-31T23:59-14:00~1"):
        assert client.get(f"/movements/?cursor={cursor}").status_code == 400
