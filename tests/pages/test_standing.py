from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tags.models import Movement
from tags.pages.standing import namings, standings
from tests.factories import MINUTE, NOW, look, moved, watch
from tests.listings import digest

if TYPE_CHECKING:
    import datetime as dt

    from tags.models import Repository

pytestmark = pytest.mark.django_db


def assert_same(repository: Repository, moment: dt.datetime | None) -> None:
    tags = standings(repository.tags.shown(), moment)
    assert sorted(namings(repository, moment)) == sorted((tag.name, tag.role, tag.state, tag.digest) for tag in tags)


def test_names_are_where_their_tags_stand_at_every_moment() -> None:
    repository = moved()
    look(repository, {"2.0": "2.0", "production": None, "2.1": "made anew"}, NOW + 5 * MINUTE)
    look(repository, {"2.0": "2.0", "production": "2.1", "2.1": "2.1", "next": "n"}, NOW + 10 * MINUTE)
    assert_same(repository, None)
    for minutes in range(-11, 12):
        assert_same(repository, NOW + minutes * MINUTE)


def test_signatures_are_no_names() -> None:
    repository = watch()
    look(repository, {"1.0": "a", f"sha256-{'0' * 64}.sig": "s"})
    assert [name for name, *_ in namings(repository, None)] == ["1.0"]
    assert [name for name, *_ in namings(repository, NOW + MINUTE)] == ["1.0"]


def test_a_name_of_before_is_that_of_the_last_move_of_each_image() -> None:
    repository = watch()
    for number, content in enumerate("abaabb"):
        look(repository, {f"1.{number}": content, "production": content}, NOW + number * MINUTE)
    look(repository, {"production": "b"}, NOW + 9 * MINUTE)
    look(repository, {"production": "b"}, NOW + 10 * MINUTE)
    names = Movement.objects.last_names({digest("a"), digest("b")}, [repository.pk])
    assert names == {(repository.pk, digest("a")): "1.3", (repository.pk, digest("b")): "1.5"}


def test_of_a_name_of_before_no_more_moves_are_read_than_there_are_images() -> None:
    repository = watch()
    for number in range(12):
        look(repository, {"1.0": "a", "2.0": "b", "production": "ab"[number % 2]}, NOW + number * MINUTE)
    with CaptureQueriesContext(connection) as queries:
        Movement.objects.last_names({digest("a"), digest("b")}, [repository.pk])
    (query,) = queries.captured_queries
    with connection.cursor() as cursor:
        cursor.execute(query["sql"])
        assert len(cursor.fetchall()) == 2
