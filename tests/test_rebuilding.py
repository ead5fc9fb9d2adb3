"""What is, worked out from what happened."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import call_command

from tags.models import Movement, Repository, Tag
from tags.rebuilding import differences, rebuild
from tests.listings import EXAMPLE, at, digest, make_repository, record, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def repository() -> Repository:
    """One whose tags moved, were rebuilt, went, came back, lost their image, and were not looked at."""
    repository = make_repository()
    without = {name: content for name, content in EXAMPLE.items() if name != "rollback"}
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({**EXAMPLE, "production": "2.1", "2.2": "anew"}, 5))
    record(repository, seen({**without, "production": "2.1", "2.2": "anew"}, 10))
    record(
        repository, seen({**without, "production": "2.0", "2.2": "anew", "canary": "2.2"}, 15, failing=("rollback",))
    )
    record(repository, seen({**EXAMPLE, "2.2": "anew", "latest": None, "canary": "2.1"}, 20))
    return repository


def test_what_polls_wrote_is_what_their_movements_tell(repository: Repository) -> None:
    assert Movement.objects.count() > 6
    assert list(differences(repository)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"digest": digest("something else")},
        {"state": Tag.State.REMOVED, "digest": None},
        {"after": at(1)},
        {"before": at(90)},
        {"moved": False},
    ],
    ids=lambda change: ", ".join(change),
)
def test_a_row_that_says_otherwise_is_found_and_mended(repository: Repository, change: dict[str, object]) -> None:
    production = repository.tags.filter(name="production")
    before = production.values().get()
    production.update(**change)
    [found] = rebuild(repository)
    assert found.sentence.startswith("127.0.0.1:5000/app:production: it is ")
    assert production.values().get() == before
    assert list(differences(repository)) == []


def test_a_tag_that_is_gone_by_its_movements_is_gone(repository: Repository) -> None:
    record(repository, seen({name: content for name, content in EXAMPLE.items() if name != "production"}, 25))
    production = repository.tags.filter(name="production")
    production.update(state=Tag.State.PRESENT, digest=digest("2.0"))
    rebuild(repository)
    assert (production.get().state, production.get().digest) == (Tag.State.REMOVED, None)


def test_movements_that_do_not_follow_from_each_other_are_told_and_left_as_they_are(repository: Repository) -> None:
    first = Movement.objects.filter(tag__name="production").earliest("before")
    Movement.objects.filter(pk=first.pk).update(to_digest=digest("never there"))
    rows = list(repository.tags.values())
    [found] = rebuild(repository)
    assert "its movements do not follow from each other" in found.sentence
    assert list(repository.tags.values()) == rows


def test_the_command_says_what_differs_and_writes_nothing_when_it_is_to_check(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("rebuild_tags", "--check")
    assert capsys.readouterr().out == "0 differences in 1 repositories.\n"
    repository.tags.filter(name="production").update(before=at(90) + dt.timedelta(seconds=1))
    with pytest.raises(SystemExit):
        call_command("rebuild_tags", "127.0.0.1:5000/app", "--check")
    assert "1 differences in 1 repositories." in capsys.readouterr().out
    call_command("rebuild_tags")
    assert "1 of them mended." in capsys.readouterr().out
    call_command("rebuild_tags", "--check")
