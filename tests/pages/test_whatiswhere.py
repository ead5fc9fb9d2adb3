from __future__ import annotations

import datetime as dt

import pytest

from tags.pages import whatiswhere
from tags.pages.standing import Standing
from tags.pages.whatiswhere import MOST_NAMES, MOST_UNPOINTED, By, Details, Inventory, Row, TagRow, image_rows, tag_rows
from tags.versions import Role
from tests.listings import EXAMPLE, digest

MAY = dt.datetime(2026, 5, 9, 12, 0, tzinfo=dt.UTC)
FIVE_MINUTES = dt.timedelta(minutes=5)


def standing(
    name: str, content: str, since: dt.datetime = MAY, *, role: Role | None = None, state: str = "present"
) -> Standing:
    role = role or (Role.VERSION if name[0].isdigit() else Role.POINTER)
    return Standing(1, name, role, state, digest(content), since - FIVE_MINUTES, since)


def example(**since: dt.datetime) -> list[Standing]:
    return [standing(name, content, since.get(name, MAY)) for name, content in EXAMPLE.items()]


def inventory_of(tags: list[Standing], text: str = "", labelled: dict[str, str] | None = None) -> Inventory:
    return Inventory([(tag.name, tag.role, tag.state, tag.digest) for tag in tags], text, labelled)


def details_of(tags: list[Standing]) -> Details:
    return Details({tag.name: tag for tag in tags}, dt.UTC)


def rows(tags: list[Standing], text: str = "") -> list[Row]:
    inventory = inventory_of(tags, text)
    return image_rows(inventory, inventory.pointed(), details_of(tags))


def by_tag(tags: list[Standing], text: str = "", *, by: By = By.TAG) -> list[TagRow]:
    inventory = inventory_of(tags, text)
    every = inventory.pointer_names() if by is By.POINTER else inventory.tag_names()
    return tag_rows(inventory, inventory.matching(every), details_of(tags), beside=by)


def shape(found: list[Row]) -> list[tuple[str | None, list[str]]]:
    return [(row.group.version, [tag.name for arrival in row.arrivals for tag in arrival.pointers]) for row in found]


def test_pointers_stand_beside_their_version_newest_first() -> None:
    assert shape(rows(example())) == [
        ("2.2", ["latest"]),
        ("2.1", ["perftesting", "qatesting"]),
        ("2.0", ["production"]),
        ("1.3", ["rollback"]),
    ]


def test_versions_without_a_pointer_are_kept_apart_newest_first() -> None:
    inventory = inventory_of(example())
    assert inventory.newest(inventory.unpointed()) == [digest("1.2"), digest("1.1"), digest("1.0")]


def test_only_the_newest_of_many_versions_without_a_pointer_are_named() -> None:
    inventory = inventory_of([standing(f"1.{number}", str(number)) for number in range(MOST_UNPOINTED + 50)])
    newest = inventory.newest(inventory.unpointed())
    assert (len(newest), newest[0], newest[-1]) == (MOST_UNPOINTED, digest("149"), digest("50"))


def test_an_image_without_a_version_stands_last() -> None:
    tags = [standing("nightly", "night"), standing("2.0", "2.0"), standing("production", "2.0")]
    assert shape(rows(tags)) == [("2.0", ["production"]), (None, ["nightly"])]


def test_two_unrelated_versions_of_one_image_are_both_shown() -> None:
    [row] = rows([standing("2.0", "a"), standing("2.0.0-final", "a"), standing("production", "a")])
    assert row.group.version == "2.0 = 2.0.0-final"
    assert row.group.shown == ("2.0", "2.0.0-final")


def test_the_filter_keeps_all_aliases_of_a_matching_tag() -> None:
    assert shape(rows(example(), "perf")) == [("2.1", ["perftesting", "qatesting"])]
    assert shape(rows(example(), "2.1")) == [("2.1", ["perftesting", "qatesting"])]
    assert inventory_of(example(), "perf").images == 7


def test_the_filter_finds_the_beginning_of_a_digest() -> None:
    assert shape(rows(example(), digest("2.0")[:14])) == [("2.0", ["production"])]


def test_a_label_that_matches_keeps_the_row_and_is_told() -> None:
    tags = example()
    inventory = inventory_of(tags, "team=checkout", {digest("2.0"): "team=checkout"})
    [row] = image_rows(inventory, inventory.pointed(), details_of(tags))
    assert (row.group.version, row.label) == ("2.0", "team=checkout")


def test_a_wrong_spelling_is_put_right() -> None:
    assert inventory_of(example(), "prodction").suggestion() == "production"


