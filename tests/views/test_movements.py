from __future__ import annotations

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
    with django_assert_num_queries(10):
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
    with django_assert_num_queries(9):
        client.get("/movements/registry.example.com/shop/cart/")
    long_story()
    with django_assert_num_queries(9):
        client.get(APP)
    with django_assert_num_queries(8):
        client.get("/movements/")


def test_without_any_move_the_page_says_why(client: Client) -> None:
    example()
    page = read(client, "/movements/")
    assert "Nothing has moved yet." in page


def test_without_any_repository_the_page_says_what_to_do(client: Client) -> None:
    assert "No pointer was there in this time." in read(client, "/movements/")
