from __future__ import annotations

import datetime as dt

import pytest

from tags.models import Repository
from tags.pages import versionsathand
from tags.pages.board import Asked, Board, board
from tags.pages.boardrows import Row, rows
from tests.factories import DAY, MINUTE, NOW, SECOND, example, look, moved, watch
from tests.listings import EXAMPLE

pytestmark = pytest.mark.django_db

BEFORE = NOW - 6 * MINUTE  # of a moved() example


def shown(**asked: object) -> Board:
    return board(Asked(None, NOW + 5 * SECOND)._replace(**asked))


def row(**asked: object) -> Row:
    found = shown(**asked)
    return rows(found, found.repositories)[0]


def changes(than: dt.datetime = BEFORE, **asked: object) -> dict[str, str]:
    return {cell.name: cell.change for cell in row(than=than, **asked).all_cells if cell.changed}


def test_what_moved_since_then_is_marked_with_what_was_there() -> None:
    moved()
    assert changes() == {"production": "was 1.3", "rollback": "was 1.2"}
    assert shown(than=BEFORE).changes == 2


def test_what_was_gone_then_or_is_gone_now_has_changed() -> None:
    repository = watch()
    for minutes in (10, 5):
        look(repository, {"1.0": "a", "production": "a", "canary": "a"}, NOW - minutes * MINUTE)
    look(repository, {"1.0": "a", "production": "a", "staging": "a"}, NOW)
    assert changes() == {"canary": "was 1.0", "staging": "was not there"}


def test_what_was_leaving_then_and_is_gone_now_has_a_cell_that_says_so() -> None:
    repository = watch()
    tags = {"1.0": "a", "production": "a"}
    look(repository, {**tags, "canary": "a"}, NOW - 5 * MINUTE)
    look(repository, tags, NOW)
    then = NOW - 2 * MINUTE
    assert (shown(than=then).changes, shown(than=then).doubts) == (0, 1)
    assert shown(than=then).columns == ("canary", "production")
    told = {cell.name: (cell.tag is None, cell.change) for cell in row(than=then, only_changed=True).all_cells}
    assert told == {
        "canary": (True, "not known whether it changed: it was moving"),
        "production": (False, ""),
    }


def test_a_version_that_is_gone_by_now_is_named_as_it_was_called_then() -> None:
    repository = watch()
    for minutes in (10, 5):
        look(repository, {"1.0": "a", "2.0": "b", "production": "a"}, NOW - minutes * MINUTE)
    look(repository, {"2.0": "b", "production": "b"}, NOW)
    assert changes() == {"production": "was 1.0"}


def test_where_one_of_both_moments_is_not_known_nothing_has_changed() -> None:
    moved()
    found = shown(than=NOW - DAY)
    assert (found.changes, found.not_comparable) == (0, 1)
    assert row(than=NOW - DAY).unknown_before == "not watched before 15 May 2026 13:50"


def test_two_moments_of_the_past_can_be_compared() -> None:
    moved()
    assert changes(NOW - 9 * MINUTE, moment=BEFORE) == {}
    assert changes(moment=NOW + 2 * SECOND) == {"production": "was 1.3", "rollback": "was 1.2"}


def test_only_the_rows_that_changed_can_be_asked_for() -> None:
    moved()
    steady = watch("registry.example.com/shop/steady")
    look(steady, EXAMPLE, NOW - 10 * MINUTE)
    look(steady, EXAMPLE, NOW)
    found = shown(than=BEFORE, only_changed=True)
    assert [repository.name for repository in found.repositories] == ["shop/app"]
    assert found.matching == 2


def test_columns_are_those_chosen_in_the_order_of_the_alphabet() -> None:
    example()
    found = shown(columns=("rollback", "latest", "nowhere"))
    assert found.columns == ("latest", "rollback")
    assert found.nowhere == ("nowhere",)
    assert found.offered == ("latest", "perftesting", "production", "qatesting", "rollback")


