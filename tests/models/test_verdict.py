"""What a listing proves: tags that are vouched for, lists that prove no absence, tags that nobody looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tags.models import Coverage, Tag
from tags.registry import TimedOut
from tests.listings import EXAMPLE, SECOND, at, digest, make_repository, record, seen

if TYPE_CHECKING:
    from tags.models import Repository

pytestmark = pytest.mark.django_db

VERSIONS = {name: version for name, version in EXAMPLE.items() if name == version}
POINTERS = {name: version for name, version in EXAMPLE.items() if name != version}


@pytest.fixture
def repository() -> Repository:
    return make_repository()


def reasons(repository: Repository) -> list[str]:
    return list(Coverage.objects.filter(repository=repository).values_list("reason", flat=True))


def test_a_tag_that_is_vouched_for_counts_as_looked_at(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    others = frozenset(EXAMPLE) - {"production"}
    vouched = seen({"production": "2.1"}, 5, listed=others, vouched=others)
    assert len(record(repository, vouched)) == 1
    assert repository.tags.get(name="latest").last_look == at(5)
    assert repository.tags.get(name="2.1").last_look == at(5)
    assert not repository.tags.filter(looked_at__isnull=False).exists()
    [movement] = record(repository, seen(EXAMPLE | {"production": "2.1", "latest": "2.0"}, 10))
    assert movement.after == at(5)


def test_vouching_says_nothing_of_a_tag_whose_digest_is_not_known(repository: Repository) -> None:
    record(repository, seen(EXAMPLE | {"broken": None}, 0, failing=("next",)))
    names = frozenset((*EXAMPLE, "next", "broken", "new"))
    record(repository, seen({}, 5, listed=names, vouched=names))
    states = dict(repository.tags.values_list("name", "state"))
    assert (states["next"], states["new"], states["broken"]) == ("unknown", "unknown", "missing")
    assert repository.tags.get(name="broken").last_look == at(0) + 2 * SECOND


def test_a_list_that_proves_no_absence_is_a_good_look_that_removes_nothing(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    assert record(repository, seen({"production": "2.0"}, 5, proves_absence=False)) == []
    assert (repository.outcome, repository.error) == ("complete", "")
    assert not repository.tags.exclude(state=Tag.State.PRESENT).exists()
    assert (repository.listed_at, repository.checked_at) == (at(0), at(5) + 2 * SECOND)
    assert repository.tags.get(name="latest").last_look == at(0) + 2 * SECOND
    assert reasons(repository) == [""]


def test_a_tag_that_goes_unproved_for_a_while_was_removed_since_the_last_look_at_it(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    fewer = {name: version for name, version in EXAMPLE.items() if name != "rollback"}
    record(repository, seen(fewer, 5, proves_absence=False))
    [movement] = record(repository, seen(fewer, 10))
    assert (movement.after, movement.before) == (at(0) + 2 * SECOND, at(10) + SECOND)


def test_a_removal_is_no_earlier_than_the_move_before_it(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(EXAMPLE, 5, proves_absence=False))
    record(repository, seen(EXAMPLE | {"rollback": "1.2"}, 10, proves_absence=False))
    [movement] = record(repository, seen({name: EXAMPLE[name] for name in EXAMPLE if name != "rollback"}, 15))
    assert movement.after == at(10) + 2 * SECOND


def test_tags_that_nobody_looked_at_are_left_as_they_are(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    assert record(repository, seen(POINTERS, 5, listed=VERSIONS)) == []
    assert repository.outcome == "complete"
    assert repository.tags.get(name="2.1").digest == digest("2.1")


def test_a_name_that_nobody_looked_at_is_met_without_a_digest(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    cut = seen({}, 5, listed=[*EXAMPLE, "staging"], error=TimedOut("cut"))
    record(repository, cut)
    assert repository.tags.get(name="staging").state == Tag.State.UNKNOWN
    [movement] = record(repository, seen(EXAMPLE | {"staging": "2.1"}, 10))
    assert (movement.sentence, movement.after) == ("staging appeared, pointing to 2.1", at(0))


def test_a_removed_tag_that_is_listed_again_is_there_though_nobody_looked(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({name: EXAMPLE[name] for name in EXAMPLE if name != "1.0"}, 5))
    record(repository, seen(POINTERS, 10, listed=VERSIONS))
    assert repository.tags.get(name="1.0").state == Tag.State.UNKNOWN


def test_one_version_without_an_answer_is_its_own_matter(repository: Repository) -> None:
    record(repository, seen(VERSIONS, 0))
    others = VERSIONS.keys() - {"1.0"}
    record(repository, seen({}, 5, failing=("1.0",), listed=others))
    assert reasons(repository) == [""]


def test_when_most_versions_give_no_answer_nobody_watched(repository: Repository) -> None:
    record(repository, seen(VERSIONS, 0))
    record(repository, seen({"1.0": "1.0"}, 5, failing=tuple(VERSIONS.keys() - {"1.0"})))
    assert reasons(repository) == ["", TimedOut.reason]


def test_when_no_pointer_answers_nobody_watched_though_the_list_came(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({}, 5, failing=tuple(POINTERS), listed=VERSIONS))
    assert reasons(repository) == ["", TimedOut.reason]
