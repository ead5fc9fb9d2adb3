"""kill -9 of each process, at the instants at which it could hurt most."""

from __future__ import annotations

import os
import signal
import time
from itertools import cycle, islice
from typing import TYPE_CHECKING

from regviewer.supervisor import SOON
from tests import faults
from tests.chaos.trials.answers import SECONDS_TO_ASK
from tests.chaos.trials.figures import Figure, Hit, hits, next_looks, until_looked_at
from tests.chaos.trials.people import People
from tests.chaos.trials.transactions import Moment, Transactions, recording
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.chaos.trials.answers import Kept
    from tests.chaos.trials.figures import Run
    from tests.chaos.world import World


def child_during(keep: Callable[[World, str], AbstractContextManager[Kept]]) -> Run:
    """The child of the pool that waits for an answer of the registry."""

    def run(world: World, times: int) -> Iterator[Figure]:
        found = []
        for name in islice(cycle(world.truth.repositories), times):
            with keep(world, name) as kept:
                kill_child(world, kept.askers.get(timeout=SECONDS_TO_ASK))
                found.append(Hit(time.time(), [name]))
            until_looked_at(world, found[-1])  # its share of what the registry may be asked is free again, too
        yield hits(found, times)
        yield next_looks(world, found)

    return run


def child_at_commit(moment: Moment) -> Run:
    """The child of the pool that writes a movement down; whether it is there afterwards depends on the moment."""

    def run(world: World, times: int) -> Iterator[Figure]:
        assert world.product.postgres is not None
        transactions = Transactions(world.product.postgres)
        found = []
        for name in islice(cycle(world.truth.repositories), times):
            with recording(world, transactions, name, moment) as held:
                kill_child(world, held.port)
                hit = Hit(time.time(), [name])
            if transactions.is_committed(held) == (moment is not Moment.WRITTEN):
                found.append(hit)
        yield hits(found, times)
        yield next_looks(world, found)

    return run


def whole(part: str) -> Run:
    """The main process of a part while polls are in work; all that it started goes with it."""

    def run(world: World, times: int) -> Iterator[Figure]:
        found = []
        world.registry.fault(faults.delay(1), "/tags/list")
        with People(world) as people:
            for _ in range(times):
                wait_until(lambda: world.rows().in_work().exists(), SECONDS_TO_ASK)
                os.kill(world.product.processes()[part][0], signal.SIGKILL)
                found.append(Hit(time.time(), world.truth.repositories))
                until_looked_at(world, found[-1])
                time.sleep(max(found[-1].at + 2 * SOON - time.time(), 0))  # else `up` gives up what ends so soon
        yield hits(found, times)
        yield next_looks(world, found)
        yield from people.figures()

    return run


def kill_child(world: World, port: int) -> None:
    """That which has this end of a connection."""
    child = world.product.asking_from(port)
    main, *children = world.product.processes()["worker"]
    assert child in children, f"{child} is none of the children of {main}"
    os.kill(child, signal.SIGKILL)
