"""A registry that fails as a whole, and one of whose repositories does."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.utils import timezone

from tags import polling
from tags.models import Registry, Repository
from tags.models.troubled import FIRST_PAUSE, LONGEST_PAUSE
from tags.registry import Busy, RegistryError, RepositoryMissing, ServerError, TimedOut, Unreachable
from tests.factories import watched
from tests.faults import status
from tests.listings import EXAMPLE, START, make_repository, seen

if TYPE_CHECKING:
    from tests.fakeregistry import FakeRegistry

pytestmark = pytest.mark.django_db


def hears(registry: Registry, *errors: RegistryError | None) -> Registry:
    with time_machine.travel(START, tick=False):
        for error in errors:
            registry.heard(seen({} if error else EXAMPLE, 0, error=error))
    registry.refresh_from_db()
    return registry


@pytest.fixture
def registry() -> Registry:
    return make_repository().registry


def test_a_first_failure_makes_nobody_wait(registry: Registry) -> None:
    assert (hears(registry, TimedOut("late")).failures, registry.retry_at, registry.is_failing) == (1, None, False)


def test_the_pauses_between_two_attempts_grow_up_to_a_limit(registry: Registry) -> None:
    hears(registry, TimedOut("late"))
    pauses = [
        (hears(registry, ServerError("500")).retry_at - START).total_seconds()  # type: ignore[operator]
        for _ in range(8)
    ]
    assert FIRST_PAUSE <= pauses[0] <= FIRST_PAUSE * 1.2
    assert pauses[1] > pauses[0]
    assert all(LONGEST_PAUSE <= pause <= LONGEST_PAUSE * 1.2 for pause in pauses[-3:])
    assert len(set(pauses[-3:])) == 3, "not all registries are tried at once"


def test_an_answer_ends_it(registry: Registry) -> None:
    hears(registry, Unreachable("gone"), Unreachable("gone"), None)
    assert (registry.failures, registry.retry_at) == (0, None)


def test_an_answer_about_the_repository_is_one(registry: Registry) -> None:
    hears(registry, TimedOut("late"), TimedOut("late"), RepositoryMissing("404"))
    assert registry.failures == 0


def test_what_was_never_asked_says_nothing(registry: Registry) -> None:
    hears(registry, TimedOut("late"), TimedOut("late"), Busy("waiting for the others"))
    assert registry.failures == 2


def test_what_a_poll_learnt_in_part_is_no_failure_of_the_registry(registry: Registry) -> None:
    registry.heard(seen(EXAMPLE, 0, error=TimedOut("a page never came")))
    assert registry.failures == 0


def test_a_repository_of_a_registry_that_is_down_is_due_again_on_its_own_beat(example: FakeRegistry) -> None:
    repository = watched(example)
    other = watched(example, "other")
    example.fault(status(503))
    for _ in range(4):
        Registry.objects.update(retry_at=None)
        polling.poll(repository)
        polling.poll(other)
    for one in (repository, other):
        one.refresh_from_db()
        assert one.next_poll_at <= timezone.now() + dt.timedelta(seconds=one.every)


def test_a_repository_that_fails_alone_waits_longer_each_time(example: FakeRegistry) -> None:
    example.push("broken", "1.0", "content")
    example.fault(status(500), path="/broken/")
    broken, well = watched(example, "broken"), watched(example)
    for _ in range(4):
        polling.poll(broken)
        polling.poll(well)
    broken.refresh_from_db()
    assert broken.next_poll_at > timezone.now() + 4 * dt.timedelta(seconds=broken.every)
    assert not Registry.objects.get().is_failing


def test_who_asks_for_a_look_does_not_wait_for_the_pause(registry: Registry) -> None:
    hears(registry, TimedOut("late"), TimedOut("late"))
    Repository.objects.look_soon()
    assert Repository.objects.due(timezone.now()).exists()
