"""A registry whose tags move, the product that watches it, and what the oracle has against its records."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connections

from tests.chaos.oracle import Recorded, Stretch, blind_spots, doubled, lies, losses, overlaps
from tests.chaos.product import product
from tests.chaos.truth import Tag, Truth
from tests.fakeregistry import FakeRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tags.models.repository import RepositoryQuerySet
    from tests.chaos.product import Product

INTERVAL = 5
SECONDS_AFTER_A_KILL = INTERVAL + 60  # in which each repository's next complete look comes
SECONDS_TO_COME_BACK = 30
SECONDS_TO_SETTLE = 150
LONGEST_LOOK = 90  # a poll that waits for a registry that hangs, or for a database that is away


class World:
    """One run: what the product watches, and what it makes of it."""

    def __init__(self, product: Product, registry: FakeRegistry, truth: Truth, dice: random.Random) -> None:
        self.product, self.registry, self.truth, self.dice = product, registry, truth, dice

    def watch(self) -> None:
        references = [self.reference(name) for name in self.truth.repositories]
        self.product.manage("watch", "--plain-http", "--interval", str(INTERVAL), *references)

    def reference(self, repository: str) -> str:
        return f"{self.registry.address}/{repository}"

    def rows(self, *repositories: str) -> RepositoryQuerySet:
        """These of what is watched, or all of it, as the product has it."""
        from tags.models import Repository  # when the settings name the database of this run

        connections.close_all()  # it may have been ended meanwhile
        return Repository.objects.filter(
            registry__address=self.registry.address, name__in=repositories or self.truth.repositories
        )

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Tags move for as long as the context lasts; then the registry is well again."""
        over = threading.Event()

        def move() -> None:
            while not over.wait(self.dice.uniform(0.05, 2.0)):
                self.truth.move()

        mover = threading.Thread(target=move, daemon=True)
        mover.start()
        try:
            yield
        finally:
            over.set()
            mover.join()
            self.registry.heal()

    def settle(self) -> Iterator[str]:
        """Wait until every repository was looked at completely after all was well; who was not, is told."""
        well, end = time.time(), time.monotonic() + SECONDS_TO_SETTLE
        waiting = set(self.truth.repositories)
        while waiting and time.monotonic() < end:
            time.sleep(1)
            looks = self.product.looks()
            waiting = {name for name in waiting if not any(look.begun > well for look in looks.get(name, ()))}
        yield from (f"{name} was not looked at within {SECONDS_TO_SETTLE} s after all was well" for name in waiting)

    # --- What is recorded, and what the oracle has against it -------------------------------------------------------

    def findings(self) -> Iterator[str]:
        looks = self.product.looks()
        for name, stretches in self.stretches().items():
            yield from (f"{name}: {words}" for words in blind_spots(stretches, looks.get(name, []), LONGEST_LOOK))
        yield from self.doubled()
        self.product.manage("rebuild_tags", "--check")  # raises when what is does not follow from what happened
        recorded, digests = self.movements(), self.digests()
        for tag, states in self.truth.states.items():
            found = list(lies(states, recorded[tag]))
            found += losses(states, recorded[tag], looks.get(tag.repository, []), digests[tag])
            if digests[tag] != self.truth.now(tag):
                found.append(f"is on {digests[tag]}, and not on {self.truth.now(tag)}")
            yield from (f"{tag}: {words}" for words in found)

    def doubled(self) -> Iterator[str]:
        """What is there twice."""
        for tag, movements in self.movements().items():
            yield from (f"{tag}: {words}" for words in doubled(movements))
        for name, stretches in self.stretches().items():
            yield from (f"{name}: {words}" for words in overlaps(stretches))

    def movements(self) -> defaultdict[Tag, list[Recorded]]:
        from tags.models import Movement

        connections.close_all()
        found = defaultdict(list)
        rows = Movement.objects.order_by("before", "pk").values_list(
            "repository__name", "tag__name", "after", "before", "from_digest", "to_digest"
        )
        for repository, name, after, before, *digests in rows:
            found[Tag(repository, name)].append(Recorded(after and after.timestamp(), before.timestamp(), *digests))
        return found

    def stretches(self) -> defaultdict[str, list[Stretch]]:
        from tags.models import Coverage

        connections.close_all()
        found = defaultdict(list)
        for row in Coverage.objects.select_related("repository"):
            stretch = Stretch(row.since.timestamp(), row.until.timestamp(), row.interval, row.watched)
            found[row.repository.name].append(stretch)
        return found

    def digests(self) -> dict[Tag, str | None]:
        """What each tag is recorded to be on."""
        from tags.models import Tag as Row

        connections.close_all()
        rows = Row.objects.values_list("repository__name", "name", "digest")
        return {Tag(repository, name): digest for repository, name, digest in rows}


@contextmanager
def world(folder: Path, *, on_postgresql: bool, repositories: int, seed: int) -> Iterator[World]:
    """One that runs, with a database that is empty and up to date; Django is set up for it, once in a process."""
    with FakeRegistry() as registry, product(folder, on_postgresql=on_postgresql) as running:
        os.environ.update(running.environment)
        import django

        django.setup()
        yield World(running, registry, Truth(registry, repositories, seed), random.Random(seed))
