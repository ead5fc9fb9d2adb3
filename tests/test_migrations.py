"""What a new version makes of a database that an older one has filled."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tags import polling
from tags.models import Movement, Repository, Sweep, Tag
from tags.registry import RegistryError
from tests.fakeregistry import FakeRegistry
from tests.listings import EXAMPLE, at, make_repository, record, seen

if TYPE_CHECKING:
    from collections.abc import Iterator

POINTERS = {"latest", "perftesting", "production", "qatesting", "rollback"}
SECOND = dt.timedelta(seconds=1)
FRESH = dt.timedelta(minutes=10)  # an update of some minutes
STALE = dt.timedelta(days=2)  # nobody looked for so long that every version is overdue


def migrate(name: str) -> Any:
    """The models as they are at that migration, to which the database was brought."""
    executor = MigrationExecutor(connection)
    return executor.migrate([("tags", name)]).apps


def newest() -> str:
    return MigrationExecutor(connection).loader.graph.leaf_nodes("tags")[0][1]


@pytest.fixture
def first_version(transactional_db: None) -> Iterator[Any]:
    """The models of 0001, in a database of 0001."""
    yield migrate("0001_initial")
    migrate(newest())


def fill(models: Any, registry: FakeRegistry, checked_at: dt.datetime | None, **looks: dt.datetime) -> None:
    """The example as 0001 kept it after a look; `looks` are those of tags that the last complete one did not get."""
    row = models.get_model("tags", "Registry").objects.create(address=registry.address, plain_http=True)
    repository = models.get_model("tags", "Repository").objects.create(
        registry=row, name="app", outcome="complete", polled_at=checked_at, listed_at=checked_at, checked_at=checked_at
    )
    tag = models.get_model("tags", "Tag")
    tag.objects.bulk_create(
        tag(
            repository=repository,
            name=name,
            role="pointer" if name in POINTERS else "version",
            state="present",
            digest=registry.repositories["app"][name],
            before=checked_at or looks[name],
            first_seen_at=checked_at or looks[name],
            looked_at=looks.get(name),
        )
        for name in EXAMPLE
    )


def poll() -> int:
    """A scheduled poll; how many statements wrote tags."""
    repository = Repository.objects.get()
    with CaptureQueriesContext(connection) as queries:
        assert polling.poll(repository).outcome == "complete"
    return sum(query["sql"].startswith(('UPDATE "tags_tag"', 'INSERT INTO "tags_tag"')) for query in queries)


def last_looks() -> dict[str, dt.datetime | None]:
    return {tag.name: tag.last_look for tag in Tag.objects.select_related("repository__sweep")}


def asked(registry: FakeRegistry) -> set[str]:
    return {request.path.rpartition("/")[2] for request in registry.requests if "/manifests/" in request.path}


@pytest.mark.parametrize(("age", "looked_at"), [(FRESH, POINTERS), (STALE, set(EXAMPLE))], ids=["fresh", "stale"])
def test_the_first_poll_after_an_update_writes_no_tag(
    first_version: Any, example: FakeRegistry, age: dt.timedelta, looked_at: set[str]
) -> None:
    checked_at = timezone.now() - age
    fill(first_version, example, checked_at)
    migrate(newest())
    begun = timezone.now()
    assert poll() == 0
    assert asked(example) == looked_at
    for name, look in last_looks().items():
        if name in looked_at:
            assert look is not None
            assert look >= begun - SECOND
        else:
            assert look == checked_at.replace(microsecond=0)


def test_an_update_makes_no_look_later_than_it_was(first_version: Any, example: FakeRegistry) -> None:
    checked_at = timezone.now() - FRESH
    failed, late = checked_at - dt.timedelta(hours=1), checked_at + SECOND
    fill(first_version, example, checked_at, **{"1.0": failed, "2.0": late, "production": failed})
    migrate(newest())
    looks = last_looks()
    assert (looks["1.0"], looks["2.0"], looks["production"]) == (failed, late, failed)
    assert all(
        checked_at - SECOND < looks[name] <= checked_at for name in EXAMPLE.keys() - {"1.0", "2.0", "production"}
    )
    poll()
    assert asked(example) == POINTERS | {"1.0"}  # which is looked at until it answers


def test_a_repository_that_was_never_wholly_looked_at_gets_no_sweep(first_version: Any, example: FakeRegistry) -> None:
    looks = dict.fromkeys(EXAMPLE, timezone.now() - FRESH)
    fill(first_version, example, None, **looks)
    migrate(newest())
    assert not Sweep.objects.exists()
    assert last_looks() == looks
    poll()
    assert asked(example) == set(EXAMPLE)


def test_going_back_and_forth_keeps_what_polls_wrote_since(first_version: Any, example: FakeRegistry) -> None:
    fill(first_version, example, timezone.now() - STALE)
    migrate(newest())
    poll()
    looks = last_looks()
    migrate("0002_every_registry")
    migrate(newest())
    assert last_looks() == looks


@pytest.fixture
def back_to_the_newest(transactional_db: None) -> Iterator[None]:
    """A database that a test may bring to an older version."""
    yield
    migrate(newest())


@pytest.mark.usefixtures("back_to_the_newest")
def test_what_appeared_before_a_poll_saw_it_is_first_seen_then() -> None:
    repository = make_repository()
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({**EXAMPLE, "staging": "2.1", "hotfix": "2.2"}, 5, pushed={"staging": at(3)}))
    record(repository, seen(EXAMPLE, 10))
    record(repository, seen({**EXAMPLE, "staging": "2.0"}, 15))
    first_seen = dict(repository.tags.values_list("name", "first_seen_at"))
    # As the versions before 0007 wrote it: when the poll saw it.
    repository.tags.filter(name="staging").update(first_seen_at=at(5) + 3 * SECOND)
    for _ in range(2):
        migrate("0006_wanted_looks")
        migrate(newest())
        assert dict(repository.tags.values_list("name", "first_seen_at")) == first_seen
    assert first_seen["staging"] == Movement.objects.get(tag__name="staging", kind="appeared").before


@pytest.mark.usefixtures("back_to_the_newest")
def test_an_error_that_was_kept_without_its_kind_is_still_one() -> None:
    for name, error in (("app", ""), ("cart", "127.0.0.1:5000 timed out")):
        Repository.objects.filter(pk=make_repository(name).pk).update(error=error)
    migrate("0007_first_seen")
    migrate(newest())
    assert dict(Repository.objects.values_list("name", "reason")) == {"app": "", "cart": RegistryError.reason}