def test_a_chosen_column_stays_when_the_filter_leaves_no_image_with_it() -> None:
    example()
    look(watch("registry.example.com/shop/cart"), {"1.0": "c", "stable": "c"})
    assert shown(columns=("production",), text="cart").columns == ("production",)


def test_where_no_chosen_column_is_known_the_usual_ones_are_shown() -> None:
    example()
    assert "production" in shown(columns=("nowhere",)).columns


def test_the_filter_finds_every_name_of_the_version_a_pointer_is_on() -> None:
    look(watch(), {"2.1.0": "a", "release-2.1": "a", "production": "a", "2.0.0": "b"})
    assert shown(text="release-2").found == {(Repository.objects.get().pk, "production")}
    assert shown(text="2.0").matching == 0


def test_a_version_in_part_that_names_an_image_is_found_now_and_then() -> None:
    repository = watch()
    tags = {"1.2.8": "b", "1.2": "a", "production": "a"}
    look(repository, {**tags, "1.2.7": "a"}, NOW - 5 * MINUTE)
    look(repository, tags, NOW)
    key = repository.pk, "production"
    assert key in shown(text="1.2").found
    assert key in shown(text="1.2", moment=NOW + 2 * SECOND).found


def test_the_row_tells_how_far_production_is_behind_the_nearest() -> None:
    example()
    told = row().drift
    assert told is not None
    assert told.sentence == "production is 1 version behind perftesting and qatesting"


def test_the_drift_of_the_past_counts_the_versions_that_were_there() -> None:
    repository = watch()
    look(repository, {"1.0": "a", "1.2": "c", "production": "a", "latest": "c"}, NOW - 5 * MINUTE)
    look(repository, {"1.0": "a", "1.1": "b", "1.2": "c", "production": "a", "latest": "c"}, NOW)
    then, now = row(moment=NOW - 4 * MINUTE).drift, row().drift
    assert then is not None
    assert now is not None
    assert (then.versions, now.versions) == (1, 2)


def test_an_image_counts_once_whatever_names_it_has_and_not_without_itself() -> None:
    repository = watch()
    tags: dict[str, str | None] = {"1.0": "a", "1.1.0": "b", "v1.1.0": "b", "1.1.0-final": "b", "1.5": "c", "2.0": "d"}
    look(repository, {**tags, "production": "a", "latest": "d"}, NOW - 5 * MINUTE)
    look(repository, {**tags, "1.5": None, "production": "a", "latest": "d"}, NOW)
    then, now = row(moment=NOW - 4 * MINUTE).drift, row().drift
    at_last = row(moment=NOW + 2 * SECOND).drift
    assert then
    assert now
    assert at_last
    assert (then.versions, now.versions, at_last.versions) == (3, 2, 2)


def test_of_too_many_versions_none_are_counted_whatever_else_is_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versionsathand, "MOST_VERSIONS", 3)
    for name, versions in (("few", 3), ("as-few", 3), ("many", 4)):
        tags = {f"1.{number}": str(number) for number in range(versions)}
        look(watch(f"registry.example.com/shop/{name}"), {**tags, "production": "0", "latest": "1"})

    def told(text: str) -> dict[str, str]:
        found = shown(text=text)
        return {row.repository.name: row.drift.sentence for row in rows(found, found.repositories) if row.drift}

    counted, uncounted = "production is 1 version behind latest", "production is behind latest"
    assert told("") == {"shop/few": counted, "shop/as-few": counted, "shop/many": uncounted}
    assert told("many") == {"shop/many": uncounted}


def test_an_image_without_a_version_says_what_it_was_last_called() -> None:
    repository = watch()
    look(repository, {"1.0": "a", "production": "a"}, NOW - MINUTE)
    look(repository, {"production": "a"}, NOW)
    assert [cell.was_called for cell in row().all_cells] == ["1.0"]


def test_an_image_with_versions_only_is_bare() -> None:
    look(watch(), {"1.0": "a"})
    assert row().is_bare
