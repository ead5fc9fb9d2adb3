"""Disturbs the running product at random while tags move, then asks the oracle; exits 1 when it finds anything."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from tests.chaos import disturbances
from tests.chaos.oracle import Recorded, Stretch, blind_spots, lies, losses
from tests.chaos.product import Product, product
from tests.chaos.truth import Tag, Truth
from tests.fakeregistry import FakeRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.chaos.disturbances import Disturbance

INTERVAL = 5
LEASE = 60  # seconds beyond an interval in which the next complete poll comes, whatever was killed
SECONDS_TO_COME_BACK = 30
SECONDS_TO_SETTLE = 150
LONGEST_LOOK = 90  # a poll that waits for a registry that hangs, or for a database that is away
REPOSITORIES = 6
KILLS = {disturb.__name__ for disturb in disturbances.OF_PROCESSES}
OUTAGES = {disturb.__name__ for disturb in (*disturbances.OF_REDIS, *disturbances.OF_POSTGRES)}


class Chaos:
    """One run: a registry whose tags move, the product that watches it, and what was done to both."""

    def __init__(self, product: Product, registry: FakeRegistry, truth: Truth, dice: random.Random) -> None:
        self.product, self.registry, self.truth, self.dice = product, registry, truth, dice
        self.over = threading.Event()
        self.footprints: list[dict[str, tuple[float, int]]] = []
        self.said: list[tuple[float, float, str]] = []  # what was done, from when until when

    def watch(self) -> None:
        references = [f"{self.registry.address}/{name}" for name in self.truth.repositories]
        self.product.manage("watch", "--plain-http", "--interval", str(INTERVAL), *references)

    def run(self, seconds: float, choose: Callable[[], Disturbance], pause: float, say: Callable[[str], None]) -> None:
        mover = threading.Thread(target=self._move, daemon=True)
        mover.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            disturb = choose()
            begun = time.time()
            disturb(self.product, self.registry, self.dice)
            self.said.append((begun, time.time(), disturb.__name__))
            say(f"{disturb.__name__}: {self.said[-1][1] - begun:.0f} s")
            if trouble := self.product.ended():
                raise SystemExit(f"`up` has ended by itself: {trouble}")
            time.sleep(self.dice.uniform(0.3, 1.7) * pause)
            self.footprints.append(self.product.footprint())
        self.over.set()
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

    def _move(self) -> None:
        while not self.over.wait(self.dice.uniform(0.05, 2.0)):
            self.truth.move()


def findings(chaos: Chaos) -> Iterator[str]:
    """All that the oracle has against the records."""
    from tags import models  # when the settings name the database of this run

    looks = chaos.product.looks()
    repositories = {row.name: row for row in models.Repository.objects.select_related("registry")}
    for name in chaos.truth.repositories:
        stretches = models.Coverage.objects.filter(repository=repositories[name], watched=True)
        watched = [Stretch(row.since.timestamp(), row.until.timestamp(), row.interval) for row in stretches]
        yield from (f"{name}: {words}" for words in blind_spots(watched, looks.get(name, []), LONGEST_LOOK))
    chaos.product.manage("rebuild_tags", "--check")  # raises when what is does not follow from what happened
    rows = {Tag(row.repository.name, row.name): row for row in models.Tag.objects.select_related("repository")}
    for tag in chaos.truth.states:
        row = rows[tag]
        states = chaos.truth.states[tag]
        movements = [
            Recorded(m.after and m.after.timestamp(), m.before.timestamp(), m.from_digest, m.to_digest)
            for m in models.Movement.objects.filter(tag=row).order_by("before", "pk")
        ]
        if row.digest != chaos.truth.now(tag):
            yield f"{tag} is on {row.digest}, and not on {chaos.truth.now(tag)}"
        found = [*lies(states, movements), *losses(states, movements, looks.get(tag.repository, []), row.digest)]
        yield from (f"{tag.repository}:{tag.name}: {words}" for words in found)


def growth(footprints: Sequence[dict[str, tuple[float, int]]]) -> Iterator[str]:
    """The parts that need much more at the end than at the beginning."""
    third = len(footprints) // 3
    for part in ("worker", "dispatcher", "web"):
        begin = [found[part] for found in footprints[:third] if part in found]
        end = [found[part] for found in footprints[-third:] if part in found]
        if third < 10 or not begin or not end:
            continue
        (memory, files), (memory_at_end, files_at_end) = (_half(begin), _half(end))
        if memory_at_end > memory * 1.3 + 10 or files_at_end > files * 1.3 + 10:
            yield f"{part} grew from {memory:.0f} to {memory_at_end:.0f} MiB, from {files} to {files_at_end} files"


def _half(found: Sequence[tuple[float, int]]) -> tuple[float, int]:
    memory, files = zip(*found, strict=True)
    return sorted(memory)[len(found) // 2], sorted(files)[len(found) // 2]


def lateness(chaos: Chaos) -> Iterator[str]:
    """After a process was killed each repository has its next complete look within an interval and a minute.

    After Redis or PostgreSQL came back, some repository has it within half a minute.
    """
    looks = chaos.product.looks()
    for begun, ended, name in chaos.said:
        is_kill = name in KILLS
        due = ended + (INTERVAL + LEASE if is_kill else SECONDS_TO_COME_BACK)
        if not (is_kill or name in OUTAGES) or due > time.time():
            continue
        if any(
            other not in KILLS and begun < until and since < due for since, until, other in chaos.said if since != begun
        ):
            continue  # what else happened may have made it late
        in_time = {
            repository: [look for look in looks.get(repository, ()) if ended < look.ended <= due]
            for repository in chaos.truth.repositories
        }
        late = [repository for repository, found in in_time.items() if not found]
        if late and (is_kill or len(late) == len(in_time)):
            yield f"{', '.join(late)} had no complete look within {due - ended:.0f} s after {name} ({ended:.0f})"


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600, help="how long (default: %(default)s)")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="to do the same once more")
    parser.add_argument("--pause", type=float, default=8, help="seconds between two disturbances, more or less")
    parser.add_argument("--only", action="append", help="these disturbances alone, by their names")
    parser.add_argument(
        "--quick", action="store_true", help="without those that take a minute, and without asking how long it took"
    )
    return parser.parse_args(arguments)


def choices(asked: argparse.Namespace) -> list[Disturbance]:
    every = [*disturbances.OF_THE_REGISTRY, *disturbances.OF_PROCESSES, *disturbances.OF_REDIS]
    every += [disturbances.stop_worker_past_its_lease]
    every += disturbances.OF_POSTGRES if asked.database == "postgresql" else ()
    some = [disturb for disturb in every if not (asked.quick and disturb in disturbances.SLOW)]
    return [disturb for disturb in every if disturb.__name__ in asked.only] if asked.only else some


def main(arguments: Sequence[str]) -> int:
    asked = options(arguments)
    console = Console(width=160, highlight=False)
    console.print(f"seed {asked.seed}, {asked.database}, {asked.seconds:g} s")
    dice = random.Random(asked.seed)
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    report: dict[str, Any] = {"seed": asked.seed, "folder": str(folder)}
    with FakeRegistry() as registry, product(folder, on_postgresql=asked.database == "postgresql") as running:
        chaos = Chaos(running, registry, Truth(registry, REPOSITORIES, asked.seed), dice)
        os.environ.update(running.environment)
        import django

        django.setup()
        chaos.watch()
        every = choices(asked)
        chaos.run(asked.seconds, lambda: dice.choice(every), asked.pause, console.print)
        found = [*chaos.settle(), *findings(chaos)]
        found += [] if asked.quick else [*lateness(chaos), *growth(chaos.footprints)]
        looks = sum(map(len, running.looks().values()))
    report |= {"disturbances": len(chaos.said), "complete_looks": looks, "findings": found}
    report |= {"changes": sum(map(len, chaos.truth.states.values())), "last_footprint": chaos.footprints[-1:]}
    console.print(json.dumps(report, indent=1))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
