from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine

from tags.models import Coverage
from tags.registry import CredentialsRefused, RegistryError, RepositoryMissing, ServerError, TimedOut
from tests.listings import EXAMPLE, SECOND, at, make_repository, record, seen

if TYPE_CHECKING:
    import datetime as dt

    from tags.models import Repository

pytestmark = pytest.mark.django_db


@pytest.fixture
def repository() -> Repository:
    return make_repository()


def stretches(repository: Repository) -> list[tuple[str, dt.datetime, dt.datetime]]:
    return list(Coverage.objects.filter(repository=repository).values_list("reason", "since", "until"))


def test_good_polls_make_one_stretch(repository: Repository) -> None:
    for minute in (0, 5, 10):
        record(repository, seen(EXAMPLE, minute))
    assert stretches(repository) == [("", at(0) + 4 * SECOND, at(10) + 4 * SECOND)]


def test_a_failed_poll_leaves_the_time_since_the_last_good_one_uncovered(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({}, 5, error=TimedOut("no answer")))
    record(repository, seen({}, 10, error=TimedOut("no answer")))
    record(repository, seen(EXAMPLE, 15))
    assert stretches(repository) == [
        ("", at(0) + 4 * SECOND, at(0) + 4 * SECOND),
        ("registry timed out", at(0) + 4 * SECOND, at(15) + 4 * SECOND),
        ("", at(15) + 4 * SECOND, at(15) + 4 * SECOND),
    ]


def test_another_reason_is_another_stretch(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({}, 5, error=TimedOut("no answer")))
    record(repository, seen({}, 10, error=ServerError("503")))
    reasons = [reason for reason, _since, _until in stretches(repository)]
    assert reasons == ["", TimedOut.reason, ServerError.reason]


def test_two_intervals_without_a_poll_are_a_gap(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(EXAMPLE, 9))
    record(repository, seen(EXAMPLE, 20))
    assert stretches(repository) == [
        ("", at(0) + 4 * SECOND, at(9) + 4 * SECOND),
        (Coverage.NOBODY_LOOKED, at(9) + 4 * SECOND, at(20) + 4 * SECOND),
        ("", at(20) + 4 * SECOND, at(20) + 4 * SECOND),
    ]


def test_while_its_registry_failed_a_repository_waited_for_that(repository: Repository) -> None:
    other = make_repository("other")
    elsewhere = make_repository("elsewhere", address="other.example.com")
    for one in (repository, other, elsewhere):
        record(one, seen(EXAMPLE, 0))
    record(other, seen({}, 5, error=TimedOut("no answer")))
    record(other, seen({}, 12, error=TimedOut("no answer")))
    for one in (other, repository, elsewhere):
        record(one, seen(EXAMPLE, 20))
    assert [reason for reason, _since, _until in stretches(repository)] == ["", TimedOut.reason, ""]
    assert [reason for reason, _since, _until in stretches(elsewhere)] == ["", Coverage.NOBODY_LOOKED, ""]


@pytest.mark.parametrize("error", [RepositoryMissing("it is not there"), CredentialsRefused("not yours")])
def test_what_is_another_repository_s_own_trouble_keeps_nobody_waiting(
    repository: Repository, error: RegistryError
) -> None:
    other = make_repository("other")
    for one in (repository, other):
        record(one, seen(EXAMPLE, 0))
    record(other, seen({}, 12, error=error))
    record(repository, seen(EXAMPLE, 20))
    assert [reason for reason, _since, _until in stretches(repository)] == ["", Coverage.NOBODY_LOOKED, ""]


def test_a_pause_is_a_gap_of_its_own(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    with time_machine.travel(at(1), tick=False):
        type(repository).objects.filter(pk=repository.pk).pause()
    record(repository, seen(EXAMPLE, 60))
    assert [reason for reason, _since, _until in stretches(repository)] == ["", Coverage.PAUSED, ""]
    assert stretches(repository)[1][2] == at(60) + 4 * SECOND


def test_when_every_look_fails_nobody_watched_though_the_list_came(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({}, 5, failing=tuple(EXAMPLE)))
    assert [reason for reason, _since, _until in stretches(repository)] == ["", TimedOut.reason]
