from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tags.models import Movement
from tags.pages.journal import Edges, comparison, journal, may_be_several, permalink
from tags.registry import TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, example, look, moved
from tests.listings import EXAMPLE

pytestmark = pytest.mark.django_db


def one_move() -> Any:
    return Movement.objects.for_sentences().for_comparisons().get(tag__name="production")


def test_moves_of_one_look_are_one_entry() -> None:
    moved()
    [day] = journal(Movement.objects.for_sentences(), [], NOW)
    [entry] = day.entries
    assert entry.together == "production and rollback moved together"
    assert (entry.is_begun_before, entry.goes_on) == (False, False)


def test_what_is_said_of_moves_of_one_look_is_true_of_each() -> None:
    repository = example(at=NOW - 25 * MINUTE)
    more = {"3.0": "3.0", "3.4": "3.4"}
    steps = (
        ({**EXAMPLE, **more}, "3.0 and 3.4 appeared together"),
        (EXAMPLE, "3.0 and 3.4 were removed together"),
        ({**EXAMPLE, **more}, "3.0 and 3.4 came back together"),
        ({**EXAMPLE, "3.0": "3.0", "production": "3.0"}, "3.4 and production changed together"),
    )
    for number, (tags, words) in enumerate(steps):
        moves = look(repository, tags, NOW - (20 - 5 * number) * MINUTE)
        [day] = journal(Movement.objects.for_sentences().filter(pk__in=[move.pk for move in moves]), [], NOW)
        assert [entry.together for entry in day.entries] == [words]


def test_an_entry_knows_that_the_page_cut_it() -> None:
    moved()
    move = one_move()
    poll = frozenset({(move.repository_id, move.found_at)})
    [day] = journal([move], [], NOW, Edges(begun_before=poll))
    assert (day.entries[0].is_begun_before, day.entries[0].goes_on) == (True, False)
    [day] = journal([move], [], NOW, Edges(going_on=poll))
    assert (day.entries[0].is_begun_before, day.entries[0].goes_on) == (False, True)


def test_between_two_looks_in_a_row_one_move_is_told() -> None:
    moved()
    assert not may_be_several(one_move())


def test_between_looks_far_apart_a_tag_may_have_moved_more_than_once() -> None:
    repository = example(at=NOW - HOUR)
    look(repository, {**EXAMPLE, "production": "2.1"})
    assert may_be_several(one_move())


def test_across_a_gap_a_tag_may_have_moved_more_than_once() -> None:
    repository = example(at=NOW - 9 * MINUTE)
    look(repository, {}, NOW - 5 * MINUTE, error=TimedOut("it took too long"))
    look(repository, {**EXAMPLE, "production": "2.1"})
    assert may_be_several(one_move())


def test_what_a_registry_told_by_itself_is_every_move() -> None:
    repository = example(at=NOW - HOUR)
    look(repository, {**EXAMPLE, "production": "2.1"})
    move = one_move()
    move.source = Movement.Source.HISTORY
    assert not may_be_several(move)


def test_a_comparison_is_of_the_last_look_before_and_the_first_one_after() -> None:
    moved()
    query = parse_qs(urlsplit(comparison(one_move())).query)
    assert query == {
        "a": ["registry.example.com/shop/app:production@2026-05-15T11:55:00.000000Z"],
        "b": ["registry.example.com/shop/app:production@2026-05-15T12:00:01.000000Z"],
    }


def test_before_what_the_second_look_saw_the_comparison_is_of_a_moment_that_was_watched() -> None:
    look(example(at=NOW - 5 * MINUTE), {**EXAMPLE, "production": "2.1"})
    assert "%402026-05-15T12%3A00%3A00.000000Z&b=" in comparison(one_move())


def test_of_what_was_found_after_a_gap_the_time_is_compared_from_which_somebody_watched_again() -> None:
    repository = example(at=NOW - 9 * MINUTE)
    look(repository, {}, NOW - 5 * MINUTE, error=TimedOut("it took too long"))
    look(repository, {**EXAMPLE, "production": "2.1"})
    assert comparison(one_move()).endswith("%402026-05-15T12%3A00%3A02.000000Z")


def test_of_a_known_moment_the_time_right_before_it_is_compared() -> None:
    moved()
    move = one_move()
    move.after = move.before
    assert "%402026-05-15T12%3A00%3A00.000000Z&b=" in comparison(move)


def test_what_appeared_or_went_away_is_compared_with_nothing() -> None:
    repository = example(at=NOW - 5 * MINUTE)
    look(repository, {name: content for name, content in EXAMPLE.items() if name != "production"})
    assert comparison(one_move()) == ""


def test_a_permanent_link_names_the_movement_and_nothing_that_changes() -> None:
    moved(at=NOW - DAY)
    move = one_move()
    assert permalink(move) == f"/movements/registry.example.com/shop/app/?move={move.pk}#move-{move.pk}"
