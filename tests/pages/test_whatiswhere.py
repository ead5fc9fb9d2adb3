from __future__ import annotations

import datetime as dt

from tags.pages.standing import Standing
from tags.pages.whatiswhere import WhatIsWhere, what_is_where
from tags.versions import Role
from tests.listings import EXAMPLE, digest

MAY = dt.datetime(2026, 5, 9, 12, 0, tzinfo=dt.UTC)
FIVE_MINUTES = dt.timedelta(minutes=5)


def standing(
    name: str, content: str, since: dt.datetime = MAY, *, role: Role | None = None, state: str = "present"
) -> Standing:
    role = role or (Role.VERSION if name[0].isdigit() else Role.POINTER)
    return Standing(1, name, role, state, digest(content), since - FIVE_MINUTES, since)


def picture(text: str = "", **since: dt.datetime) -> WhatIsWhere:
    tags = [standing(name, content, since.get(name, MAY)) for name, content in EXAMPLE.items()]
    return what_is_where(tags, text, dt.UTC)


def shape(found: WhatIsWhere) -> list[tuple[str | None, list[str]]]:
    return [
        (row.group.version, [tag.name for arrival in row.arrivals for tag in arrival.pointers]) for row in found.rows
    ]


def test_pointers_stand_beside_their_version_newest_first() -> None:
    assert shape(picture()) == [
        ("2.2", ["latest"]),
        ("2.1", ["perftesting", "qatesting"]),
        ("2.0", ["production"]),
        ("1.3", ["rollback"]),
    ]


def test_versions_without_a_pointer_are_kept_apart() -> None:
    assert [row.group.version for row in picture().unpointed] == ["1.2", "1.1", "1.0"]


def test_an_image_without_a_version_stands_last() -> None:
    tags = [standing("nightly", "night"), standing("2.0", "2.0"), standing("production", "2.0")]
    assert shape(what_is_where(tags, "", dt.UTC)) == [("2.0", ["production"]), (None, ["nightly"])]


def test_the_filter_keeps_all_aliases_of_a_matching_tag() -> None:
    assert shape(picture("perf")) == [("2.1", ["perftesting", "qatesting"])]
    assert shape(picture("2.1")) == [("2.1", ["perftesting", "qatesting"])]
    assert (picture("perf").shown, picture("perf").images) == (1, 7)


def test_the_filter_finds_the_beginning_of_a_digest() -> None:
    assert shape(picture(digest("2.0")[:14])) == [("2.0", ["production"])]


def test_pointers_that_came_at_different_times_tell_their_own() -> None:
    later = MAY + dt.timedelta(days=1)
    [row] = picture("2.1", qatesting=later).rows
    assert [(arrival.first.name, arrival.first.before) for arrival in row.arrivals] == [
        ("qatesting", later),
        ("perftesting", MAY),
    ]


def test_pointers_that_one_poll_saw_moving_share_a_line() -> None:
    [row] = picture("2.1", qatesting=MAY + dt.timedelta(seconds=2)).rows
    assert [[tag.name for tag in arrival.pointers] for arrival in row.arrivals] == [["perftesting", "qatesting"]]


def test_by_pointer_tells_the_version_and_who_else_is_on_it() -> None:
    rows = {row.tag.name: row for row in picture().pointers}
    assert list(rows) == ["latest", "perftesting", "production", "qatesting", "rollback"]
    assert rows["qatesting"].aliases == ["perftesting"]
    assert rows["qatesting"].group is not None
    assert rows["qatesting"].group.version == "2.1"


def test_a_tag_whose_image_is_missing_says_so() -> None:
    tags = [standing("2.0", "2.0"), standing("production", "2.0", state="missing")]
    [row] = what_is_where(tags, "", dt.UTC).rows
    assert row.missing == ("production",)


def test_a_tag_nothing_is_known_of_has_no_row_but_is_told() -> None:
    unknown = Standing(1, "next", Role.POINTER, "unknown", None, None, MAY)
    found = what_is_where([unknown], "", dt.UTC)
    assert not found.rows
    assert [tag.name for tag in found.homeless] == ["next"]


def test_a_move_under_way_names_its_target() -> None:
    leaving = standing("production", "2.0")._replace(
        leaving_after=MAY, leaving_before=MAY + FIVE_MINUTES, leaving_to=digest("2.1")
    )
    found = what_is_where([leaving, standing("2.0", "2.0"), standing("2.1", "2.1")], "", dt.UTC)
    assert found.rows[0].arrivals[0].leaving_to == "2.1"
    assert found.pointers[0].leaving_to == "2.1"
