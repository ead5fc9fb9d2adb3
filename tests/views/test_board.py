from __future__ import annotations

import json

import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tags.models import Heartbeat
from tags.registry import TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, example, look, moved, watch
from tests.listings import EXAMPLE, digest
from tests.views.partly import disputed, unanswered
from tests.views.pasts import COMING, GOING, gone_and_back
from tests.views.reading import read, rows_of, text_of

APP = "/registry.example.com/shop/app/"
THEN = "2026-05-15T11:54Z"  # before production moved in moved()


def exported(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return b"".join(response).decode()


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        client.get(address)
    return len(asked)


def test_every_image_is_a_row_with_the_version_of_each_pointer(client: Client) -> None:
    example()
    look(watch("docker.io/library/python"), {"3.14.0": "py", "latest": "py"})
    header, python, app = rows_of(client.get("/"))
    assert header == "Image latest perftesting production qatesting rollback"
    assert python.startswith("python docker.io Checked 5 s ago · next in")
    assert "3.14.0 today (at least 4 s)" in python
    assert app.startswith("shop/app registry.example.com Checked 5 s ago · next in")
    assert "2.2 today (at least 4 s)" in app


def test_a_pointer_on_no_version_shows_its_digest(client: Client) -> None:
    look(watch(), {"1.0": "1.0", "nightly": "night"})
    assert "no version tag" in read(client, "/")
    assert "sha256:" in read(client, "/")


def test_floating_versions_take_no_column(client: Client) -> None:
    look(watch(), {"2.1.0": "a", "2.1": "a", "2": "a", "latest": "a"})
    header, row = rows_of(client.get("/"))
    assert header == "Image latest Others"
    assert row.endswith("2 more 2 2.1.0, 2.1 2.1.0")  # the names are for paper


def test_the_filter_finds_image_pointer_and_version(client: Client) -> None:
    example()
    look(watch("registry.example.com/shop/cart"), {"3.0": "c", "production": "c"})
    assert "1 of 2" in read(client, "/?q=cart")
    assert "1 of 2" in read(client, "/?q=2.1")
    assert "2 of 2" in read(client, "/?q=production")
    assert "shop/app" not in read(client, "/?q=cart")


def test_a_version_that_nothing_points_to_is_not_found(client: Client) -> None:
    example()
    assert "Nothing matches “1.0”." in read(client, "/?q=1.0")


def test_a_wrong_spelling_is_answered_with_the_right_one(client: Client) -> None:
    example()
    assert "Did you mean production ?" in read(client, "/?q=prodction")


def test_the_board_asks_as_often_for_twenty_images_as_for_two(client: Client) -> None:
    addresses = ("/", "/?q=2.1", f"/?at={THEN}", f"/?than={THEN}", f"/?at={THEN}&than=2026-05-15T13:51")
    for number in range(2):
        moved(f"registry.example.com/shop/app{number}")
    few = [queries(client, address) for address in addresses]
    for number in range(2, 20):
        moved(f"registry.example.com/shop/app{number}")
    assert [queries(client, address) for address in addresses] == few
    assert few[0] == 8


def test_the_row_says_how_far_production_is_behind(client: Client) -> None:
    example()
    assert "production is 1 version behind perftesting and qatesting" in read(client, "/")


def test_what_changed_since_then_is_marked_and_counted(client: Client) -> None:
    moved()
    page = read(client, f"/?than={THEN}")
    assert "2 cells changed since today 13:54. Only images that changed" in page
    assert "2.0 today (4 s to 5 min) was 1.3" in page
    assert "was" not in rows_of(client.get("/"))[1]


def test_a_moment_compared_with_that_nobody_watched_is_not_known(client: Client) -> None:
    moved()
    page = read(client, "/?than=2026-05-01")
    assert "What was where then (Fri 1 May 00:00) is not known." in page
    assert "not known then · not watched before 15 May 2026 13:50" in page


def test_a_comparison_says_of_how_many_images_it_can_say_nothing(client: Client) -> None:
    moved()
    example("registry.example.com/shop/cart")
    assert "2 cells changed since today 13:54. Of 1 image it is not known." in read(client, f"/?than={THEN}")


def test_where_nothing_changed_there_is_a_way_back_to_all_images(client: Client) -> None:
    example()
    page = read(client, "/?than=2026-05-15T14:00:02&changed=1")
    assert "No deployment tag is elsewhere than it was then. Show all images" in page


def test_a_later_moment_is_compared_in_other_words(client: Client) -> None:
    moved()
    assert "2 cells changed until today 14:00" in read(client, f"/?at={THEN}&than=2026-05-15T14:00:02")


def test_chosen_columns_are_kept_by_the_filter_and_an_unknown_one_is_said(client: Client) -> None:
    example()
    response = client.get("/?columns=production&columns=stable")
    header, row = rows_of(response)
    assert header == "Image production Others"
    assert "4 more latest 2.2, perftesting 2.1" in row
    assert "No image has this deployment tag: stable." in text_of(response)
    assert '<input type="hidden" name="columns" value="production">' in response.text


def test_links_go_to_the_same_moment(client: Client) -> None:
    moved()
    response = client.get("/?at=2026-05-15T11:54Z")
    assert f'href="{APP}?at=2026-05-15T11%3A54Z"' in response.text
    assert f'href="{APP[:-1]}:production/?at=2026-05-15T11%3A54Z"' in response.text


def test_an_image_with_versions_only_says_so(client: Client) -> None:
    example()
    look(watch("registry.example.com/shop/tool"), {"1.0": "t"})
    assert rows_of(client.get("/"))[2].endswith("no deployment tag, only versions")


def test_the_csv_has_a_line_for_each_cell_that_the_filter_shows(client: Client) -> None:
    example()
    look(watch("registry.example.com/shop/cart"), {"3.0": "c", "production": "c"})
    header, *lines = exported(client, "/?q=app&format=csv").splitlines()
    assert header == (
        "repository,tag,version,digest,after,before,state,checked_at,reason,moving_to,moving_after,moving_before"
    )
    assert len(lines) == 5
    assert lines[2] == (
        f"registry.example.com/shop/app,production,2.0,{digest('2.0')},,2026-05-15T12:00:01Z,present,"
        "2026-05-15T12:00:00Z,,,,"
    )
    assert len(exported(client, "/?columns=production&format=csv").splitlines()) == 3


def test_the_json_of_a_comparison_says_what_was_there(client: Client) -> None:
    moved()
    lines = {line["tag"]: line for line in json.loads(exported(client, f"/?than={THEN}&format=json"))}
    assert lines["production"]["changed"] is True
    assert lines["production"]["version_before"] == "1.3"
    assert lines["production"]["digest_before"] == digest("1.3")
    assert lines["latest"]["changed"] is False


def test_an_export_says_why_nothing_is_known(client: Client) -> None:
    moved()
    (line,) = json.loads(exported(client, "/?at=2026-05-01&format=json"))
    assert (line["state"], line["reason"]) == ("unknown", "not watched before 15 May 2026 13:50")


def test_an_unknown_format_is_answered_in_words(client: Client) -> None:
    assert "“xls” is no format: choose csv or json." in read(client, "/?format=xls", status=400)


def test_an_empty_board_says_what_to_do(client: Client) -> None:
    assert "No image is watched yet. Start with one: manage.py watch python" in read(client, "/")


def test_the_board_tells_that_nobody_looks(client: Client) -> None:
    example()
    assert "No worker has run yet" in read(client, "/")
    Heartbeat.objects.create(part=Heartbeat.DISPATCH, beat_at=NOW - HOUR)
    page = read(client, "/")
    assert "No worker since today 13:00 (60 min ago)" in page
    assert "Ask whoever runs RegistryViewer to start it again." in page
    Heartbeat.objects.update(beat_at=NOW)
    assert "No worker" not in read(client, "/")


def test_a_look_that_failed_is_marked_in_words(client: Client) -> None:
    repository = example(at=NOW - HOUR)
    look(repository, {}, error=TimedOut("registry.example.com timed out"))
    page = read(client, "/")
    assert "No good look since today 13:00 · next in 4 min registry timed out If that goes on, ask" in page


def test_a_look_that_failed_is_told_in_the_language_of_the_reader(client: Client) -> None:
    repository = example(at=NOW - HOUR)
    look(repository, {}, error=TimedOut("registry.example.com timed out (GET /v2/shop/app/tags/list)"))
    for address in ("/", "/registry.example.com/shop/app/"):
        page = text_of(client.get(address, headers={"accept-language": "de"}))
        assert "Registry hat zu lange nicht geantwortet" in page
        assert "timed out" not in page


def test_a_look_that_missed_a_tag_is_marked_with_its_error(client: Client) -> None:
    unanswered("perftesting")
    page = read(client, "/")
    assert "Partly checked just now · next in 4 min registry timed out" in page


def test_a_pointer_that_is_disputed_keeps_its_version_and_is_marked(client: Client) -> None:
    disputed("production")
    page = read(client, "/")
    assert "registry's servers disagree Ask whoever runs the registry: its copies are out of step." in page
    assert "2.0 the registry's servers disagree today" in page
    assert page.count("the registry's servers disagree") == 1
    assert "disagree" not in read(client, "/?at=2026-05-15T13:30")


def test_an_image_nobody_looked_at_for_long_is_late(client: Client) -> None:
    example(at=NOW - 11 * MINUTE)
    assert "Late: checked 11 min ago" in read(client, "/")


def test_the_board_of_the_past_shows_what_was_then(client: Client) -> None:
    moved()
    page = read(client, "/?at=2026-05-15T13:54")
    assert "You look at 15 May 2026 13:54 (Europe/Berlin)" in page
    assert "1.3 today" in page


def test_an_image_that_was_not_watched_then_is_not_known(client: Client) -> None:
    moved()
    look(watch("registry.example.com/shop/cart"), {"3.0": "c", "production": "c"}, NOW - DAY)
    page = read(client, "/?at=2026-05-14T15:00")
    assert "shop/app registry.example.com not known · not watched before 15 May 2026 13:50" in page


def test_a_pointer_on_its_way_says_so(client: Client) -> None:
    moved()
    assert "1.3 moving to 2.0 between 13:55 and 14:00" in read(client, "/?at=2026-05-15T13:58")


def test_a_moment_that_cannot_be_read_is_answered_in_words(client: Client) -> None:
    assert "“yesterday” is no date and time" in read(client, "/?at=yesterday", status=400)
    assert "too far away" in read(client, "/?at=9999-12-31", status=400)


def test_rows_beyond_a_hundred_are_on_the_next_page(client: Client) -> None:
    look(watch("registry.example.com/a"), EXAMPLE)
    for number in range(100):
        watch(f"registry.example.com/b{number:03}")
    assert "1 to 100 of 101 Next" in read(client, "/")
    assert "b099" in read(client, "/?page=2")


def test_an_image_keeps_its_name_when_a_longer_version_comes(client: Client) -> None:
    repository = watch()
    tags = {"1.2": "1.2", "1.3": "1.3", "production": "1.3"}
    look(repository, tags, NOW - 10 * MINUTE)
    look(repository, {**tags, "1.3.1": "1.3.1"}, NOW)
    assert repository.tags.get(name="1.3").role == "pointer"
    for address in ("/", "/?at=2026-05-15T11:55:00Z"):
        page = client.get(address).text
        assert ">1.3</a>" in page
        assert "no version tag" not in page


class TestNeverSeen:
    """Of a repository that nobody has seen it is not known which tags there are not."""

    def test_an_image_that_was_never_seen_is_not_known(self, client: Client) -> None:
        example()
        watch("registry.example.com/shop/new")
        look(watch("registry.example.com/shop/shy"), {}, error=TimedOut("registry timed out"))
        rows = rows_of(client.get("/"))
        assert rows[2].endswith("not known · nobody has looked yet")
        assert rows[3].endswith("not known · no look has succeeded yet")
        assert "no such tag" not in rows[2] + rows[3]
        lines = [line.split(",") for line in exported(client, "/?format=csv").splitlines()]
        assert [(line[0], line[6]) for line in lines if line[0].endswith(("new", "shy"))] == [
            ("registry.example.com/shop/new", "unknown"),
            ("registry.example.com/shop/shy", "unknown"),
        ]

    def test_of_a_list_that_broke_off_what_was_not_seen_is_not_known(self, client: Client) -> None:
        example()
        look(watch("registry.example.com/shop/part"), {"production": "A"}, error=TimedOut("registry timed out"))
        (part,) = (row for row in rows_of(client.get("/")) if row.startswith("shop/part"))
        assert "no such tag" not in part
        assert "not known" in part

    def test_its_movements_are_not_known(self, client: Client) -> None:
        repository = watch()
        for error in (None, TimedOut("registry timed out")):
            if error:
                look(repository, {}, error=error)
            page = read(client, repository.movements_url)
            assert "Not known: nobody has seen yet which tags there are." in page
            assert error or "Whether anything has moved is not known." in page
            assert "No pointer was there" not in page
            assert "Nothing has moved yet" not in page


class TestMoving:
    """Production went from 1.3 to 2.0 between 13:55 and 14:00, and rollback from 1.2 to 1.3."""

    def test_a_move_under_way_may_have_changed_a_cell(self, client: Client) -> None:
        moved()
        page = client.get("/?than=2026-05-15T11:57:00Z")
        assert "0 cells changed since today 13:57. 2 more may have: they were moving." in text_of(page)
        assert "2.0 today (4 s to 5 min) not known whether it changed: it was moving" in text_of(page)
        assert "No deployment tag is elsewhere" not in read(client, "/?than=2026-05-15T11:57:00Z&changed=1")
        rows = json.loads(exported(client, "/?than=2026-05-15T11:57:00Z&format=json"))
        assert {row["tag"]: row["changed"] for row in rows} == {
            "latest": False, "perftesting": False, "production": None, "qatesting": False, "rollback": None,
        }  # fmt: skip

    def test_what_was_leaving_and_is_gone_is_told_to_people_and_programs(self, client: Client) -> None:
        look(moved(), {name: version for name, version in EXAMPLE.items() if name != "latest"}, NOW + 5 * MINUTE)
        with time_machine.travel(NOW + 6 * MINUTE):
            page = read(client, "/?than=2026-05-15T12:02:00Z")
            rows = json.loads(exported(client, "/?than=2026-05-15T12:02:00Z&format=json"))
        assert "0 cells changed since today 14:02. 1 more may have: it was moving." in page
        assert "gone not known whether it changed: it was moving" in page
        assert [(row["tag"], row["state"]) for row in rows if row["changed"] is None] == [("latest", "removed")]

    def test_wherever_it_was_moving_to_it_is_elsewhere_now(self, client: Client) -> None:
        look(moved(), {**EXAMPLE, "production": "2.2"}, NOW + MINUTE)
        with time_machine.travel(NOW + 2 * MINUTE):
            page = read(client, "/?than=2026-05-15T11:57:00Z")
        assert "1 cell changed since today 13:57. 1 more may have: it was moving." in page

    def test_a_move_under_way_is_exported(self, client: Client) -> None:
        moved()
        rows = json.loads(exported(client, "/?at=2026-05-15T11:57:00Z&format=json"))
        moving = {row["tag"]: (row["version"], row["moving_to"], row["moving_before"]) for row in rows}
        assert moving["production"] == ("1.3", "2.0", "2026-05-15T12:00:01Z")
        assert moving["latest"] == ("2.2", None, None)
        rows = json.loads(exported(client, f"{APP}?by=pointer&at=2026-05-15T11:57:00Z&format=json"))
        assert {row["name"]: row["moving_to"] for row in rows if row["moving_before"]} == {
            "production": "2.0",
            "rollback": "1.3",
        }


def test_what_people_call_their_deployments_gets_a_column_first(client: Client) -> None:
    odd = {"_cmd": "A", "A__B": "A", "Aa": "A", "Bb": "A", "Cc": "A", "aaa": "A"}
    look(watch(), {"1.0.0": "A", "perftesting": "A", "rollback": "A", "production": "A", **odd})
    assert rows_of(client.get("/"))[0] == "Image A__B Aa Bb perftesting production rollback Others"


class TestGoneAndBack:
    """Between two looks nobody knows whether what came or went was there."""

    def test_what_was_coming_is_not_known(self, client: Client) -> None:
        gone_and_back()
        header, app = rows_of(client.get(f"/?at={COMING}"))
        assert header == "Image canary production"
        assert "not known coming, pointing to 1.0, between 13:55 and 14:00" in app
        assert "not known coming, pointing to 1.1, between 13:55 and 14:00" in app
        assert "no such tag" not in app

    def test_what_was_going_says_so(self, client: Client) -> None:
        gone_and_back()
        (app,) = rows_of(client.get(f"/?at={GOING}"))[1:]
        assert "1.0 being removed between 13:50 and 13:55 today" in app

    def test_what_was_coming_may_have_changed(self, client: Client) -> None:
        gone_and_back()
        page = read(client, f"/?than={COMING}")
        assert "0 cells changed since today 13:57. 2 more may have: they were moving." in page
        assert "was not there" not in page

    def test_what_was_coming_and_is_elsewhere_now_has_changed_either_way(self, client: Client) -> None:
        look(gone_and_back(), {"1.0": "a", "1.1": "b", "production": "a", "canary": "a"}, NOW + MINUTE)
        with time_machine.travel(NOW + 2 * MINUTE):
            page = read(client, f"/?than={COMING}")
        assert "1 cell changed since today 13:57. 1 more may have: it was moving." in page
        assert "was coming" in page

    def test_an_export_says_unknown_and_what_is_known(self, client: Client) -> None:
        gone_and_back()
        rows = json.loads(exported(client, f"/?at={COMING}&format=json"))
        assert [(row["tag"], row["state"], row["before"], row["moving_to"], row["moving_before"]) for row in rows] == [
            ("canary", "unknown", None, "1.0", "2026-05-15T12:00:01Z"),
            ("production", "unknown", None, "1.1", "2026-05-15T12:00:01Z"),
        ]

    def test_a_version_that_was_coming_names_no_pointer_without_an_image(self, client: Client) -> None:
        repository = watch()
        look(repository, {"1.0": "a", "next": None}, NOW - 5 * MINUTE)
        look(repository, {"1.0": "a", "1.1": "b", "next": None}, NOW)
        assert "Nothing matches “1.1”" in read(client, f"/?at={COMING}&q=1.1")
