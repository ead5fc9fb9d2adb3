"""What is asked for or handed out more than once, and still done once."""

from __future__ import annotations

import math
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from typing import TYPE_CHECKING

from regviewer import parts
from tests.chaos.trials.answers import SECONDS_TO_ASK, kept_list
from tests.chaos.trials.figures import Figure, Hit, hits, next_looks, until_looked_at
from tests.chaos.trials.transactions import Transactions
from tests.chaos.world import INTERVAL, SECONDS_TO_COME_BACK
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from regviewer.supervisor import Part
    from tests.chaos.trials.answers import Kept
    from tests.chaos.trials.figures import Run
    from tests.chaos.trials.transactions import Held
    from tests.chaos.world import World

SECONDS_OF_A_BEAT_TOO_MANY = 60
DELIVERIES = 5
SECONDS_PAST_THE_LEASE = 50
SECONDS_TO_ANSWER = 1


def two_beats(world: World, times: int) -> Iterator[Figure]:
    """Each rings for itself; a repository is polled once in an interval all the same.

    And once more when a build was found that no version is on: then the product looks again at once.
    """
    since, builds = time.time(), world.truth.builds.copy()
    with world.product.beside(parts.beat()):
        time.sleep(SECONDS_OF_A_BEAT_TOO_MANY * times)
    until = time.time()
    polls = Counter(
        name for name, looks in world.product.looks().items() for look in looks if since < look.begun < until
    )
    builds = world.truth.builds - builds
    intervals = math.ceil((until - since) / INTERVAL)
    yield Figure("intervals", intervals)
    yield Figure("polls of each", max(polls.values()), least=intervals // 2)
    yield Figure("and without those for builds", max(polls[name] - builds[name] for name in polls), most=intervals + 1)


def delivered_five_times(world: World, times: int) -> Iterator[Figure]:
    """The message about one claim comes five times while the registry has not answered yet."""
    from tags.tasks import poll  # when the settings name the broker of this run

    redis, found, most = world.product.redis.client, [], 0
    for name in islice(cycle(world.truth.repositories), times):
        claim(world, name)
        with kept_list(world, name) as kept:
            before = len(world.registry.asked(f"/{name}/tags/list"))
            for _ in range(DELIVERIES):
                poll.apply_async()
            kept.askers.get(timeout=SECONDS_TO_ASK)
            wait_until(lambda: redis.llen("polls") == 0 and redis.hlen("unacked") <= 1, SECONDS_TO_ASK)
            most = max(most, len(world.registry.asked(f"/{name}/tags/list")) - before)
            found.append(Hit(time.time(), [name]))
        until_looked_at(world, found[-1])
    yield hits(found, times)
    yield Figure("polls of one claim", most, most=1)


def stopped_during(keep: Callable[[World, str], AbstractContextManager[Kept]]) -> Run:
    """A worker stands still while it waits for the registry; another takes the poll over, then the first goes on."""

    def run(world: World, times: int) -> Iterator[Figure]:
        found, fenced = [], []
        with world.product.beside(another_worker()):
            for name in islice(cycle(world.truth.repositories), times):
                with keep(world, name) as kept, stopped_worker(world, kept.askers.get(timeout=SECONDS_TO_ASK)):
                    found.append(Hit(time.time(), world.truth.repositories))
                    kept.let_go()
                    time.sleep(SECONDS_TO_ANSWER)
                    world.truth.build(name)  # so that what it was answered is no longer so
                    until_looked_at(world, found[-1])
                    time.sleep(max(found[-1].at + SECONDS_PAST_THE_LEASE - time.time(), 0))
                    goes_on = time.time()
                wait_until(partial(has_given_up, world, name, goes_on), SECONDS_TO_ASK)
                fenced.append(found[-1])
        yield hits(fenced, times)
        yield next_looks(world, found)

    return run


def stopped_while(held_at: Callable[[World, Transactions, str], AbstractContextManager[Held]]) -> Run:
    """A worker stands still with its transaction open, for longer than its lease runs: nobody waits for its locks."""

    def run(world: World, times: int) -> Iterator[Figure]:
        assert world.product.postgres is not None
        transactions = Transactions(world.product.postgres)
        others_look, goes_on = [], []
        with world.product.beside(another_worker()):
            for name in islice(cycle(world.truth.repositories), times):
                others = [other for other in world.truth.repositories if other != name]
                with ExitStack() as standing:
                    with held_at(world, transactions, name) as held:
                        standing.enter_context(stopped_worker(world, held.port))
                    time.sleep(SECONDS_PAST_THE_LEASE)
                    others_look.append(Hit(time.time(), others))
                    until_looked_at(world, others_look[-1])
                goes_on.append(Hit(time.time(), [name]))
                until_looked_at(world, goes_on[-1])
        waited = [seconds for hit in others_look for seconds in until_looked_at(world, hit)]
        yield hits(goes_on, times)
        yield Figure("others polled after", max(waited), " s", most=SECONDS_TO_COME_BACK)
        yield next_looks(world, goes_on)

    return run


def another_worker() -> Part:
    worker = parts.worker()
    return replace(worker, command=[*worker.command, "--hostname", "another@%h"])


def claim(world: World, name: str) -> None:
    """Be quicker than the dispatcher."""
    end = time.monotonic() + SECONDS_TO_ASK
    while not world.rows(name).claim_due(limit=1, share=1):
        assert time.monotonic() < end, f"{name} never falls due"
        time.sleep(0.01)


def stopped_worker(world: World, port: int) -> AbstractContextManager[None]:
    """That which has this end of a connection."""
    return world.product.stopped(world.product.relatives(world.product.asking_from(port)))


def has_given_up(world: World, name: str, since: float) -> bool:
    """Whether a poll that was taken over has ended without writing anything."""
    ended = (poll for poll in world.product.polls() if poll.ended > since)
    return any(poll.outcome == "skipped" and poll.reference == world.reference(name) for poll in ended)