def test_pointers_that_came_at_different_times_tell_their_own() -> None:
    later = MAY + dt.timedelta(days=1)
    [row] = rows(example(qatesting=later), "2.1")
    assert [(arrival.first.name, arrival.first.before) for arrival in row.arrivals] == [
        ("qatesting", later),
        ("perftesting", MAY),
    ]


def test_pointers_that_one_poll_saw_moving_share_a_line() -> None:
    [row] = rows(example(qatesting=MAY + dt.timedelta(seconds=2)), "2.1")
    assert [[tag.name for tag in arrival.pointers] for arrival in row.arrivals] == [["perftesting", "qatesting"]]


def test_a_thousand_names_of_one_image_are_counted_and_not_shown() -> None:
    tags = [standing("2.0", "a"), *(standing(f"env-{'x' * number}", "a", role=Role.POINTER) for number in range(50))]
    [row] = rows(tags)
    assert sum(len(arrival.pointers) for arrival in row.arrivals) == MOST_NAMES
    assert row.other_pointers == 50 - MOST_NAMES
    version = by_tag(tags, "2.0")[0]
    assert (len(version.shown_aliases), version.other_aliases) == (MOST_NAMES, 50 - MOST_NAMES)


def test_by_pointer_tells_the_version_and_who_else_is_on_it() -> None:
    found = {row.tag.name: row for row in by_tag(example(), by=By.POINTER)}
    assert list(found) == ["latest", "perftesting", "production", "qatesting", "rollback"]
    assert found["qatesting"].aliases == ("perftesting",)
    assert found["qatesting"].group is not None
    assert found["qatesting"].group.version == "2.1"


def test_all_tags_point_both_ways_versions_first() -> None:
    assert [(row.tag.name, row.aliases) for row in by_tag(example())] == [
        ("1.0", ()),
        ("1.1", ()),
        ("1.2", ()),
        ("1.3", ("rollback",)),
        ("2.0", ("production",)),
        ("2.1", ("perftesting", "qatesting")),
        ("2.2", ("latest",)),
        ("latest", ("2.2",)),
        ("perftesting", ("2.1", "qatesting")),
        ("production", ("2.0",)),
        ("qatesting", ("2.1", "perftesting")),
        ("rollback", ("1.3",)),
    ]


def test_a_tag_whose_image_is_missing_says_so() -> None:
    [row] = rows([standing("2.0", "2.0"), standing("production", "2.0", state="missing")])
    assert row.missing == ("production",)


def test_a_tag_nothing_is_known_of_has_no_row_but_is_told() -> None:
    unknown = Standing(1, "next", Role.POINTER, "unknown", None, None, MAY)
    inventory = inventory_of([unknown])
    assert not inventory.pointed()
    assert inventory.homeless() == ["next"]
    assert [row.group for row in by_tag([unknown])] == [None]


def test_a_move_under_way_names_its_target() -> None:
    leaving = standing("production", "2.0")._replace(
        leaving_after=MAY, leaving_before=MAY + FIVE_MINUTES, leaving_to=digest("2.1")
    )
    tags = [leaving, standing("2.0", "2.0"), standing("2.1", "2.1")]
    assert rows(tags)[0].arrivals[0].leaving_to == "2.1"
    assert by_tag(tags, by=By.POINTER)[0].leaving_to == "2.1"


def test_production_is_held_against_the_next_images_above_it() -> None:
    tags = example()
    inventory = inventory_of(tags)
    assert inventory.beside_production() == ["production", "perftesting", "qatesting", "latest"]
    assert [(drift.ahead, drift.versions) for drift in inventory.drifts(details_of(tags).tags)] == [
        (("perftesting", "qatesting"), 1),
        (("latest",), 2),
    ]


def test_of_too_many_versions_none_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whatiswhere, "MOST_VERSIONS", 6)
    tags = example()  # seven versions
    assert [drift.versions for drift in inventory_of(tags).drifts(details_of(tags).tags)] == [None, None]


def test_without_a_production_nothing_is_behind() -> None:
    inventory = inventory_of([standing("2.0", "a"), standing("latest", "a")])
    assert inventory.beside_production() == []
    assert inventory.drifts({}) == []


def test_the_drift_counts_an_image_once_and_not_what_is_missing() -> None:
    tags = [
        standing("1.0", "a"), standing("production", "a"),
        standing("1.1.0", "b"), standing("v1.1.0", "b", role=Role.VERSION), standing("1.1.0-final", "b"),
        standing("1.5", "c", state="missing"),
        standing("2.0.0", "d"), standing("2.0.0-rc1", "d"), standing("latest", "d"),
    ]  # fmt: skip
    [drift] = inventory_of(tags).drifts({tag.name: tag for tag in tags})
    assert drift.sentence == "production is 2 versions behind latest"
