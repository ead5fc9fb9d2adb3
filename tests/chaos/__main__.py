"""Disturbs the running product at random while tags move, then asks the oracle; exits 1 when it finds anything."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from tests.chaos import disturbances
from tests.chaos.world import SECONDS_AFTER_A_KILL, SECONDS_TO_COME_BACK, World, world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.chaos.disturbances import Disturbance

REPOSITORIES = 6
KILLS = {disturb.__name__ for disturb in disturbances.OF_PROCESSES}
OUTAGES = {disturb.__name__ for disturb in (*disturbances.OF_REDIS, *disturbances.OF_POSTGRES)}


class Chaos:
    """One run: a world, and what was done to it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.footprints: list[dict[str, tuple[float, int]]] = []
        self.said: list[tuple[float, float, str]] = []  # what was done, from when until when

    def run(self, seconds: float, choose: Callable[[], Disturbance], pause: float, say: Callable[[str], None]) -> None:
        product, dice = self.world.product, self.world.dice
        end = time.monotonic() + seconds
        with self.world.moving():
            while time.monotonic() < end:
                disturb = choose()
                begun = time.time()
                disturb(product, self.world.registry, dice)
                self.said.append((begun, time.time(), disturb.__name__))
                say(f"{disturb.__name__}: {self.said[-1][1] - begun:.0f} s")
                if trouble := product.ended():
                    raise SystemExit(f"`up` has ended by itself: {trouble}")
                time.sleep(dice.uniform(0.3, 1.7) * pause)
                self.footprints.append(product.footprint())


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
    looks = chaos.world.product.looks()
    for begun, ended, name in chaos.said:
        is_kill = name in KILLS
        due = ended + (SECONDS_AFTER_A_KILL if is_kill else SECONDS_TO_COME_BACK)
        if not (is_kill or name in OUTAGES) or due > time.time():
            continue
        if any(
            other not in KILLS and begun < until and since < due for since, until, other in chaos.said if since != begun
        ):
            continue  # what else happened may have made it late
        in_time = {
            repository: [look for look in looks.get(repository, ()) if ended < look.ended <= due]
            for repository in chaos.world.truth.repositories
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
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    report: dict[str, Any] = {"seed": asked.seed, "folder": str(folder)}
    on_postgresql = asked.database == "postgresql"
    with world(folder, on_postgresql=on_postgresql, repositories=REPOSITORIES, seed=asked.seed) as disturbed:
        chaos = Chaos(disturbed)
        disturbed.watch()
        every = choices(asked)
        chaos.run(asked.seconds, lambda: disturbed.dice.choice(every), asked.pause, console.print)
        found = [*disturbed.settle(), *disturbed.findings()]
        found += [] if asked.quick else [*lateness(chaos), *growth(chaos.footprints)]
        looks = sum(map(len, disturbed.product.looks().values()))
    report |= {"disturbances": len(chaos.said), "complete_looks": looks, "findings": found}
    report |= {"changes": sum(map(len, disturbed.truth.states.values())), "last_footprint": chaos.footprints[-1:]}
    console.print(json.dumps(report, indent=1))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
