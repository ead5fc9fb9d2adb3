"""What the tests of the pages look at: repositories with a past, written by `Repository.record()` as polls write it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import time_machine

from tags.models import AskAgain, Registry, Repository
from tags.registry import Listing, Observation
from tests.listings import EXAMPLE, digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tags.models import Movement
    from tags.registry import RegistryError
    from tests.fakeregistry import FakeRegistry

NOW = dt.datetime(2026, 5, 15, 12, 0, tzinfo=dt.UTC)  # a Friday, 14:00 in Berlin
SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def watch(reference: str = "registry.example.com/shop/app", *, interval: int = 300, name: str = "") -> Repository:
    """A repository that is watched from now on, and nothing is known of yet."""
    address, _slash, path = reference.partition("/")
    registry, _added = Registry.objects.get_or_create(address=address, defaults={"name": name})
    return Repository.objects.create(registry=registry, name=path, interval=interval)


def look(
    repository: Repository,
    tags: Mapping[str, str | None],
    at: dt.datetime = NOW,
    *,
    error: RegistryError | None = None,
    listed: Collection[str] = (),
) -> list[Movement]:
    """A poll at that time, which took two seconds and saw tag -> content (None: no image behind it).

    `listed` tags are there, too, and nobody looked at them. Who is asked again says the same.
    """
    listing = Listing(
        repository=repository.name,
        tags=frozenset((*tags, *listed)),
        observations=tuple(
            Observation(tag, digest(content) if content is not None else None, at, at + SECOND)
            for tag, content in tags.items()
        ),
        failures={},
        complete=error is None,
        error=error,
        sent_at=at,
        received_at=at + SECOND,
        requests=1 + len(tags),
        refused_names=0,
    )
    with time_machine.travel(at, tick=False) as clock:
        lease = repository.claim()
        assert lease is not None
        clock.shift(2 * SECOND)
        try:
            return repository.record(listing, lease)
        except AskAgain as doubt:
            return repository.record(replace(listing, asked_again=frozenset(doubt.tags)), lease)


def keep_watching(
    repository: Repository, tags: Mapping[str, str | None], since: dt.datetime, until: dt.datetime
) -> None:
    """Look again and again, and see the same each time, so that no time is uncovered."""
    step = dt.timedelta(seconds=2 * repository.every) - MINUTE
    at = since
    while (at := min(at + step, until)) < until:
        look(repository, tags, at)
    look(repository, tags, until)


def example(reference: str = "registry.example.com/shop/app", at: dt.datetime = NOW) -> Repository:
    """The picture of the design, seen for the first time at `at`."""
    repository = watch(reference)
    look(repository, EXAMPLE, at)
    return repository


def moved(reference: str = "registry.example.com/shop/app", at: dt.datetime = NOW) -> Repository:
    """The example, in which production went from 1.3 to 2.0 and rollback came along; looked at every five minutes."""
    repository = watch(reference)
    look(repository, {**EXAMPLE, "production": "1.3", "rollback": "1.2"}, at - 10 * MINUTE)
    look(repository, {**EXAMPLE, "production": "1.3", "rollback": "1.2"}, at - 5 * MINUTE)
    look(repository, EXAMPLE, at)
    return repository


def watched(registry: FakeRegistry, name: str = "app") -> Repository:
    """A repository of a registry that runs, as people would set it up."""
    row, _added = Registry.objects.get_or_create(address=registry.address, plain_http=True)
    row.username = registry.username
    row.set_secret(registry.password)
    row.save()
    return Repository.objects.create(registry=row, name=name, interval=300)
