"""Runs the trials one by one, each with a product of its own; prints a line each, and exits 1 when a claim fails."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.chaos.trials import kills, neighbours, once, outages
from tests.chaos.trials.answers import kept_list, kept_looks
from tests.chaos.trials.figures import Figure
from tests.chaos.trials.transactions import Moment, recording, taking
from tests.chaos.world import world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.chaos.trials.figures import Run


class Trial(NamedTuple):
    run: Run
    times: int
    repositories: int = 6
    only_postgresql: bool = False


TRIALS = {
    "kill_during_list": Trial(kills.child_during(kept_list), 10, repositories=10),
    "kill_during_looks": Trial(kills.child_during(kept_looks), 10, repositories=10),
    "kill_written": Trial(kills.child_at_commit(Moment.WRITTEN), 10, repositories=10, only_postgresql=True),
    "kill_committing": Trial(kills.child_at_commit(Moment.COMMITTING), 10, repositories=10, only_postgresql=True),
    "kill_committed": Trial(kills.child_at_commit(Moment.COMMITTED), 10, repositories=10, only_postgresql=True),
    "kill_worker": Trial(kills.whole("worker"), 10),
    "kill_dispatcher": Trial(kills.whole("dispatcher"), 10),
    "kill_beat": Trial(kills.whole("beat"), 10),
    "kill_web": Trial(kills.whole("web"), 10),
    "redis_killed": Trial(outages.outage(outages.redis_killed), 3),
    "redis_frozen": Trial(outages.outage(outages.redis_frozen), 3),
    "redis_flushed": Trial(outages.outage(outages.redis_flushed), 5),
    "postgres_restarted": Trial(outages.while_recording(outages.restart_postgres), 9, only_postgresql=True),
    "connections_ended": Trial(outages.while_recording(outages.end_connections), 9, only_postgresql=True),
    "two_beats": Trial(once.two_beats, 1),
    "delivered_five_times": Trial(once.delivered_five_times, 10),
    "stopped_during_list": Trial(once.stopped_during(kept_list), 3),
    "stopped_during_looks": Trial(once.stopped_during(kept_looks), 3),
    "stopped_while_taking": Trial(once.stopped_while(taking), 3, only_postgresql=True),
    "stopped_while_recording": Trial(once.stopped_while(recording), 3, only_postgresql=True),
    "beside_a_silent_one": Trial(neighbours.beside_a_silent_one, 3),
}


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.trials", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="TRIAL", help=f"of {', '.join(TRIALS)} (default: all)")
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--times", type=int, help="how often each does what it does (default: its own number)")
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(TRIALS):
        parser.error(f"there is no trial {', '.join(sorted(unknown))}")
    return asked


def main(arguments: Sequence[str]) -> int:
    asked = options(arguments)
    if len(asked.names) == 1:
        return hold(asked.names[0], asked)
    names = asked.names or [
        name for name, trial in TRIALS.items() if asked.database == "postgresql" or not trial.only_postgresql
    ]
    # In a process each, for Django knows one database for as long as it runs.
    given = [word for word in arguments if word not in asked.names]
    command = [sys.executable, "-m", "tests.chaos.trials", *given]
    return max(subprocess.call([*command, name]) for name in names)


def hold(name: str, asked: argparse.Namespace) -> int:
    trial = TRIALS[name]
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    begun = time.monotonic()
    figures: list[Figure] = []
    found: list[str] = []
    on_postgresql = asked.database == "postgresql"
    with world(folder, on_postgresql=on_postgresql, repositories=trial.repositories, seed=asked.seed) as running:
        try:
            running.watch()
            with running.moving():
                figures += trial.run(running, asked.times or trial.times)
            found += [*running.settle(), *running.findings()]
            figures += [Figure("movements", sum(map(len, running.movements().values())))]
            figures += [Figure("doubled rows", len(list(running.doubled())), most=0)]
        except Exception:  # noqa: BLE001 - whatever it is, the others go on
            found.append(f"it broke off: {traceback.format_exc()}")
    figures += [Figure("findings", len(found), most=0)]
    took = time.monotonic() - begun
    print(f"{name} ({asked.database}, {took:.0f} s): {'; '.join(map(str, figures))}", flush=True)  # noqa: T201
    if found:
        print(*(f"  {words}" for words in found), f"  see {folder}", sep="\n", flush=True)  # noqa: T201
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
