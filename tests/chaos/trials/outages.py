"""Redis and PostgreSQL go away and come back, while people read and click."""

from __future__ import annotations

import signal
import time
from itertools import cycle, islice
from typing import TYPE_CHECKING

from tests.chaos.trials.answers import SECONDS_TO_ASK
from tests.chaos.trials.figures import Figure, Hit, consuming_again, hits, until_looked_at
from tests.chaos.trials.people import People
from tests.chaos.trials.transactions import OF_RECORDING, Moment, Transactions, recording
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.trials.figures import Run
    from tests.chaos.world import World

SECONDS_WITHOUT_REDIS = 20
SECONDS_OF_FROST = 60
QUEUE = "polls"


def redis_killed(world: World) -> int:
    world.product.redis.process.kill()
    time.sleep(SECONDS_WITHOUT_REDIS)
    world.product.redis.stop()
    world.product.redis.start()
    return 1


def redis_frozen(world: World) -> int:
    world.product.redis.process.send_signal(signal.SIGSTOP)
    time.sleep(SECONDS_OF_FROST)
    world.product.redis.process.send_signal(signal.SIGCONT)
    return 1


def redis_flushed(world: World) -> int:
    """While messages wait that no worker has taken yet; returns how many are lost."""
    redis = world.product.redis.client
    with world.product.stopped(world.product.processes()["worker"]):
        wait_until(lambda: bool(redis.llen(QUEUE)), SECONDS_TO_ASK)
        lost = int(redis.llen(QUEUE))
        redis.flushall()
    return lost


def outage(happen: Callable[[World], int]) -> Run:
    def run(world: World, times: int) -> Iterator[Figure]:
        ends = []
        with People(world) as people:
            for _ in range(times):
                if happen(world):
                    ends.append(Hit(time.time(), world.truth.repositories))
                    until_looked_at(world, ends[-1])
        yield hits(ends, times)
        yield from consuming_again(world, ends)
        yield from people.figures()

    return run


def while_recording(happen: Callable[[World], None]) -> Run:
    """PostgreSQL loses a transaction that records a movement, at each of its moments in turn."""

    def run(world: World, times: int) -> Iterator[Figure]:
        assert world.product.postgres is not None
        transactions = Transactions(world.product.postgres)
        ends: list[Hit] = []
        with People(world) as people:
            # Who keeps a transaction waiting may be ended before it, and it goes on: then the moment was missed.
            for name in islice(cycle(world.truth.repositories), 2 * times):
                moment = OF_RECORDING[len(ends) % len(OF_RECORDING)]
                with recording(world, transactions, name, moment) as held:
                    happen(world)
                    end = Hit(time.time(), world.truth.repositories)
                if transactions.is_committed(held) == (moment is Moment.COMMITTED):
                    ends.append(end)
                until_looked_at(world, end)
                if len(ends) == times:
                    break
        yield hits(ends, times)
        yield from consuming_again(world, ends)
        yield from people.figures()

    return run


def restart_postgres(world: World) -> None:
    assert world.product.postgres is not None
    world.product.postgres.stop()
    world.product.postgres.start()


def end_connections(world: World) -> None:
    assert world.product.postgres is not None
    world.product.postgres.end_all_connections()
