from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.listings import EXAMPLE, SECOND, at, digest, make_repository, record, seen

if TYPE_CHECKING:
    from tags.models import Repository

pytestmark = pytest.mark.django_db


@pytest.fixture
def repository() -> Repository:
    """`production` goes from 2.0 to 2.1 at 10 and back at 20; `staging` comes at 10, `rollback` goes at 20."""
    repository = make_repository()
    later = EXAMPLE | {"production": "2.1", "staging": "2.2"}
    last = {name: content for name, content in (later | {"production": "2.0"}).items() if name != "rollback"}
    for minute, tags in ((0, EXAMPLE), (5, EXAMPLE), (10, later), (15, later), (20, last)):
        record(repository, seen(tags, minute))
    return repository


def then(repository: Repository, minute: float) -> dict[str, str]:
    return dict(repository.tags.at(at(minute)).values_list("name", "digest_then"))


@pytest.mark.parametrize(("minute", "content"), [(1, "2.0"), (12, "2.1"), (19, "2.1"), (21, "2.0"), (60, "2.0")])
def test_a_tag_is_shown_where_it_pointed_then(repository: Repository, minute: int, content: str) -> None:
    assert then(repository, minute)["production"] == digest(content)


@pytest.mark.parametrize(("minute", "there"), [(1, False), (12, True), (30, True)])
def test_a_tag_is_not_there_before_it_appeared(repository: Repository, minute: int, there: bool) -> None:
    assert ("staging" in then(repository, minute)) is there


@pytest.mark.parametrize(("minute", "there"), [(1, True), (19, True), (21, False)])
def test_a_removed_tag_is_still_there_in_the_past(repository: Repository, minute: int, there: bool) -> None:
    assert ("rollback" in then(repository, minute)) is there


def test_nothing_was_there_before_anyone_looked(repository: Repository) -> None:
    assert then(repository, -1) == {}


def test_since_when_is_told_for_then_not_for_now(repository: Repository) -> None:
    production = repository.tags.at(at(12)).get(name="production")
    assert (production.after_then, production.before_then) == (at(5) + 2 * SECOND, at(10) + 3 * SECOND)


def test_a_moment_inside_a_move_says_that_the_tag_is_leaving(repository: Repository) -> None:
    production = repository.tags.at(at(7)).get(name="production")
    assert production.digest_then == digest("2.0")
    assert production.leaving_to == digest("2.1")
    assert (production.leaving_after, production.leaving_before) == (at(5) + 2 * SECOND, at(10) + 3 * SECOND)
    assert repository.tags.at(at(4)).get(name="production").leaving_to is None


def test_a_moment_inside_a_coming_says_that_the_tag_may_be_there(repository: Repository) -> None:
    staging = repository.tags.at(at(7)).get(name="staging")
    assert (staging.digest_then, staging.missing_then, staging.leaving_to) == (None, False, digest("2.2"))
    assert (staging.leaving_after, staging.leaving_before) == (at(5), at(10) + 3 * SECOND)


def test_what_may_not_have_been_there_is_not_in_the_picture(repository: Repository) -> None:
    assert {name for name, _digest, _role in repository.picture(at(7))} == set(EXAMPLE)


def test_letting_names_decide_again_takes_back_what_was_set_by_hand(repository: Repository) -> None:
    tag = repository.tags.filter(name="2.2")
    tag.set_role("pointer")
    assert tag.get().role == "pointer"
    tag.forget_role()
    assert (tag.get().role, tag.get().role_by_hand) == ("version", False)
