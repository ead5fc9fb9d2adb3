"""The page of movements: its sentences, page by page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tags.models import Movement
from tags.registry import ServersDisagree, Spell, TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, example, keep_watching, look, moved, watch
from tests.listings import EXAMPLE, START, at, digest, make_repository, record, seen
from tests.views.pasts import long_story
from tests.views.reading import bars_of, read, text_of

if TYPE_CHECKING:
    pass

APP = "/movements/registry.example.com/shop/app/"


def test_moves_are_sentences_with_their_interval(client: Client) -> None:
    moved()
    page = read(client, APP)
    assert "Today, Friday 15 May 2026 production and rollback moved together" in page
    assert "between 13:55 and 14:00 production moved forward from 1.3 to 2.0 still current" in page
    assert "between 13:55 and 14:00 rollback moved forward from 1.2 to 1.3 still current" in page


def test_the_page_of_an_image_tells_how_fresh_it_is_and_what_is_wrong(client: Client) -> None:
    repository = example(at=NOW - HOUR)
    look(repository, EXAMPLE)
    assert "registry.example.com/shop/app Checked 5 s ago · next in" in read(client, APP)
    look(repository, {}, NOW + SECOND, error=TimedOut("it took too long"))
    trouble = "No good look since today 14:00: registry timed out"
    assert trouble in read(client, APP)
    assert trouble not in read(client, f"{APP}?at=2026-05-15T11:30Z")


class TestWhatNobodyKnows:
    DOUBT = "not known whether it still is: registry timed out since today 11:55"

    def silent(self) -> None:
        repository = moved(at=NOW - 2 * HOUR - 10 * MINUTE)
        look(repository, EXAMPLE, NOW - 2 * HOUR - 5 * MINUTE)
        look(repository, {}, NOW - HOUR, error=TimedOut("it took too long"))
        look(repository, {}, NOW, error=TimedOut("it took too long"))

    def test_while_the_registry_is_silent_no_move_is_called_current(self, client: Client) -> None:
        self.silent()
        for address in (APP, "/movements/", "/registry.example.com/shop/app:production/"):
            response = client.get(address)
            page = text_of(response)
            assert f"production moved forward from 1.3 to 2.0 {self.DOUBT}" in page
            assert "still current" not in page
            assert self.DOUBT in [bar for bar in bars_of(response) if bar.startswith("production")][-1]

    def test_an_earlier_part_of_the_picture_claims_nothing_of_now(self, client: Client) -> None:
        self.silent()
        response = client.get(f"{APP}?from=2026-05-15T09:00Z&to=2026-05-15T09:52:30Z")
        assert not any("still current" in bar for bar in bars_of(response))

    def test_at_a_moment_in_the_silence_nothing_is_called_current_then(self, client: Client) -> None:
        self.silent()
        response = client.get("/registry.example.com/shop/app:production/?at=2026-05-15T11:30Z")
        assert "current then" not in response.text
        doubt = self.DOUBT.replace("still is", "still was then")
        assert f"production moved forward from 1.3 to 2.0 {doubt}" in text_of(response)
        assert bars_of(response)[-1].endswith(doubt)

    def test_while_a_tag_was_moving_nothing_is_called_current_then(self, client: Client) -> None:
        repository = moved(at=NOW - 10 * MINUTE)
        look(repository, {**EXAMPLE, "production": "2.1"}, NOW - 5 * MINUTE)
        look(repository, {**EXAMPLE, "production": "2.1"})
        response = client.get("/registry.example.com/shop/app:production/?at=2026-05-15T11:52:30Z")
        doubt = "not known whether it still was then: it was moving"
        assert f"production moved forward from 1.3 to 2.0 {doubt}" in text_of(response)
        assert bars_of(response)[-1].endswith(doubt)
        page = client.get(f"{APP}?at=2026-05-15T11:52:30Z")
        assert "rollback moved forward from 1.2 to 1.3 current then" in text_of(page)

    def test_a_tag_that_alone_gives_no_answer_is_not_called_current(self, client: Client) -> None:
        repository = moved(at=NOW - 10 * MINUTE)
        without = {name: content for name, content in EXAMPLE.items() if name != "production"}
        record(repository, seen(without, (NOW - START) / MINUTE, failing=("production",)))
        page = read(client, APP)
        assert "from 1.3 to 2.0 not known whether it still is: this tag gave no answer since today 13:50" in page
        assert "rollback moved forward from 1.2 to 1.3 still current" in page

    def test_a_tag_that_the_servers_disagree_about_is_not_called_current(self, client: Client) -> None:
        repository = moved(at=NOW - 10 * MINUTE)
        without = {name: content for name, content in EXAMPLE.items() if name != "production"}
        listing = seen(without, (NOW - START) / MINUTE, failing=("production",))
        record(repository, replace(listing, failures={"production": ServersDisagree("two answers")}))
        doubt = "not known whether it still is: the registry's servers disagree about this tag since today 14:00"
        assert f"from 1.3 to 2.0 {doubt}" in read(client, APP)


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


@pytest.mark.parametrize("query", ["at=2026-05-15T10:30Z", "from=2026-05-15T08:00Z&to=2026-05-15T10:30Z"])
def test_a_gap_that_went_on_when_the_time_ends_is_told_until_then(client: Client, query: str) -> None:
    repository = example(at=NOW - 3 * HOUR)
    look(repository, {}, NOW - 2 * HOUR, error=TimedOut("it took too long"))
    look(repository, EXAMPLE, NOW - HOUR)
    for address in ("/movements/", APP):
        page = read(client, f"{address}?{query}")
        assert "not watched today between 11:00 and 12:30: registry timed out" in page
        assert "and 13:00" not in page


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


@pytest.mark.parametrize("query", ["", "&span=week", "&from=2026-05-04"])
def test_what_moved_at_just_the_moment_of_the_page_is_told_whatever_time_is_chosen(client: Client, query: str) -> None:
    repository = make_repository()
    answered = at(5) + 3 * SECOND
    record(repository, seen(EXAMPLE, 0))
    history = (Spell("production", digest("2.1"), answered, None),)
    record(repository, seen({**EXAMPLE, "production": "2.1"}, 5, history=history))
    page = read(client, f"{repository.movements_url}?at={answered:%Y-%m-%dT%H:%M:%SZ}{query}")
    assert "production moved forward from 2.0 to 2.1" in page


class TestAnEndBeforeTheBeginning:
    ADDRESS = f"{APP}?from=2026-05-10T12:00:30Z&to=2026-05-01T12:00Z&tag=production"

    def test_is_told_in_the_page_and_the_fields_stay_as_they_were_filled(self, client: Client) -> None:
        moved()
        for address in (self.ADDRESS, self.ADDRESS.replace("/movements", "").replace("/?", ":production/?")):
            response = client.get(address, headers={"HX-Request": "true"})
            assert response.status_code == 200
            results = response.text.partition('id="results"')[2]
            assert "The time ends before it begins: choose an earlier “from” or a later “to”." in results
            assert bars_of(response) == []
            assert "moved" not in results.partition("</section>")[0].partition("notice")[2]
        page = client.get(self.ADDRESS).text
        assert 'name="from" value="2026-05-10T14:00:30"' in page
        assert 'name="to" value="2026-05-01T14:00"' in page
        assert 'name="tag" value="production"' in page

    def test_makes_no_file(self, client: Client) -> None:
        moved()
        assert "ends before it begins" in read(client, f"{self.ADDRESS}&format=")
        assert "ends before it begins" in read(client, f"{self.ADDRESS}&format=csv", status=400)


@pytest.mark.parametrize("query", ["from=1970-01-01", "from=1970-01-01&to=1975-01-01", "from=1969-12-31T00:00Z"])
def test_no_link_leads_beyond_what_can_be_asked_for(client: Client, query: str) -> None:
    moved()
    response = client.get(f"{APP}?{query}", follow=True)
    links = re.findall(r'id="(?:earlier|later|closer|wider)" href="([^"]*)"', response.text)
    assert links
    for link in links:
        assert client.get(f"{APP}{unescape(link)}").status_code == 200


def test_many_short_gaps_hide_no_long_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tags.pages.sources.MOST_GAPS", 3)
    outage = example("registry.example.com/shop/cart", at=NOW - 30 * HOUR)
    look(outage, {}, NOW - 29 * HOUR, error=TimedOut("it took too long"))
    look(outage, EXAMPLE, NOW - 5 * HOUR)
    keep_watching(outage, EXAMPLE, NOW - 5 * HOUR, NOW)
    blinking = watch(interval=600)
    look(blinking, EXAMPLE, NOW - HOUR)
    for minutes in range(55, -1, -5):
        error = TimedOut("it took too long") if minutes % 10 else None
        look(blinking, {} if error else EXAMPLE, NOW - minutes * MINUTE, error=error)
    assert "not watched between yesterday 08:00 and today 09:00: registry timed out" in read(client, "/movements/")


def test_what_cannot_be_read_is_answered_in_words(client: Client) -> None:
    moved()
    assert "is no span" in read(client, f"{APP}?span=fortnight", status=400)
    assert "is no kind of movement" in read(client, f"{APP}?kind=sideways", status=400)
    assert "is no tag's name" in read(client, f"{APP}?tag=%00", status=400)
    assert "is no place in this list" in read(client, f"{APP}?cursor=here", status=400)


@pytest.fixture
def _short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tags.pages.journalpage.MOVES", 10)


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
    def test_at_an_earlier_moment_nobody_is_told_that_the_time_ends_before_it_begins(self, client: Client) -> None:
        repository = example(at=NOW - 40 * DAY)
        keep_watching(repository, EXAMPLE, NOW - 40 * DAY, NOW - 40 * DAY + HOUR)
        look(repository, {**EXAMPLE, "production": "2.1"})
        move = Movement.objects.get()
        response = client.get(f"{APP}?move={move.pk}&at={NOW - 40 * DAY + HOUR:%Y-%m-%dT%H:%M}Z")
        assert "The time ends before it begins" not in text_of(response)
        assert response.context["window"].end == NOW - 40 * DAY + HOUR
        assert bars_of(response)
        assert "production moved forward" not in text_of(response)

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

    @pytest.mark.usefixtures("_short_pages")
    def test_one_of_more_than_a_page_holds_is_on_top_of_its_own(self, client: Client) -> None:
        repository = watch()
        stages = [f"stage-{number:02}" for number in range(12)]
        look(repository, {"1": "a", "2": "b", **dict.fromkeys(stages, "a")}, NOW - 5 * MINUTE)
        look(repository, {"1": "a", "2": "b", **dict.fromkeys(stages, "b")})
        for place, move in enumerate(Movement.objects.newest_first()):
            page = client.get(f"{APP}?move={move.pk}")
            assert f'class="move forward sought" id="move-{move.pk}"' in page.text
            assert ("continued: newer moves of the same look" in text_of(page)) is (place >= 10)

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


def test_without_any_move_the_page_says_why(client: Client) -> None:
    example()
    page = read(client, "/movements/")
    assert "Nothing has moved yet." in page


def test_a_move_belongs_to_each_time_in_which_it_may_have_happened(client: Client) -> None:
    moved()  # some time between 13:55 and 14:00
    for times in ("from=2026-05-15T11:50Z&to=2026-05-15T11:57Z", "from=2026-05-15T11:57Z&to=2026-05-15T12:30Z"):
        assert "production moved forward from 1.3 to 2.0" in read(client, f"{APP}?{times}")
    assert "production moved" not in read(client, f"{APP}?from=2026-05-15T11:50Z&to=2026-05-15T11:54Z")


def test_a_place_in_the_list_beyond_the_calendar_is_refused_in_words(client: Client) -> None:
    moved()
    for cursor in ("0001-01-01T00:00%2B14:00~1", "9999-12-31T23:59-14:00~1"):
        assert client.get(f"/movements/?cursor={cursor}").status_code == 400
